"""Are the frames a recipe trusts the better ones? MQP's Table I, for any recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from boostvsod.bench.arms import BASELINE, CONTROLS
from boostvsod.bench.jobs import Setup, find_clip, run_folder
from boostvsod.bench.summary import Row
from boostvsod.datasets.layouts import Dataset, open_dataset
from boostvsod.evaluate import protocol_called, score_frames
from boostvsod.media.archive import File
from boostvsod.metrics.scores import Averages
from boostvsod.report.tables import Cell, Table

SHOWN = ("maxF", "meanF", "adpF", "S", "MAE")
GOOD = 0.5  # of the motion quality Q
Split = Callable[[Row, str], bool | None]  # is the frame of that name among the trusted? None: nobody said


def by_mining(row: Row, name: str) -> bool | None:
    """Mined, and not."""
    return name in row["mined"]


def by_quality(row: Row, name: str) -> bool | None:
    """Of good motion, and of poor, where the recipe judges motion."""
    return None if name not in row["quality"] else row["quality"][name] >= GOOD


SPLITS: tuple[tuple[str, str, Split], ...] = (
    ("mined", "others", by_mining),
    (f"Q >= {GOOD}", f"Q < {GOOD}", by_quality),
)


def quality_tables(rows: Sequence[Row], setup: Setup) -> list[Table]:
    """The target's own maps on frames that were trusted, and on the others; every frame counts alike.

    Of several seeds those count whose maps of the target are still there: the last.
    """
    arms = [row for row in rows if row["arm"] not in (BASELINE, *CONTROLS) and _maps(row, setup).is_dir()]
    data = open_dataset(setup.data, setup.layout)
    tables = []
    for good, rest, split in SPLITS:
        pairs = dict.fromkeys((row["target"], row["arm"]) for row in arms)
        own = {pair: [row for row in arms if (row["target"], row["arm"]) == pair] for pair in pairs}
        cells = [_cells(pair, own[pair], data, setup, split) for pair in pairs]
        columns = ["target", "arm", "frames", *(f"{key} {group}" for key in SHOWN for group in (good, rest))]
        if told := [row for row in cells if row]:
            tables.append(Table(columns, told, f"the target's own maps: {good}, and {rest}"))
    return tables


def _cells(pair: tuple[str, str], rows: Sequence[Row], data: Dataset, setup: Setup, split: Split) -> list[Cell]:
    """A row of the table; empty if no frame was split."""
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
    told = f"{sum(counts[0])} of {sum(map(sum, counts))}"
    return [*pair, told, *(mean.get(key) for key in SHOWN for mean in means)]


def _split(row: Row, split: Split) -> tuple[list[str], list[str]]:
    found = {name: split(row, name) for name in row["S"]}
    return [n for n, good in found.items() if good], [n for n, good in found.items() if good is False]


def _score(row: Row, names: Sequence[str], data: Dataset, setup: Setup) -> Averages:
    clip = find_clip(data, row["video"])
    files = ((name, File(_maps(row, setup) / f"{name}.png")) for name in names)
    return score_frames(clip, files, protocol_called(setup.protocol)).averages


def _maps(row: Row, setup: Setup) -> Path:
    return run_folder(setup.out, row["target"], row["video"]) / str(row["baseline"])
