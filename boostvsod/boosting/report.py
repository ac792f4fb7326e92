"""The report of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boostvsod import registry
from boostvsod.boosting.outputs import made_of, outputs_of
from boostvsod.boosting.record import choice_in_words, motion_maps
from boostvsod.files import Outputs
from boostvsod.flow.colour import colour_flow
from boostvsod.kinds import Frame, Maps, Progress, Result, Rgb, quiet
from boostvsod.media.images import resize_rgb
from boostvsod.media.video import Video
from boostvsod.recipe import Recipe
from boostvsod.report.page import Clip, Curve, Page, Pane, page_as_html
from boostvsod.report.pictures import map_url, pane_size, rgb_url
from boostvsod.report.plots import line_plot
from boostvsod.report.tables import Table
from boostvsod.workers import ready_ahead

MOST = 150  # frames shown: more would make the file slow to open
LOSS_POINTS = 300
DRAWERS = 2  # threads that draw the pictures
NAME = "report.html"
PREVIEW_FLOW = Recipe.flow  # the default backend, which is fast: the flow of the run itself is not stored


def write_run_report(
    result: Result, video: Video, progress: Progress = quiet, outputs: Outputs | None = None, *, again: bool = False
) -> Path:
    """Write OUT/report.html, unless it is current; with `again`, also then.

    `outputs` is the run folder with the rule of what may be replaced there.
    """
    outputs = outputs or outputs_of(result, video)
    path = outputs.folder / NAME
    if not again and outputs.is_current([NAME], made_of(result)):
        return path
    record = result.record
    facts = [("target", str(record["target"])), ("recipe", record["recipe"]["name"]), *_facts(record)]
    clips = [_clip(result, video, progress)]
    page = Page(f"{video.name}, boosted", facts, list(record["notes"]), clips, _tables(record), (), _losses(record))
    return outputs.write_text(NAME, page_as_html(page), made_of(result))


def shown_frames(count: int) -> list[int]:
    """Which frames are shown: all, or evenly spaced ones of a long video."""
    return [i * count // MOST for i in range(MOST)] if count > MOST else list(range(count))


def _clip(result: Result, video: Video, progress: Progress) -> Clip:
    chosen = shown_frames(len(video))
    verdicts = [result.record["frames"][i] for i in chosen]
    mined = [k for k, verdict in enumerate(verdicts) if verdict["mined"]]
    motion = motion_maps(result)
    labels = ["original", "baseline", "boosted", f"flow ({PREVIEW_FLOW})", "motion saliency"]
    sets: list[list[str]] = [[] for _ in labels[: 5 if motion else 3]]
    pairs = ((i, video[i].rgb, video[_other(i, len(video))].rgb) for i in chosen)
    drawn = ready_ahead(lambda pair: _pictures(result, motion, *pair), pairs, DRAWERS)
    for k, urls in enumerate(drawn):
        for images, url in zip(sets, urls, strict=True):
            images.append(url)
        progress("report", k + 1, len(chosen))
    panes = [Pane(label, images) for label, images in zip(labels, sets, strict=False)]
    title = video.name + (f", {len(chosen)} of {len(video)} frames" if len(chosen) < len(video) else "")
    return Clip(title, [result.names[i] for i in chosen], panes, _scores(verdicts), mined, [v["why"] for v in verdicts])


def _other(i: int, count: int) -> int:
    """The frame to which the flow of frame `i` goes: the next one, or the one before the last."""
    return i + 1 if i + 1 < count else max(0, i - 1)


def _pictures(result: Result, motion: Maps | None, i: int, rgb: Rgb, other: Rgb) -> list[str]:
    urls = [rgb_url(rgb), map_url(result.baseline[i]), map_url(result.maps[i])]
    return urls if motion is None else [*urls, _flow_url(rgb, other), map_url(motion[i])]


def _flow_url(rgb: Rgb, other: Rgb) -> str:
    """A preview of the motion, computed at the pane's size. The run itself used finer flow."""
    size = pane_size(rgb.shape)
    a, b = (Frame.of(resize_rgb(picture, *size)) for picture in (rgb, other))
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
    return [Table(["option", "value"], rows, "all options of the recipe in this run")]


def _losses(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The loss over the steps of every piece, scaled to the largest."""
    lines = {}
    for start, losses in record["losses"].items():
        step = max(1, len(losses) // LOSS_POINTS)
        drawn, top = losses[::step], max([*losses, 1e-9])
        points = [(i / max(1, len(drawn) - 1), loss / top) for i, loss in enumerate(drawn)]
        lines[f"from frame {start}: {len(losses)} steps, largest {top:.3g}"] = points
    return [("loss", line_plot(lines, "share of the steps", "loss / largest"))] if lines else []
