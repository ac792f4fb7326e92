"""Fit the one number of trust where ground truth is known, and say how far trust can be trusted.

    boostvsod bench --dataset DAVIS-train.zip --target lite --recipe default --control none -o calibration
    python examples/calibrate_trust.py DAVIS-train.zip calibration [MORE ...]

Trust is the S to expect of a frame's pseudo ground truth, 1 - LOSS * (1 - sure * steady). Least squares give LOSS;
each clip is left out in turn to see how far expectations are off. Prints what belongs into mining/trust.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from boostvsod import build
from boostvsod.bench.jobs import find_clip, run_folder
from boostvsod.boosting.store import StoredMaps
from boostvsod.datasets.layouts import Dataset, open_dataset
from boostvsod.kinds import Evidence
from boostvsod.media.sources import from_pictures
from boostvsod.media.video import Video
from boostvsod.metrics.structure import s_measure
from boostvsod.runtime import decide
from boostvsod_plugins.mining.trust import LOSS

Frames = np.ndarray  # N 2: sure * steady, and S, of each frame
EDGES = (0, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1)


def known(data: Dataset, out: Path) -> Iterator[tuple[str, str, Frames]]:
    """Target, video and frames of every video the default recipe was run on."""
    for path in sorted((out / "jobs").glob("*.json")):
        row = json.loads(path.read_text())
        if row["mined"]:
            yield row["target"], row["video"], _frames(data, run_folder(out, row["target"], row["video"]), row)


def _frames(data: Dataset, folder: Path, row: dict[str, str]) -> Frames:
    record, clip = json.loads((folder / "run.json").read_text()), find_clip(data, row["video"])
    miner = build("miners", "trust", decide(), **record["recipe"]["options"].get("trust", {}))
    video = Video.open(from_pictures(clip.frames, clip.name, data.where))
    maps, motion = (StoredMaps(folder / row[stage], video.names) for stage in ("baseline", "motion"))
    evidence, found = Evidence(video, maps, motion), []
    for i, frame in enumerate(record["frames"]):
        if frame["frame"] in clip.truths and "trust" in frame["scores"]:
            quality = s_measure(miner.truth(evidence, i), clip.truth(frame["frame"]))
            found.append((1 - (1 - frame["scores"]["trust"]) / LOSS, quality))
    return np.array(found)


def fitted(frames: Frames) -> float:
    """LOSS of 1 - S = LOSS * (1 - sure * steady)."""
    doubt, lost = 1 - frames[:, 0], 1 - frames[:, 1]
    return float((doubt * lost).sum() / (doubt**2).sum())


def main(dataset: str, *benchmarks: str) -> None:
    data = open_dataset(dataset)
    clips = [one for out in benchmarks for one in known(data, Path(out))]
    for target, video, own in clips:
        loss = fitted(np.concatenate([frames for _, other, frames in clips if other != video]))
        error = np.abs(1 - loss * (1 - own[:, 0]) - own[:, 1]).mean()
        told = f"S {own[:, 1].mean():.3f}, correlation within {np.corrcoef(own.T)[0, 1]:.2f}"
        print(f"{target:8} {video:18} {told}; LOSS of the others {loss:.3f}, error a frame {error:.3f}")
    frames = np.concatenate([own for _, _, own in clips])
    trust = 1 - fitted(frames) * (1 - frames[:, 0])
    for low, high in pairwise(EDGES):
        good = frames[(trust >= low) & (trust < high), 1]
        print(f"trust {low:4} - {high:4}: {len(good):5} frames, mean S {good.mean() if len(good) else np.nan:.3f}")
    print(f"LOSS = {fitted(frames):.3f}, now {LOSS}")


if __name__ == "__main__":
    main(*sys.argv[1:])
