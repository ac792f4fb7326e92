"""`boostvsod run`: boost one video or many."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.many import each_video, own_part, video_options
from boostvsod.cli.options import Number, device_options, named_parts, say
from boostvsod.recipe import BALANCED, DEFAULT_TARGET, EFFORTS, LEAST_RISK
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.cli.inputs import Input
    from boostvsod.files import Outputs
    from boostvsod.kinds import Map
    from boostvsod.media.video import Video


@click.command("run")
@click.argument("words", nargs=-1, metavar="VIDEO...")
@click.option("--video", "videos", multiple=True, help="The same as VIDEO; may be repeated.")
@click.option("--target", default="", help=f"NAME, maps:DIR, FILE.onnx or FILE.py:FUNCTION. Default: {DEFAULT_TARGET}.")
@click.option("--recipe", default="default", show_default=True, help="Name or TOML file; none: only the target.")
@click.option(
    "--gate", type=click.Choice(["on", "off"]), help="Use the target's own maps where boosting would probably not help."
)
@click.option(
    "--risk", type=Number(float, LEAST_RISK, 1), help=f"Share of videos that the gate may harm. Default: {LEAST_RISK}."
)
@click.option("--effort", type=click.Choice(EFFORTS), help=f"Speed against quality. Default: {BALANCED}.")
@click.option("--flow", help="Flow backend, instead of the recipe's.")
@click.option("--weights", multiple=True, help="FILE for --target or --flow; NAME=FILE if both are given.")
@click.option("--mask", "masks", multiple=True, help="FRAME=FILE: a corrected mask to learn from; may be repeated.")
@click.option("--set", "settings", multiple=True, help="TABLE.KEY=VALUE, changes the recipe, as in train.lr=1e-5.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: runs/VIDEO.")
@click.option(
    "--save",
    default="maps",
    show_default=True,
    help="Any of maps, mask, cutout (pictures), overlay, side-by-side, matte, cutout-video, green, blur, "
    "replace=PICTURE|VIDEO (films), with commas. A film's suffix may follow its name: matte.webm, cutout-video.mov.",
)
@click.option("--bits", type=click.Choice(["8", "16"]), default="8", show_default=True, help="Bits of the final maps.")
@video_options
@click.option("--dry-run", is_flag=True, help="Inspect the video and estimate time and space; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the records of the runs on standard output.")
@click.option(
    "--overwrite", is_flag=True, help="Start again instead of resuming; replace files of others, never an input."
)
@device_options
def command(
    words: tuple[str, ...], videos: tuple[str, ...], output: Path | None, save: str, runtime: Runtime, **options: Any
) -> None:
    """Boost the maps of a target on videos.

    VIDEO is a film, a folder of pictures, a folder of videos, a pattern, or a text file of paths. Pictures of one
    folder that are named one by one are one video. Final maps are written to OUTPUT/maps, or to OUTPUT/VIDEO/maps for
    several videos. The same command again resumes an interrupted run and does nothing for a finished one.
    """
    from boostvsod.boosting.outputs import check_saves
    from boostvsod.cli.inputs import find_inputs

    if not words + videos:
        raise click.UsageError("no VIDEO is given, as in: boostvsod run clip.mp4")
    say(str(runtime))
    named = named_parts(options["target"], options.pop("flow"), options.pop("weights"))
    named += [f"recipe.{key}={value}" for key in ("effort", "gate", "risk") if (value := options.pop(key))]
    options["settings"] = [*named, *options["settings"]]
    outputs = [name.strip() for name in save.split(",")]
    check_saves(outputs)
    inputs = find_inputs([*words, *videos], output)
    options["mask_files"] = [Path(word.partition("=")[2]) for word in options["masks"]]
    options["masks"] = _read_masks(options["masks"], inputs)
    inputs = own_part(inputs, options)
    for each in inputs:
        _check_outputs(each, outputs, options)
    records = each_video(partial(_run_one, outputs, options), inputs, runtime, options)
    if options["as_json"]:
        click.echo(json.dumps(records if len(inputs) > 1 else records[0], indent=2))


def _read_masks(words: Sequence[str], inputs: Sequence[Input]) -> dict[int, Map]:
    """The masks of `--mask FRAME=FILE`, by the number of their frame. A frame is given by its name or number."""
    from boostvsod.datasets.masks import read_mask
    from boostvsod.errors import ConfigError
    from boostvsod.media.archive import File

    if words and len(inputs) > 1:
        raise ConfigError(f"--mask belongs to one video, and {len(inputs)} are given; run them separately")
    masks = {}
    for word in words:
        frame, equals, file = word.partition("=")
        names = inputs[0].video.given_names
        if not equals or not (frame in names or (frame.isdecimal() and len(frame) < 10)):
            raise ConfigError(f"--mask {word!r}: expected FRAME=FILE, with the name or the number of a frame")
        masks[names.index(frame) if frame in names else int(frame)] = read_mask(File(Path(file)))
    return masks


def _outputs(given: Input, options: dict[str, Any]) -> Outputs:
    """The run folder, with the rule of what may be replaced there."""
    from boostvsod.cli.inputs import inputs_of
    from boostvsod.files import Outputs

    inputs = inputs_of(given.video, given.word, options["target"] or DEFAULT_TARGET, options)
    inputs += options["mask_files"]
    return Outputs(given.folder, inputs=inputs, overwrite=options["overwrite"])


def _check_outputs(given: Input, wanted: list[str], options: dict[str, Any]) -> None:
    """Refuse to write over what boostvsod did not write, before any work is done."""
    from boostvsod.boosting.report import check_run

    if not options["dry_run"]:
        check_run(_outputs(given, options), given.video, wanted, same_video=not options["overwrite"])


def _run_one(
    wanted: list[str], options: dict[str, Any], given: Input, runtime: Runtime, beside_others: bool
) -> dict[str, Any]:
    """Boost one video, write its outputs, print a summary; returns its record."""
    from boostvsod.boosting.outputs import save
    from boostvsod.boosting.progress import show_progress
    from boostvsod.boosting.report import write_run_report
    from boostvsod.boosting.store import maps_in_memory
    from boostvsod.engine import boost

    video, folder = given.video, given.folder
    if options["dry_run"]:
        return _dry_run(video, folder, runtime, options)
    outputs = _outputs(given, options)
    with show_progress(video.name, plain=beside_others) as progress, maps_in_memory():
        result = boost(
            video,
            options["target"] or DEFAULT_TARGET,
            options["recipe"],
            folder,
            settings=options["settings"],
            bits=int(options["bits"]),
            overwrite=options["overwrite"],
            masks=options["masks"],
            progress=progress,
            **asdict(runtime),
        )
        if result.reused:
            say(f"{video.name}: already done, nothing to do")
        written = [*save(result, video, wanted, progress, outputs)]
        written.append(write_run_report(result, video, progress, outputs))
    _summarise(video.name, result.record)
    say(f"{video.name}: wrote {', '.join(map(str, written))}")
    return dict(result.record)


def _summarise(name: str, record: Mapping[str, Any]) -> None:
    """Print the choice for each piece of the video, the notes, the origin of the weights, and the time."""
    from boostvsod.boosting.record import choice_in_words

    for decision in record["decisions"]:
        span = f"frames {decision['start']}-{decision['stop'] - 1}"
        say(f"{name}: {span}: {choice_in_words(decision['choice'], record['target'])}: {decision['why']}")
    for note in record["notes"]:
        say(f"{name}: note: {note}")
    for part, origin in record["weights"].items():
        say(f"{name}: {part} weights: {origin}")
    spent = record["seconds"]
    say(f"{name}: {sum(spent.values()):.1f} s ({_parts(spent)})")


def _parts(seconds: dict[str, float]) -> str:
    return ", ".join(f"{stage} {spent:.1f}" for stage, spent in seconds.items())


def _dry_run(video: Video, folder: Path, runtime: Runtime, options: dict[str, Any]) -> dict[str, Any]:
    """Print and return the estimate of one run."""
    from boostvsod.bench.estimate import estimate

    facts = estimate(video, options["target"] or DEFAULT_TARGET, options["recipe"], options["settings"], runtime)
    say(
        f"{video.name}: {facts['frames']} frames of {facts['size']}, {facts['pieces']} pieces to learn from; "
        f"about {facts['seconds']:.0f} s and {facts['megabytes']:.0f} MB in {folder}"
    )
    return facts
