"""The report of one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostvsod import registry
from boostvsod.boosting.outputs import check_places, check_same_video, made_of, outputs_of
from boostvsod.boosting.record import choice_in_words, motion_maps, owner_of, rejected_maps
from boostvsod.files import Outputs
from boostvsod.flow.colour import colour_flow
from boostvsod.kinds import Frame, Map, Maps, Progress, Result, Rgb, quiet
from boostvsod.media.images import resize_rgb
from boostvsod.media.video import Video
from boostvsod.metrics.scores import Scores
from boostvsod.recipe import Recipe
from boostvsod.report.page import Clip, Curve, Page, Pane, page_as_html
from boostvsod.report.pictures import evenly_spaced, map_url, pane_size, rgb_url
from boostvsod.report.plots import line_plot
from boostvsod.report.tables import Table
from boostvsod.workers import ready_ahead

MOST = 150  # frames shown: more would make the file slow to open
LOSS_POINTS = 300
DRAWERS = 2  # threads that draw the pictures
NAME = "report.html"
Truths = Sequence[NDArray[np.bool_]] | NDArray[np.bool_]  # T masks H x W
PREVIEW_FLOW = Recipe.flow  # the default backend, which is fast: the flow of the run itself is not stored


def write_run_report(
    result: Result,
    video: Video,
    progress: Progress = quiet,
    outputs: Outputs | None = None,
    *,
    again: bool = False,
    truth: Truths | None = None,
) -> Path:
    """Write OUT/report.html, unless it is current; with `again`, also then.

    `outputs` is the run folder with the rule of what may be replaced there. With `truth`, one H x W mask of
    booleans a frame, the report shows it, and S of every frame.
    """
    outputs = outputs or outputs_of(result, video)
    path = outputs.folder / NAME
    if not again and outputs.is_current([NAME], made_of(result)):
        return path
    record = result.record
    facts = [("target", str(record["target"])), ("recipe", record["recipe"]["name"]), *_facts(record)]
    clips = [_clip(result, video, truth, progress)]
    title = f"{video.name}: {kept_in_words(record)}"
    page = Page(title, facts, list(record["notes"]), clips, _tables(record), (), _losses(record))
    return outputs.write_text(NAME, page_as_html(page), made_of(result))


def check_run(outputs: Outputs, video: Video, wanted: Sequence[str], *, same_video: bool = True) -> None:
    """Refuse a run that would write over what boostvsod did not write. To be called before the work.

    `wanted` are names of `run --save`. With `same_video`, the folder must not hold the run of another video.
    """
    check_places(outputs, wanted)
    outputs.check(NAME)
    if same_video:
        check_same_video(outputs.folder, video)


def kept_in_words(record: Mapping[str, Any]) -> str:
    """Which maps became the final ones, for a title: of a long video, the gate may choose piece by piece."""
    kept = [(d["choice"] == "boosted", d["stop"] - d["start"]) for d in record["decisions"]]
    boosted, total = sum(count for new, count in kept if new), sum(count for _, count in kept)
    if boosted in (0, total):
        return "boosted" if boosted else f"{owner_of(record['target'])}'s maps kept"
    return f"boosted in {boosted} of {total} frames, {owner_of(record['target'])}'s maps kept in the others"


def shown_frames(count: int) -> list[int]:
    """Which frames are shown: all, or evenly spaced ones of a long video."""
    return evenly_spaced(count, MOST)


def _clip(result: Result, video: Video, truth: Truths | None, progress: Progress) -> Clip:
    chosen = shown_frames(len(video))
    verdicts = [result.record["frames"][i] for i in chosen]
    mined = [k for k, verdict in enumerate(verdicts) if verdict["mined"]]
    columns = _columns(result, truth)
    motion = motion_maps(result)
    labels = ["original", *(column.label for column in columns)]
    labels += [] if motion is None else [f"flow ({PREVIEW_FLOW})", "motion saliency"]
    sets: list[list[str]] = [[] for _ in labels]
    pairs = ((i, video[i].rgb, video[_other(i, len(video))].rgb) for i in chosen)
    drawn = ready_ahead(lambda pair: _pictures(columns, motion, *pair), pairs, DRAWERS)
    for k, urls in enumerate(drawn):
        for images, url in zip(sets, urls, strict=True):
            images.append(url)
        progress("report", k + 1, len(chosen))
    panes = [Pane(label, images) for label, images in zip(labels, sets, strict=True)]
    title = video.name + (f", {len(chosen)} of {len(video)} frames" if len(chosen) < len(video) else "")
    curves = _scores(verdicts) if truth is None else [_measured(column, truth, chosen) for column in columns[1:]]
    return Clip(title, [result.names[i] for i in chosen], panes, curves, mined, [v["why"] for v in verdicts])


@dataclass(frozen=True)
class Column:
    """A pane of maps. In frames for which `at` gives None, the pane is empty."""

    label: str
    at: Callable[[int], Map | None]


def _columns(result: Result, truth: Truths | None) -> list[Column]:
    """The truth if it is known, the target's maps, the final ones, and those that the gate rejected."""
    columns = [Column("truth", lambda i: truth[i].astype(np.float32))] if truth is not None else []
    columns += [
        Column(f"target: {owner_of(result.record['target'])}", result.baseline.__getitem__),
        Column(f"final: {kept_in_words(result.record)}", result.maps.__getitem__),
    ]
    rejected = rejected_maps(result)
    return [*columns, Column("rejected by the gate: boosted maps", rejected)] if rejected else columns


