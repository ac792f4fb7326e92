"""The summary of a benchmark: means, differences to the baseline with intervals, and counts of wins and losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostvsod.bench.arms import BASELINE
from boostvsod.bench.jobs import averages_of
from boostvsod.metrics.scores import Averages
from boostvsod.report.tables import Cell, Table

Row = dict[str, Any]  # the result of one job
TIE = 0.001  # differences in S up to this count as a tie
RESAMPLES = 2000
SHOWN = ("maxF", "S", "MAE")


@dataclass(frozen=True)
class ArmSummary:
    """One arm on one target: means over videos and seeds, and the comparison with the baseline."""

    target: str
    arm: str
    scores: dict[str, float]
    delta: dict[str, float]  # to the baseline
    interval: tuple[float, float]  # of the difference in S, 95 %, over videos
    wins: int
    ties: int
    losses: int
    worst: tuple[str, float]  # the video with the lowest gain in S, and this gain
    spread: float  # standard deviation of the mean S over seeds
    seconds: float  # per frame
    megabytes: float
    each: dict[str, float]  # video -> S
    gains: dict[str, float]  # video -> S minus the baseline's S
    averages: Averages


def summarise(rows: Sequence[Row], by_sequence: bool = True) -> list[ArmSummary]:
    """One summary for each target and arm, in the order of the rows.

    A video without a result of the baseline is left out, because it cannot be compared.
    """
    known = {(row["target"], row["video"]) for row in rows if row["arm"] == BASELINE}
    rows = [row for row in rows if (row["target"], row["video"]) in known]
    pairs = dict.fromkeys((row["target"], row["arm"]) for row in rows)
    return [_summary(target, arm, rows, by_sequence) for target, arm in pairs]


def _summary(target: str, arm: str, rows: Sequence[Row], by_sequence: bool) -> ArmSummary:
    own = [row for row in rows if (row["target"], row["arm"]) == (target, arm)]
    base = [row for row in rows if (row["target"], row["arm"]) == (target, BASELINE)]
    videos = {row["video"] for row in own}
    ours, theirs = _mean(own, by_sequence), _mean([row for row in base if row["video"] in videos], by_sequence)
    scores, baseline = ours.result(), theirs.result()
    each, before = _per_video(own), _per_video(base)
    change = {video: each[video] - before[video] for video in each}
    values = np.array(list(change.values()))
    seeds = [_mean([row for row in own if row["seed"] == seed], by_sequence) for seed in {row["seed"] for row in own}]
    worst = min(change, key=change.__getitem__)
    return ArmSummary(
        target,
        arm,
        scores,
        {key: scores[key] - baseline[key] for key in scores},
        bootstrap(values),
        int((values > TIE).sum()),
        int((np.abs(values) <= TIE).sum()),
        int((values < -TIE).sum()),
        (worst, float(change[worst])),
        float(np.std([seed.values["S"] for seed in seeds])),
        float(np.average([row["seconds"] for row in own], weights=[row["frames"] for row in own])),
        max(row["megabytes"] for row in own),
        each,
        change,
        ours,
    )


def _mean(rows: Sequence[Row], by_sequence: bool) -> Averages:
    return Averages.of([averages_of(row) for row in rows], [1.0 if by_sequence else len(row["S"]) for row in rows])


def _per_video(rows: Sequence[Row]) -> dict[str, float]:
    """video -> mean S over seeds."""
    videos = dict.fromkeys(row["video"] for row in rows)
    return {v: float(np.mean([row["scores"]["S"] for row in rows if row["video"] == v])) for v in videos}


def bootstrap(values: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the mean: videos are drawn with replacement."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, (RESAMPLES, len(values))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def overview(summaries: Sequence[ArmSummary], caption: str) -> Table:
    """A table of all arms with their differences to the baseline."""
    columns = ["target", "arm", *SHOWN, *(f"d {key}" for key in SHOWN), "95 % of d S", "win/tie/loss", "worst d S"]
    columns += ["sd over seeds", "s/frame", "MB"]
    return Table(columns, [_cells(summary) for summary in summaries], caption)


def _cells(s: ArmSummary) -> list[Cell]:
    cells: list[Cell] = [s.target, s.arm, *(s.scores[key] for key in SHOWN)]
    end: list[Cell] = [s.seconds, round(s.megabytes)]
    if s.arm == BASELINE:
        return [*cells, *[None] * 7, *end]
    cells += [f"{s.delta[key]:+.3f}" for key in SHOWN]
    cells += [f"{s.interval[0]:+.3f} .. {s.interval[1]:+.3f}", f"{s.wins}/{s.ties}/{s.losses}"]
    return [*cells, f"{s.worst[1]:+.3f} {s.worst[0]}", s.spread, *end]


def per_video(summaries: Sequence[ArmSummary], target: str) -> Table:
    """A table of S for every video and every arm, for one target."""
    own = [s for s in summaries if s.target == target]
    rows: list[list[Cell]] = [[video, *(s.each.get(video) for s in own)] for video in own[0].each]
    return Table(["S of", *(s.arm for s in own)], rows, target)
