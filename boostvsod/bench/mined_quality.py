"""The quality of mined frames in a benchmark: are they better than the others? MQP's Table I, for any recipe.

This module is about results. `boostvsod.training.motion_quality` is about training: it labels motion and trains the
network that judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from boostvsod.bench.arms import BASELINE, CONTROLS
from boostvsod.bench.jobs import Setup, find_clip, run_folder
from boostvsod.bench.summary import Row
from boostvsod.datasets.layouts import Dataset, open_dataset
from boostvsod.media.archive import File
from boostvsod.metrics.scores import Averages
from boostvsod.report.plots import Line
from boostvsod.report.tables import Cell, Table
from boostvsod.scoring import protocol_called, score_frames

SHOWN = ("maxF", "meanF", "adpF", "S", "MAE")
RANKS = 20  # points of a curve
GOOD = 0.5  # motion quality Q from which motion counts as good
Split = Callable[[Row, str], bool | None]  # result, frame name -> group: True, False, or None for neither


def by_mining(row: Row, name: str) -> bool | None:
    """Whether the frame was mined."""
    return name in row["mined"]


def by_quality(row: Row, name: str) -> bool | None:
    """Whether the frame's motion is good; None if the recipe does not judge motion."""
    return None if name not in row["quality"] else row["quality"][name] >= GOOD


SPLITS: tuple[tuple[str, str, Split], ...] = (
    ("mined", "others", by_mining),
    (f"Q >= {GOOD}", f"Q < {GOOD}", by_quality),
)


def mined_quality_tables(rows: Sequence[Row], setup: Setup) -> list[Table]:
    """One table for each split: the scores of the target's own maps in both groups. Every frame has the same weight.

    A run folder only holds the target's maps of the last seed, so other seeds do not count.
    """
    arms = [row for row in rows if row["arm"] not in (BASELINE, *CONTROLS) and _maps(row, setup).is_dir()]
    data = open_dataset(setup.data, setup.layout)
    tables = []
    for good, rest, split in SPLITS:
        pairs = dict.fromkeys((row["target"], row["arm"]) for row in arms)
        own = {pair: [row for row in arms if (row["target"], row["arm"]) == pair] for pair in pairs}
        cells = [_cells(pair, own[pair], data, setup, split) for pair in pairs]
        columns = ["target", "arm", "frames", *(f"{key} {group}" for key in SHOWN for group in (good, rest))]
        if filled := [row for row in cells if row]:
            tables.append(Table(columns, filled, f"the target's own maps: {good}, and {rest}"))
    return tables


def boosted_table(rows: Sequence[Row], setup: Setup) -> Table:
    """The scores of the final maps on all frames and on the mined ones (MQP, Table VII: is it overfitted to them?)."""
    data = open_dataset(setup.data, setup.layout)
    cells: list[list[Cell]] = []
    for target, arm in dict.fromkeys((row["target"], row["arm"]) for row in rows if row["arm"] != BASELINE):
        own = [
            row for row in rows if (row["target"], row["arm"]) == (target, arm) and _maps(row, setup, "maps").is_dir()
        ]
        for label, chosen in (("all", lambda row: list(row["S"])), ("mined", lambda row: _split(row, by_mining)[0])):
            counted = [(row, names) for row in own if (names := chosen(row))]
            if counted:
                scored = [_score(row, names, data, setup, "maps") for row, names in counted]
                counts = [len(names) for _, names in counted]
                mean = Averages.of(scored, counts).result()
                cells.append([target, arm, label, sum(counts), *(mean.get(key) for key in SHOWN)])
    return Table(
        ["target", "arm", "frames", "number", *SHOWN], cells, "the final maps: on all frames, and on the mined"
    )


def selection_curves(target: str, rows: Sequence[Row]) -> dict[str, Line]:
    """Arm -> the probability that a frame is mined, by the rank of its target's map, worst first (MQP, Fig. 10).

    The frames of each video are ordered by S of the target's own maps, and marked 1 if they are mined. These vectors
    are resized to one length, averaged over videos and seeds, and divided by their highest value.
    """
    own = [row for row in rows if row["target"] == target]
    quality = {row["video"]: row["S"] for row in own if row["arm"] == BASELINE}
    curves: dict[str, Line] = {}
    for arm in dict.fromkeys(row["arm"] for row in own if row["mined"]):
        marks = [_marks(row, quality[row["video"]]) for row in own if row["arm"] == arm and row["video"] in quality]
        if marks:
            mean = np.mean(marks, axis=0)
            curves[arm] = list(zip(np.linspace(0, 1, RANKS).tolist(), (mean / mean.max()).tolist(), strict=True))
    return curves


def _marks(row: Row, quality: Mapping[str, float]) -> np.ndarray:
    """Which frames of a video were mined, 1 or 0, from the worst map to the best, as RANKS numbers."""
    mined = [float(name in row["mined"]) for name in sorted(quality, key=quality.__getitem__)]
    return np.asarray(cv2.resize(np.array([mined]), (RANKS, 1), interpolation=cv2.INTER_AREA)[0])


def time_table(rows: Sequence[Row]) -> Table:
    """Seconds a frame of each step (LIM, Table VIII). Stages that several arms share were computed once."""
    own = [row for row in rows if row["arm"] != BASELINE]
    arms = list(dict.fromkeys(row["arm"] for row in own))
    steps = list(dict.fromkeys(step for row in own for step in row["steps"]))
    frames = {arm: sum(int(row["frames"]) for row in own if row["arm"] == arm) for arm in arms}

    def seconds(step: str, arm: str) -> float:
        spent = [float(row["steps"].get(step, 0.0)) for row in own if row["arm"] == arm]
        return sum(spent) / frames[arm]

    cells: list[list[Cell]] = [[step, *(round(seconds(step, arm), 4) for arm in arms)] for step in steps]
    return Table(["step", *arms], cells, "seconds a frame by step; the steps of mining are parts of it")


def _cells(pair: tuple[str, str], rows: Sequence[Row], data: Dataset, setup: Setup, split: Split) -> list[Cell]:
    """One row of the table; empty if no frame is in a group."""
    groups: tuple[list[Averages], list[Averages]] = ([], [])
    counts: tuple[list[int], list[int]] = ([], [])
    for row in rows:
        for i, names in enumerate(_split(row, split)):
            if names:
                groups[i].append(_score(row, names, data, setup))
                counts[i].append(len(names))
    if not any(counts):
        return []
    means = [Averages.of(g, c).result() if g else {} for g, c in zip(groups, counts, strict=True)]
    frames = f"{sum(counts[0])} of {sum(map(sum, counts))}"
    return [*pair, frames, *(mean.get(key) for key in SHOWN for mean in means)]


def _split(row: Row, split: Split) -> tuple[list[str], list[str]]:
    """The names of the frames in the first and in the second group."""
    group = {name: split(row, name) for name in row["S"]}
    return [n for n, good in group.items() if good], [n for n, good in group.items() if good is False]


def _score(row: Row, names: Sequence[str], data: Dataset, setup: Setup, stage: str = "baseline") -> Averages:
    clip = find_clip(data, row["video"])
    files = ((name, File(_maps(row, setup, stage) / f"{name}.png")) for name in names)
    return score_frames(clip, files, protocol_called(setup.protocol)).averages


def _maps(row: Row, setup: Setup, stage: str = "baseline") -> Path:
    """The folder with the target's own maps or, with the stage "maps", with the final ones."""
    return run_folder(setup.out, row["target"], row["video"]) / str(row[stage])
