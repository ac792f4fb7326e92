"""Fit the gate's weights where ground truth is known.

    boostvsod bench --dataset DAVIS-train.zip --target lite --target maps:... --recipe default \
        --set recipe.gate=off --control none -o calibration
    python examples/calibrate_gate.py DAVIS-train.zip calibration

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
from boostvsod.bench.jobs import find_clip, slug
from boostvsod.datasets import open_dataset
from boostvsod.sources import from_pictures
from boostvsod.store import StoredMaps
from boostvsod.video import Piece, Video

RIDGE = 1e-3


def signs_of_row(row: dict[str, Any], out: Path, data: str) -> dict[str, float]:
    clip = find_clip(open_dataset(data), row["video"])
    video = Video.open(from_pictures(clip.frames, clip.name, data))
    folder = out / "runs" / slug(row["target"]) / slug(row["video"])
    target, boosted = (StoredMaps(folder / row[key], video.names) for key in ("baseline", "maps"))
    whole = Piece(video, 0, len(video), (0, len(video)))  # one judgement a video, as its scores are
    return gate.signs_of(whole, target, boosted)


def fitted(signs: np.ndarray, advantage: np.ndarray) -> np.ndarray:
    x = np.c_[signs, np.ones(len(signs))]
    return np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ advantage)


def main(data: str, out: Path) -> None:
    rows = [json.loads(path.read_text()) for path in sorted((out / "jobs").glob("*.json"))]
    before = {(r["target"], r["video"]): r["scores"]["S"] for r in rows if r["arm"] == "baseline"}
    boosted = [r for r in rows if r["arm"] != "baseline"]
    names = list(gate.WEIGHTS)
    found = [signs_of_row(row, out, data) for row in boosted]
    signs = np.array([[one[name] for name in names] for one in found])
    advantage = np.array([before[r["target"], r["video"]] - r["scores"]["S"] for r in boosted])
    videos = np.array([r["video"] for r in boosted])
    expected = np.zeros(len(boosted))
    for video in set(videos):
        others = videos != video
        weights = fitted(signs[others], advantage[others])
        expected[~others] = np.c_[signs[~others], np.ones((~others).sum())] @ weights
    for i in np.argsort(expected):
        shown = " ".join(f"{name} {value:.3f}" for name, value in found[i].items())
        pair = f"{boosted[i]['target']:8} {videos[i]:14}"
        print(f"{pair} expected {-expected[i]:+.3f} was {-advantage[i]:+.3f}  {shown}")
    weights = fitted(signs, advantage)
    print(f"left out in turn: correlation {np.corrcoef(expected, advantage)[0, 1]:.3f}")
    print("WEIGHTS =", dict(zip(names, np.round(weights[:-1], 3).tolist(), strict=True)))
    print("BIAS =", round(float(weights[-1]), 3))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