def _measured(column: Column, truth: Truths, chosen: Sequence[int]) -> Curve:
    """S of every frame."""

    def measure(i: int) -> float | None:
        scores, saliency = Scores(), column.at(i)
        if saliency is None:
            return None
        scores.step(saliency, truth[i])
        return float(scores.result()["S"])

    return Curve(f"S, {column.label}", [measure(i) for i in chosen])


def _other(i: int, count: int) -> int:
    """The frame to which the flow of frame `i` goes: the next one, or the one before the last."""
    return i + 1 if i + 1 < count else max(0, i - 1)


def _pictures(columns: Sequence[Column], motion: Maps | None, i: int, rgb: Rgb, other: Rgb) -> list[str]:
    maps = [column.at(i) for column in columns]
    urls = [rgb_url(rgb), *("" if saliency is None else map_url(saliency) for saliency in maps)]
    return urls if motion is None else [*urls, _flow_url(rgb, other), map_url(motion[i])]


def _flow_url(rgb: Rgb, other: Rgb) -> str:
    """A preview of the motion, computed at half of the pane's size. The run itself used finer flow."""
    height, width = pane_size(rgb.shape)
    a, b = (Frame.of(resize_rgb(picture, max(8, height // 2), max(8, width // 2))) for picture in (rgb, other))
    return rgb_url(colour_flow(registry.build("flows", PREVIEW_FLOW).estimate(a, b)))


def _scores(verdicts: Sequence[dict[str, Any]]) -> list[Curve]:
    names = dict.fromkeys(name for verdict in verdicts for name in verdict["scores"])
    return [Curve(name, [verdict["scores"].get(name) for verdict in verdicts]) for name in names]


def _facts(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    runtime, size = record["runtime"], record["video"]["size"]
    spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in record["cost"].items())
    facts = [("video", f"{record['video']['frames']} frames of {size[0]} x {size[1]}")]
    facts += [
        (f"frames {d['start']} to {d['stop'] - 1}", f"{choice_in_words(d['choice'], record['target'])}: {d['why']}")
        for d in record["decisions"]
    ]
    facts += [("time", spent), ("machine", ", ".join(f"{key} {value}" for key, value in runtime.items()))]
    return [*facts, *((f"weights of the {part}", origin) for part, origin in record["weights"].items())]


def _tables(record: Mapping[str, Any]) -> list[Table]:
    recipe = dict(record["recipe"])
    options = {f"{part}.{key}": value for part, own in recipe.pop("options").items() for key, value in own.items()}
    train = {f"train.{key}": value for key, value in recipe.pop("train").items()}
    rows = [[key, str(value)] for key, value in {**recipe, **options, **train}.items()]
    return [Table(["option", "value"], rows, "all options of the recipe in this run", folded=True)]


def _losses(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The loss over the steps of every piece, scaled to the largest."""
    lines = {}
    for start, losses in record["losses"].items():
        step = max(1, len(losses) // LOSS_POINTS)
        drawn, top = losses[::step], max([*losses, 1e-9])
        points = [(i / max(1, len(drawn) - 1), loss / top) for i, loss in enumerate(drawn)]
        lines[f"from frame {start}: {len(losses)} steps, largest {top:.3g}"] = points
    return [("loss", line_plot(lines, "share of the steps", "loss / largest"))] if lines else []
