"""The gate judged on clips that it was not fitted to: `bench --leave-clip-out`.

The recipe runs without its gate, so both choices are known for every pair of a target and a video. Each video is left
out in turn, the gate is fitted to all others, and decides on the pairs of the one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boostvsod.bench.arms import BASELINE, CONTROLS
from boostvsod.bench.jobs import Setup, find_clip, run_folder
from boostvsod.bench.summary import Row
from boostvsod.boosting import gate
from boostvsod.boosting.parts import Learning
from boostvsod.boosting.plan import find_recipe
from boostvsod.boosting.store import StoredMaps
from boostvsod.datasets.layouts import Dataset, open_dataset
from boostvsod.errors import ConfigError
from boostvsod.media.sources import from_pictures
from boostvsod.media.video import Video
from boostvsod.recipe import LEAST_RISK
from boostvsod.report.tables import Cell, Table

UNGATED = "recipe.gate=off"
EVENS, LENIENCES = np.arange(0.2, 1.1, 0.02), np.arange(-0.4, 0.8, 0.05)
LOST = -0.003  # a smaller change of S does not count as a loss
HARMED = -0.005  # what --risk speaks of
COLUMNS = (
    "target", "pairs", "S before", "boosted", "chosen", "best clip", "best frame", "harmed", "worst", "worst clip",
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """A target and a video: the features of the gate, and S of every frame before and after boosting."""

    target: str
    video: str
    apart: float
    moving: float
    before: np.ndarray
    after: np.ndarray

    @property
    def gain(self) -> float:
        """The rise of S if the boosted maps are taken."""
        return float(self.after.mean() - self.before.mean())


@dataclass(frozen=True)
class Fit:
    """The gate's numbers."""

    even: float
    lenience: float
    worth: float = 1.0

    def room(self, apart: np.ndarray, moving: np.ndarray) -> np.ndarray:
        """How much more of what was removed may move until the expected gain is zero."""
        return np.asarray(self.even + self.lenience * apart - moving)


def pairs_of(rows: Sequence[Row], setup: Setup) -> list[Pair]:
    """The pairs of a benchmark that ran without the gate. Each pair needs its baseline."""
    data, learning = open_dataset(setup.data, setup.layout), Learning.build(find_recipe("default"), setup.runtime)
    before = {(row["target"], row["video"], row["seed"]): row["S"] for row in rows if row["arm"] == BASELINE}
    pairs = []
    for row in rows:
        own = before.get((row["target"], row["video"], row["seed"]))
        if own is not None and row["arm"] not in (BASELINE, *CONTROLS):
            features = _features(data, row, setup.out, learning)
            scores = (np.array([frames[name] for name in row["S"]]) for frames in (own, row["S"]))
            pairs.append(Pair(row["target"], row["video"], features["apart"], features["moving"], *scores))
    return pairs


def _features(data: Dataset, row: Row, out: Path, learning: Learning) -> dict[str, float]:
    folder, clip = run_folder(out, row["target"], row["video"]), find_clip(data, row["video"])
    video = Video.open(from_pictures(clip.frames, clip.name, data.where))
    target, boosted = (StoredMaps(folder / row[stage], video.names) for stage in ("baseline", "maps"))
    motion = (moving for piece in video.pieces(len(video)) for moving in learning.own_motion(piece, gate.FLOW_SIDE))
    return gate.features_of(target, boosted, motion)


def fitted(pairs: Sequence[Pair]) -> Fit:
    """The numbers with the highest gain of accepted pairs, none of which loses; the mean of equally good numbers."""
    apart, moving, gain = _columns(pairs)
    candidates = [(even, lenience) for even in EVENS for lenience in LENIENCES]
    gains = []
    for even, lenience in candidates:
        room = Fit(even, lenience).room(apart, moving)
        safe = bool((room[gain < LOST] <= 0).all())
        gains.append(gain[room > gate.margin_for(LEAST_RISK)].sum() if safe else -np.inf)
    even, lenience = np.array(candidates)[np.isclose(gains, max(gains))].mean(0)
    x = apart * Fit(even, lenience).room(apart, moving)
    return Fit(float(even), float(lenience), float((x * gain).sum() / max((x**2).sum(), 1e-9)))


def rooms_left_out(pairs: Sequence[Pair]) -> np.ndarray:
    """The room of each pair by the fit to all other videos."""
    videos = {pair.video for pair in pairs}
    if len(videos) < 2:
        raise ConfigError(f"{len(videos)} video: leaving each out in turn needs two or more")
    fits = {video: fitted([pair for pair in pairs if pair.video != video]) for video in videos}
    rooms = [fits[pair.video].room(np.array(pair.apart), np.array(pair.moving)) for pair in pairs]
    return np.array(rooms, float)


def bound(margin: float, pairs: Sequence[Pair], rooms: np.ndarray) -> float:
    """The bound on the expected share of harmed pairs of a new video (conformal risk control)."""
    harmed: dict[str, list[bool]] = {}
    for pair, room in zip(pairs, rooms, strict=True):
        harmed.setdefault(pair.video, []).append(bool(room > margin and pair.gain < HARMED))
    return float((sum(map(np.mean, harmed.values())) + 1) / (len(harmed) + 1))


def left_out_table(pairs: Sequence[Pair], risk: float = LEAST_RISK) -> Table:
    """What the gate chose for each target: mean S, the best choices there were, and the harm."""
    rooms, margin = rooms_left_out(pairs), gate.margin_for(risk)
    decided = [(pair, pair.after if room > margin else pair.before) for pair, room in zip(pairs, rooms, strict=True)]
    targets = list(dict.fromkeys(pair.target for pair in pairs))
    cells = [_cells(target, [each for each in decided if each[0].target == target]) for target in targets]
    cells += [_cells("all", decided)] if len(targets) > 1 else []
    caption = (
        f"the gate on clips left out of its fit; harmed: S fell by more than {-HARMED}; "
        f"bound on that share for a new video: {bound(margin, pairs, rooms):.3f}"
    )
    return Table(list(COLUMNS), cells, caption)


def _cells(target: str, decided: Sequence[tuple[Pair, np.ndarray]]) -> list[Cell]:
    changes = [float(chosen.mean() - pair.before.mean()) for pair, chosen in decided]
    worst = int(np.argmin(changes))
    columns = (
        [pair.before.mean() for pair, _ in decided],
        [pair.after.mean() for pair, _ in decided],
        [chosen.mean() for _, chosen in decided],
        [max(pair.before.mean(), pair.after.mean()) for pair, _ in decided],
        [np.maximum(pair.before, pair.after).mean() for pair, _ in decided],
    )
    harmed = sum(change < HARMED for change in changes)
    means = [round(float(np.mean(column)), 4) for column in columns]
    return [target, len(decided), *means, harmed, round(changes[worst], 4), decided[worst][0].video]


def _columns(pairs: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.array([(pair.apart, pair.moving, pair.gain) for pair in pairs])
    return rows[:, 0], rows[:, 1], rows[:, 2]
