"""The report page of a benchmark: tables, gains and losses, curves, and the videos with the best and worst gain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from boostvsod.bench.arms import BASELINE, CONTROLS
from boostvsod.bench.jobs import Setup, find_clip, run_folder
from boostvsod.bench.mined_quality import selection_curves
from boostvsod.bench.summary import ArmSummary, Row
from boostvsod.boosting.report import NAME, shown_frames
from boostvsod.boosting.store import StoredMaps
from boostvsod.datasets.layouts import Sequence as Video
from boostvsod.datasets.layouts import open_dataset
from boostvsod.files import Outputs
from boostvsod.media.images import decode_rgb
from boostvsod.report.page import Bars, Clip, Curve, Page, Pane, page_as_html
from boostvsod.report.pictures import map_url, rgb_url
from boostvsod.report.plots import line_plot
from boostvsod.report.tables import Table

ARMS_SHOWN = 3  # arms in the panes of one video, besides original, truth and baseline


def write_report(
    rows: Sequence[Row],
    summaries: Sequence[ArmSummary],
    tables: Sequence[Table],
    setup: Setup,
    caption: str,
    outputs: Outputs,
) -> Path:
    """Write OUT/report.html; returns its path. `outputs` is OUT with the rule of what may be replaced there."""
    targets = list(dict.fromkeys(summary.target for summary in summaries))
    clips = [clip for target in targets for clip in _best_and_worst(target, rows, summaries, setup)]
    bars = [_bars(summary) for summary in summaries if summary.arm != BASELINE]
    plots = [_pr_curves(target, summaries) for target in targets]
    plots += [plot for target in targets for plot in _selection(target, rows)]
    facts = [("data set", setup.data), ("about", caption)]
    notes = list(dict.fromkeys(f"{row['video']}: {note}" for row in rows for note in row["score_notes"]))
    page = Page("boosted compared with baseline", facts, notes, clips, tables, bars, plots, tables_first=True)
    return outputs.write_text(NAME, page_as_html(page))


def _bars(summary: ArmSummary) -> Bars:
    gains = sorted(summary.gains.items(), key=lambda item: -item[1])
    return Bars(f"{summary.target}: {summary.arm} minus baseline, S", gains)


def _pr_curves(target: str, summaries: Sequence[ArmSummary]) -> tuple[str, str]:
    """The target's name, and the precision-recall curves of all arms as SVG."""
    lines = {}
    for summary in summaries:
        if summary.target == target:
            recall, precision = summary.averages.curves["R"], summary.averages.curves["P"]
            lines[summary.arm] = list(zip(recall.tolist(), precision.tolist(), strict=True))
    return target, line_plot(lines, f"recall, {target}", "precision")


def _selection(target: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """The target's name, and how probably frames with bad and good maps are mined, as SVG; empty if none was mined."""
    curves = selection_curves(target, rows)
    across = f"rank of the frame by S of its map, worst to best, {target}"
    return [(f"{target}, mined frames", line_plot(curves, across, "probability of being mined"))] if curves else []


def _best_and_worst(target: str, rows: Sequence[Row], summaries: Sequence[ArmSummary], setup: Setup) -> list[Clip]:
    """The videos with the lowest and the highest gain under the first boosted arm."""
    arms = [s for s in summaries if s.target == target and s.arm not in (BASELINE, *CONTROLS)]
    if not arms:
        return []
    gains = arms[0].gains
    names = dict.fromkeys((min(gains, key=gains.__getitem__), max(gains, key=gains.__getitem__)))
    data = open_dataset(setup.data, setup.layout)
    return [_clip(find_clip(data, name), arms[:ARMS_SHOWN], rows, setup) for name in names]


def _clip(video: Video, arms: Sequence[ArmSummary], rows: Sequence[Row], setup: Setup) -> Clip:
    target = arms[0].target
    last = list(reversed(rows))  # the last seed first: the run folder only holds that seed's maps
    own = [next(r for r in last if (r["video"], r["target"], r["arm"]) == (video.name, target, s.arm)) for s in arms]
    chosen = [video.frames[i] for i in shown_frames(len(video.frames))]
    names = [file.stem for file in chosen]
    panes = [
        Pane("original", [rgb_url(decode_rgb(file.read(), str(file))) for file in chosen]),
        Pane("truth", [_truth_url(video, name) for name in names]),
        Pane(BASELINE, _map_urls(own[0]["baseline"], own[0], names, setup)),
        *(Pane(row["arm"], _map_urls(row["maps"], row, names, setup)) for row in own),
    ]
    base = next((r for r in rows if (r["video"], r["target"], r["arm"]) == (video.name, target, BASELINE)), own[0])
    curves = [Curve(f"S, {row['arm']}", [row["S"].get(name) for name in names]) for row in (base, *own)]
    gain = arms[0].gains[video.name]
    mined = [i for i, name in enumerate(names) if name in own[0]["mined"]]
    why = ["; ".join(d["why"] for d in own[0]["decisions"])] * len(names)
    return Clip(f"{target}, {video.name}: {arms[0].arm} {gain:+.3f} S", names, panes, curves, mined, why)


def _map_urls(stage: str, row: dict[str, Any], names: Sequence[str], setup: Setup) -> list[str]:
    folder = run_folder(setup.out, row["target"], row["video"])
    return [map_url(saliency) for saliency in StoredMaps(folder / stage, names)]


def _truth_url(video: Video, name: str) -> str:
    if name not in video.truths:
        return ""
    return map_url(video.truth(name).astype(np.float32))
