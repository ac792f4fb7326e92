"""Fit the one number of the miner trust on clips with ground truth, and print how accurate trust is.

    boostvsod bench --dataset DAVIS-train.zip --target lite --recipe default --control none -o calibration
    python examples/calibrate_trust.py DAVIS-train.zip calibration [MORE ...]

Trust is the expected S of a frame's pseudo ground truth, 1 - LOSS * (1 - sureness * steadiness). LOSS is fitted by
least squares. The error of trust is measured by leaving out each clip in turn. The script prints the number for
plugins/boostvsod_plugins/mining/trust.py.
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

Frames = np.ndarray  # N 2: sureness * steadiness, and S, of each frame
EDGES = (0, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1)


def read_jobs(data: Dataset, out: Path) -> Iterator[tuple[str, str, Frames]]:
    """Target, video and frames, for every video on which the default recipe was run."""
    for path in sorted((out / "jobs").glob("*.json")):
        row = json.loads(path.read_text())
        if row["mined"]:
            yield row["target"], row["video"], _frames(data, run_folder(out, row["target"], row["video"]), row)


def _frames(data: Dataset, folder: Path, row: dict[str, str]) -> Frames:
    record, clip = json.loads((folder / "run.json").read_text()), find_clip(data, row["video"])
    miner = build("miners", "trust", decide(), **record["recipe"]["options"].get("trust", {}))
    video = Video.open(from_pictures(clip.frames, clip.name, data.where))
    maps, motion = (StoredMaps(folder / row[stage], video.names) for stage in ("baseline", "motion"))
    evidence, rows = Evidence(video, maps, motion), []
    for i, frame in enumerate(record["frames"]):
        if frame["frame"] in clip.truths and "trust" in frame["scores"]:
            quality = s_measure(miner.truth(evidence, i), clip.truth(frame["frame"]))
            rows.append((1 - (1 - frame["scores"]["trust"]) / LOSS, quality))
    return np.array(rows)


def fitted(frames: Frames) -> float:
    """The least-squares LOSS of 1 - S = LOSS * (1 - sureness * steadiness)."""
    doubt, lost = 1 - frames[:, 0], 1 - frames[:, 1]
    return float((doubt * lost).sum() / (doubt**2).sum())


def main(dataset: str, *benchmarks: str) -> None:
    data = open_dataset(dataset)
    clips = [clip for out in benchmarks for clip in read_jobs(data, Path(out))]
    for target, video, own in clips:
        loss = fitted(np.concatenate([frames for _, other, frames in clips if other != video]))
        error = np.abs(1 - loss * (1 - own[:, 0]) - own[:, 1]).mean()
        scores = f"S {own[:, 1].mean():.3f}, correlation over frames {np.corrcoef(own.T)[0, 1]:.2f}"
        print(f"{target:8} {video:18} {scores}; LOSS of the other clips {loss:.3f}, error per frame {error:.3f}")
    frames = np.concatenate([own for _, _, own in clips])
    trust = 1 - fitted(frames) * (1 - frames[:, 0])
    for low, high in pairwise(EDGES):
        good = frames[(trust >= low) & (trust < high), 1]
        print(f"trust {low:4} - {high:4}: {len(good):5} frames, mean S {good.mean() if len(good) else np.nan:.3f}")
    print(f"LOSS = {fitted(frames):.3f}, at present {LOSS}")


if __name__ == "__main__":
    main(*sys.argv[1:])
