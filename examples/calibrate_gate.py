"""Fit the numbers of the gate on clips with ground truth.

    python examples/damage_truth.py DAVIS-train.zip damaged
    boostvsod bench --dataset DAVIS-train.zip --target lite --target classic --target 'strong=maps:damaged/{video}' \
        --recipe default --set recipe.gate=off --control none -o calibration
    python examples/calibrate_gate.py calibration [MORE ...]

EVEN and LENIENCE are the values with the highest total gain of accepted videos, such that no video that loses is
accepted. WORTH is fitted by least squares. The fit is checked by leaving out each video in turn. The script prints the
numbers for boostvsod/boosting/gate.py.
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
LOST = -0.003  # a smaller change of S does not count as a loss
ROOM = 0.002  # distance between the threshold and the highest expected gain of a video that loses, before scaling


@dataclass(frozen=True)
class Fit:
    """The gate's numbers, and the highest expected gain of a video that loses."""

    even: float
    lenience: float
    worth: float = 1.0
    highest: float = 0.0

    def expected(self, apart: np.ndarray, moving: np.ndarray) -> np.ndarray:
        return np.asarray(self.worth * apart * (self.even + self.lenience * apart - moving))


def features_of_row(row: dict[str, Any], out: Path) -> dict[str, float]:
    folder, names = run_folder(out, row["target"], row["video"]), list(row["S"])
    return gate.features_of(*(StoredMaps(folder / row[stage], names) for stage in ("baseline", "maps", "motion")))


def read_jobs(out: Path) -> list[tuple[str, str, dict[str, float], float]]:
    """Target, video, features, and the gain in S of the boosted maps, for every boosted job."""
    rows = [json.loads(path.read_text()) for path in sorted((out / "jobs").glob("*.json"))]
    before = {(r["target"], r["video"]): r["scores"]["S"] for r in rows if r["arm"] == BASELINE}
    return [
        (r["target"], r["video"], features_of_row(r, out), r["scores"]["S"] - before[r["target"], r["video"]])
        for r in rows
        if r["arm"] != BASELINE
    ]


def fitted(apart: np.ndarray, moving: np.ndarray, gain: np.ndarray) -> Fit:
    """The numbers with the highest gain of accepted videos, none of which loses; the mean of equally good numbers."""
    candidates = [(even, lenience) for even in EVENS for lenience in LENIENCES]
    gains = []
    for even, lenience in candidates:
        x = Fit(even, lenience).expected(apart, moving)
        gains.append(gain[x > x[gain < LOST].max(initial=0) + ROOM].sum())
    even, lenience = np.array(candidates)[np.isclose(gains, max(gains))].mean(0)
    x = Fit(even, lenience).expected(apart, moving)
    worth = float((x * gain).sum() / (x**2).sum())
    return Fit(float(even), float(lenience), worth, worth * float(x[gain < LOST].max(initial=0)))


def main(benchmarks: list[str]) -> None:
    rows = [row for out in benchmarks for row in read_jobs(Path(out))]
    targets, videos = (np.array([row[k] for row in rows]) for k in (0, 1))
    apart, moving = (np.array([row[2][feature] for row in rows]) for feature in ("apart", "moving"))
    gain, expected, accepted = np.array([row[3] for row in rows]), np.zeros(len(rows)), np.zeros(len(rows), bool)
    for name in set(videos):
        own = videos == name
        fit = fitted(apart[~own], moving[~own], gain[~own])
        expected[own] = fit.expected(apart[own], moving[own])
        accepted[own] = expected[own] > fit.highest + fit.worth * ROOM / 2
    for i in np.argsort(expected):
        gains = f"expected gain {expected[i]:+.3f} {'accepted' if accepted[i] else 'rejected'} true gain {gain[i]:+.3f}"
        print(f"{targets[i]:8} {videos[i]:18} {gains}  apart {apart[i]:.3f} moving {moving[i]:.3f}")
    print(f"each video left out in turn: correlation {np.corrcoef(expected, gain)[0, 1]:.3f}")
    print(f"accepted: {accepted.sum()}; {(accepted & (gain < LOST)).sum()} of them lose")
    print(f"accepted gain per video: {gain[accepted].sum() / len(gain):.4f} of {gain.clip(0).sum() / len(gain):.4f}")
    print(fitted(apart, moving, gain))


if __name__ == "__main__":
    main(sys.argv[1:])
