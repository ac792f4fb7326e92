"""Fit the gate's weights where ground truth is known.

    boostvsod bench --dataset DAVIS-train.zip --target lite --target maps:... --recipe default \
        --set recipe.gate=off --control none -o calibration
    python examples/calibrate_gate.py DAVIS-train.zip calibration [MORE.zip calibration2 ...]

Least squares from the signs of each video to how much better the target's own maps are, in S; checked by
leaving each video out in turn. Prints what belongs into boostvsod/gate.py.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from boostvsod import gate
from boostvsod.bench.jobs import find_clip, run_folder
from boostvsod.datasets import open_dataset
from boostvsod.sources import from_pictures
from boostvsod.store import StoredMaps
from boostvsod.video import Piece, Video

RIDGE = 1e-3


def signs_of_row(row: dict[str, Any], out: Path, data: str) -> dict[str, float]:
    clip = find_clip(open_dataset(data), row["video"])
    video = Video.open(from_pictures(clip.frames, clip.name, data))
    folder = run_folder(out, row["target"], row["video"])
    target, boosted = (StoredMaps(folder / row[key], video.names) for key in ("baseline", "maps"))
    whole = Piece(video, 0, len(video), (0, len(video)))  # one judgement a video, as its scores are
    return gate.signs_of(whole, target, boosted)


def fitted(signs: np.ndarray, advantage: np.ndarray) -> np.ndarray:
    x = np.c_[signs, np.ones(len(signs))]
    return np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ advantage)


def known(data: str, out: Path) -> list[tuple[str, str, dict[str, float], float]]:
    """Target, video, signs, and how much better the target's own maps are: of every boosted job."""
    rows = [json.loads(path.read_text()) for path in sorted((out / "jobs").glob("*.json"))]
    before = {(r["target"], r["video"]): r["scores"]["S"] for r in rows if r["arm"] == "baseline"}
    return [
        (r["target"], r["video"], signs_of_row(r, out, data), before[r["target"], r["video"]] - r["scores"]["S"])
        for r in rows
        if r["arm"] != "baseline"
    ]


def main(arguments: list[str]) -> None:
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    targets, videos, signs, advantages = zip(
        *(one for data, out in pairs for one in known(data, Path(out))), strict=True
    )
    names = list(gate.WEIGHTS)
    columns = np.array([[own[name] for name in names] for own in signs])
    advantage, video = np.array(advantages), np.array(videos)
    expected = np.zeros(len(video))
    for name in set(videos):
        others = video != name
        weights = fitted(columns[others], advantage[others])
        expected[~others] = np.c_[columns[~others], np.ones((~others).sum())] @ weights
    for i in np.argsort(expected):
        told = " ".join(f"{name} {value:+.3f}" for name, value in signs[i].items())
        print(f"{targets[i]:8} {videos[i]:16} expected {-expected[i]:+.3f} was {-advantage[i]:+.3f}  {told}")
    weights = fitted(columns, advantage)
    print(f"left out in turn: correlation {np.corrcoef(expected, advantage)[0, 1]:.3f}")
    print("WEIGHTS =", dict(zip(names, np.round(weights[:-1], 3).tolist(), strict=True)))
    print("BIAS =", round(float(weights[-1]), 3))


if __name__ == "__main__":
    main(sys.argv[1:])
