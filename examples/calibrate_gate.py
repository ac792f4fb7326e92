"""Fit the gate's two numbers where ground truth is known.

    boostvsod bench --dataset DAVIS-train.zip --target lite --target maps:... --recipe default \
        --set recipe.gate=off --control none -o calibration
    python examples/calibrate_gate.py calibration [MORE ...]

Least squares from the signs of each video to how much S the boosted maps gain; checked by leaving each video
out in turn. Prints what belongs into boostvsod/gate.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from boostvsod import gate
from boostvsod.bench.arms import BASELINE
from boostvsod.bench.jobs import run_folder
from boostvsod.store import StoredMaps


def signs_of_row(row: dict[str, Any], out: Path) -> dict[str, float]:
    folder, names = run_folder(out, row["target"], row["video"]), list(row["S"])
    return gate.signs_of(*(StoredMaps(folder / row[stage], names) for stage in ("baseline", "maps", "motion")))


def known(out: Path) -> list[tuple[str, str, dict[str, float], float]]:
    """Target, video, signs, and how much better the boosted maps are: of every boosted job."""
    rows = [json.loads(path.read_text()) for path in sorted((out / "jobs").glob("*.json"))]
    before = {(r["target"], r["video"]): r["scores"]["S"] for r in rows if r["arm"] == BASELINE}
    return [
        (r["target"], r["video"], signs_of_row(r, out), r["scores"]["S"] - before[r["target"], r["video"]])
        for r in rows
        if r["arm"] != BASELINE
    ]


def fitted(signs: Sequence[dict[str, float]], gain: np.ndarray) -> np.ndarray:
    """TAKEN and MISSED of gain = apart * (TAKEN - MISSED * moving)."""
    x = np.array([[own["apart"], -own["apart"] * own["moving"]] for own in signs])
    return np.asarray(np.linalg.lstsq(x, gain, rcond=None)[0])


def main(benchmarks: list[str]) -> None:
    targets, videos, signs, gains = zip(*(one for out in benchmarks for one in known(Path(out))), strict=True)
    gain, video = np.array(gains), np.array(videos)
    expected = np.zeros(len(video))
    for name in set(videos):
        others = [i for i in range(len(video)) if videos[i] != name]
        taken, missed = fitted([signs[i] for i in others], gain[others])
        for i in np.flatnonzero(video == name):
            expected[i] = signs[i]["apart"] * (taken - missed * signs[i]["moving"])
    for i in np.argsort(expected):
        told = " ".join(f"{name} {value:.3f}" for name, value in signs[i].items())
        print(f"{targets[i]:8} {videos[i]:16} expected {expected[i]:+.3f} was {gain[i]:+.3f}  {told}")
    print(f"left out in turn: correlation {np.corrcoef(expected, gain)[0, 1]:.3f}")
    print("TAKEN, MISSED =", ", ".join(f"{number:.3f}" for number in fitted(signs, gain)))


if __name__ == "__main__":
    main(sys.argv[1:])
