"""Fit the numbers of the gate on clips with ground truth.

    python examples/damage_truth.py DAVIS-train.zip damaged
    boostvsod bench --dataset DAVIS-train.zip --target lite --target classic --target 'strong=maps:damaged/{video}' \
        --recipe default --set recipe.gate=off --control none -o calibration
    python examples/calibrate_gate.py DAVIS-train.zip calibration [MORE ...]

A video has room if more of what was removed may move. EVEN and LENIENCE are the values with the highest total gain of
the videos with more room than the largest margin, such that no video that loses has any. WORTH is fitted by least
squares. Each video is left out in turn, and the bounds of the margins come from those that were left out. The script
prints the numbers for boostvsod/boosting/gate.py.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boostvsod.bench.arms import BASELINE
from boostvsod.bench.jobs import find_clip, run_folder
from boostvsod.boosting import gate
from boostvsod.boosting.parts import Learning
from boostvsod.boosting.plan import find_recipe
from boostvsod.boosting.store import StoredMaps
from boostvsod.datasets.layouts import Dataset, open_dataset
from boostvsod.media.sources import from_pictures
from boostvsod.media.video import Video
from boostvsod.recipe import LEAST_RISK
from boostvsod.runtime import decide

EVENS, LENIENCES = np.arange(0.2, 1.1, 0.02), np.arange(-0.4, 0.8, 0.05)
LOST = -0.003  # a smaller change of S does not count as a loss
HARMED = -0.005  # what --risk speaks of


@dataclass(frozen=True)
class Fit:
    """The gate's numbers."""

    even: float
    lenience: float
    worth: float = 1.0

    def room(self, apart: np.ndarray, moving: np.ndarray) -> np.ndarray:
        """How much more of what was removed may move until the expected gain is zero."""
        return np.asarray(self.even + self.lenience * apart - moving)


def features_of_row(data: Dataset, row: dict[str, Any], out: Path) -> dict[str, float]:
    folder, clip = run_folder(out, row["target"], row["video"]), find_clip(data, row["video"])
    video = Video.open(from_pictures(clip.frames, clip.name, data.where))
    target, boosted = (StoredMaps(folder / row[stage], video.names) for stage in ("baseline", "maps"))
    learning = Learning.build(find_recipe("default"), decide())
    motion = (moving for piece in video.pieces(len(video)) for moving in learning.own_motion(piece, gate.FLOW_SIDE))
    return gate.features_of(target, boosted, motion)


def read_jobs(data: Dataset, out: Path) -> list[tuple[str, str, dict[str, float], float]]:
    """Target, video, features, and the gain in S of the boosted maps, for every boosted job."""
    rows = [json.loads(path.read_text()) for path in sorted((out / "jobs").glob("*.json"))]
    before = {(r["target"], r["video"]): r["scores"]["S"] for r in rows if r["arm"] == BASELINE}
    return [
        (r["target"], r["video"], features_of_row(data, r, out), r["scores"]["S"] - before[r["target"], r["video"]])
        for r in rows
        if r["arm"] != BASELINE
    ]


def fitted(apart: np.ndarray, moving: np.ndarray, gain: np.ndarray) -> Fit:
    """The numbers with the highest gain of accepted videos, none of which loses; the mean of equally good numbers."""
    candidates = [(even, lenience) for even in EVENS for lenience in LENIENCES]
    gains = []
    for even, lenience in candidates:
        room = Fit(even, lenience).room(apart, moving)
        safe = bool((room[gain < LOST] <= 0).all())
        gains.append(gain[room > gate.margin_for(LEAST_RISK)].sum() if safe else -np.inf)
    even, lenience = np.array(candidates)[np.isclose(gains, max(gains))].mean(0)
    x = apart * Fit(even, lenience).room(apart, moving)
    return Fit(float(even), float(lenience), float((x * gain).sum() / (x**2).sum()))


def rooms_left_out(videos: np.ndarray, apart: np.ndarray, moving: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """The room of each pair by the fit to all other videos."""
    room = np.zeros(len(videos))
    for name in set(videos):
        own = videos == name
        room[own] = fitted(apart[~own], moving[~own], gain[~own]).room(apart[own], moving[own])
    return room


def bound(margin: float, room: np.ndarray, gain: np.ndarray, videos: np.ndarray) -> float:
    """The bound on the expected share of harmed pairs of a new video (conformal risk control)."""
    harmed = (room > margin) & (gain < HARMED)
    names = sorted(set(videos))
    return float((sum(harmed[videos == name].mean() for name in names) + 1) / (len(names) + 1))


def main(dataset: str, *benchmarks: str) -> None:
    data = open_dataset(dataset)
    rows = [row for out in benchmarks for row in read_jobs(data, Path(out))]
    targets, videos = (np.array([row[k] for row in rows]) for k in (0, 1))
    apart, moving = (np.array([row[2][feature] for row in rows]) for feature in ("apart", "moving"))
    gain = np.array([row[3] for row in rows])
    room = rooms_left_out(videos, apart, moving, gain)
    accepted = room > gate.margin_for(LEAST_RISK)
    for i in np.argsort(room):
        choice = f"{'accepted' if accepted[i] else 'rejected'} with room {room[i]:+.3f}, true gain {gain[i]:+.3f}"
        print(f"{targets[i]:8} {videos[i]:18} {choice}  apart {apart[i]:.3f} moving {moving[i]:.3f}")
    print(f"accepted: {accepted.sum()}; {(accepted & (gain < LOST)).sum()} of them lose")
    print(f"accepted gain per video: {gain[accepted].sum() / len(gain):.4f} of {gain.clip(0).sum() / len(gain):.4f}")
    print(fitted(apart, moving, gain))
    print("margins and bounds:", {margin: round(bound(margin, room, gain, videos), 4) for _, margin in gate.BOUNDS})


if __name__ == "__main__":
    main(*sys.argv[1:])
