"""Fit the gate's numbers where ground truth is known.

    python examples/damage_truth.py DAVIS-train.zip damaged
    boostvsod bench --dataset DAVIS-train.zip --target lite --target classic --target 'strong=maps:damaged/{video}' \
        --recipe default --set recipe.gate=off --control none -o calibration
    python examples/calibrate_gate.py calibration [MORE ...]

EVEN and LENIENCE are what keeps most gain while no video that loses is taken; WORTH follows by least squares. Checked
by leaving each video out in turn. Prints what belongs into boostvsod/gate.py.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boostvsod.bench.arms import BASELINE
from boostvsod.bench.jobs import run_folder
from boostvsod.boosting import gate
from boostvsod.boosting.store import StoredMaps

EVENS, LENIENCES = np.arange(0.3, 0.65, 0.01), np.arange(0, 0.5, 0.025)
LOST = -0.003  # what nobody would notice is no loss
ROOM = 0.002  # between the bar and the highest expected gain of a video that loses, before it is scaled


@dataclass(frozen=True)
class Fit:
    """The gate's numbers, and the highest expected gain of a video that loses."""

    even: float
    lenience: float
    worth: float = 1.0
    highest: float = 0.0

    def expected(self, apart: np.ndarray, moving: np.ndarray) -> np.ndarray:
        return np.asarray(self.worth * apart * (self.even + self.lenience * apart - moving))


def signs_of_row(row: dict[str, Any], out: Path) -> dict[str, float]:
    folder, names = run_folder(out, row["target"], row["video"]), list(row["S"])
    return gate.features_of(*(StoredMaps(folder / row[stage], names) for stage in ("baseline", "maps", "motion")))


def known(out: Path) -> list[tuple[str, str, dict[str, float], float]]:
    """Target, video, features, and how much better the boosted maps are: of every boosted job."""
    rows = [json.loads(path.read_text()) for path in sorted((out / "jobs").glob("*.json"))]
    before = {(r["target"], r["video"]): r["scores"]["S"] for r in rows if r["arm"] == BASELINE}
    return [
        (r["target"], r["video"], signs_of_row(r, out), r["scores"]["S"] - before[r["target"], r["video"]])
        for r in rows
        if r["arm"] != BASELINE
    ]


def fitted(apart: np.ndarray, moving: np.ndarray, gain: np.ndarray) -> Fit:
    """What keeps most gain while no video that loses is taken; of equally good numbers the mean."""
    tried = [(even, lenience) for even in EVENS for lenience in LENIENCES]
    kept = []
    for even, lenience in tried:
        x = Fit(even, lenience).expected(apart, moving)
        kept.append(gain[x > x[gain < LOST].max(initial=0) + ROOM].sum())
    even, lenience = np.array(tried)[np.isclose(kept, max(kept))].mean(0)
    x = Fit(even, lenience).expected(apart, moving)
    worth = float((x * gain).sum() / (x**2).sum())
    return Fit(float(even), float(lenience), worth, worth * float(x[gain < LOST].max(initial=0)))


def main(benchmarks: list[str]) -> None:
    rows = [one for out in benchmarks for one in known(Path(out))]
    targets, videos = (np.array([row[k] for row in rows]) for k in (0, 1))
    apart, moving = (np.array([row[2][sign] for row in rows]) for sign in ("apart", "moving"))
    gain, guess, taken = np.array([row[3] for row in rows]), np.zeros(len(rows)), np.zeros(len(rows), bool)
    for name in set(videos):
        own = videos == name
        fit = fitted(apart[~own], moving[~own], gain[~own])
        guess[own] = fit.expected(apart[own], moving[own])
        taken[own] = guess[own] > fit.highest + fit.worth * ROOM / 2
    for i in np.argsort(guess):
        told = f"expected {guess[i]:+.3f} {'taken' if taken[i] else 'left '} was {gain[i]:+.3f}"
        print(f"{targets[i]:8} {videos[i]:18} {told}  apart {apart[i]:.3f} moving {moving[i]:.3f}")
    print(f"left out in turn: correlation {np.corrcoef(guess, gain)[0, 1]:.3f}")
    print(f"taken: {taken.sum()}, of which lose: {(taken & (gain < LOST)).sum()}")
    print(f"gain taken: {gain[taken].sum() / len(gain):.4f} of {gain.clip(0).sum() / len(gain):.4f} a video")
    print(fitted(apart, moving, gain))


if __name__ == "__main__":
    main(sys.argv[1:])
