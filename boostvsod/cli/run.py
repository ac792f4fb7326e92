"""`boostvsod run`: boost one video or many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import device_options, named_parts, say
from boostvsod.errors import BoostError
from boostvsod.errors.text import printable
from boostvsod.recipe import DEFAULT_TARGET
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.files import Outputs
    from boostvsod.media.video import Video


@click.command("run")
@click.option("--video", "videos", multiple=True, required=True, help="File, folder, glob or list; may be repeated.")
@click.option("--target", default="", help=f"NAME, maps:DIR, FILE.onnx or FILE.py:FUNCTION. Default: {DEFAULT_TARGET}.")
@click.option("--recipe", default="default", show_default=True, help="Name or TOML file; none: only the target.")
@click.option(
    "--gate", type=click.Choice(["on", "off"]), help="Use the target's own maps where boosting would probably not help."
)
@click.option("--flow", help="Flow backend, instead of the recipe's.")
@click.option("--weights", multiple=True, help="FILE for --target or --flow; NAME=FILE if both are given.")
@click.option("--set", "settings", multiple=True, help="TABLE.KEY=VALUE, changes the recipe, as in train.lr=1e-5.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: runs/VIDEO.")
@click.option("--save", default="maps", show_default=True, help="Any of maps,mask,overlay,side-by-side,cutout.")
@click.option("--bits", type=click.Choice(["8", "16"]), default="8", show_default=True, help="Bits of the final maps.")
@click.option("--dry-run", is_flag=True, help="Inspect the video and estimate time and space; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the records of the runs on standard output.")
@click.option(
    "--overwrite", is_flag=True, help="Start again instead of resuming; replace files of others, never an input."
)
@device_options
def command(videos: tuple[str, ...], output: Path | None, save: str, runtime: Runtime, **options: Any) -> None:
    """Boost the maps of a target on videos.

    Final maps are written to OUTPUT/maps, or to OUTPUT/VIDEO/maps for several videos. The same command again
    resumes an interrupted run and does nothing for a finished one.
    """
    from boostvsod.boosting.outputs import check_saves
    from boostvsod.media.sources import find_videos

    say(str(runtime))
    named = named_parts(options["target"], options.pop("flow"), options.pop("weights"))
    if gate := options.pop("gate"):
        named.append(f"recipe.gate={gate}")
    options["settings"] = [*named, *options["settings"]]
    outputs = [name.strip() for name in save.split(",")]
    check_saves(outputs)
    sources = [source for video in videos for source in find_videos(video)]
    jobs = [(source, _folder(source, output, len(sources) > 1)) for source in sources]
    _refuse_collisions(jobs)
    for source, folder in jobs:
        _check_outputs(source, folder, outputs, options)
    records = _run_all(jobs, outputs, runtime, options)
    if options["as_json"]:
        click.echo(json.dumps(records if len(jobs) > 1 else records[0], indent=2))


def _folder(source: str, output: Path | None, many: bool) -> Path:
    """The output folder of one video."""
    from boostvsod.media.video import Video

    name = Video.open(source).name
    if output is None:
        return Path("runs") / name
    return output / name if many else output


def _refuse_collisions(jobs: list[tuple[str, Path]]) -> None:
    from boostvsod.errors import ConfigError

    taken: dict[Path, str] = {}
    for source, folder in jobs:
        if folder in taken:
            raise ConfigError(f"{source} and {taken[folder]} would both be written to {folder}; run them separately")
        taken[folder] = source


def _outputs(source: str, video: Video, folder: Path, options: dict[str, Any]) -> Outputs:
    """The run folder, with the rule of what may be replaced there."""
    from boostvsod.cli.inputs import inputs_of
    from boostvsod.files import Outputs

    inputs = inputs_of(video, source, options["target"] or DEFAULT_TARGET, options)
    return Outputs(folder, inputs=inputs, overwrite=options["overwrite"])


def _check_outputs(source: str, folder: Path, wanted: list[str], options: dict[str, Any]) -> None:
    """Refuse to write over what boostvsod did not write, before any work is done."""
    from boostvsod.boosting.outputs import check_places, check_same_video
    from boostvsod.boosting.report import NAME
    from boostvsod.media.video import Video

    if options["dry_run"]:
        return
    video = Video.open(source)
    outputs = _outputs(source, video, folder, options)
    check_places(outputs, wanted)
    outputs.check(NAME)
    if not options["overwrite"]:
        check_same_video(folder, video)


def _run_all(
    jobs: list[tuple[str, Path]], outputs: list[str], runtime: Runtime, options: dict[str, Any]
) -> list[dict[str, Any]]:
    """Run every video. If one fails, the others still run, and the first error is raised at the end."""
    records, failures = [], []
    for source, folder in jobs:
        try:
            records.append(_run_one(source, folder, outputs, runtime, options))
        except BoostError as error:
            if len(jobs) == 1:
                raise
            say(f"boostvsod: {printable(source)}: {error}")
            failures.append(error)
    if failures:
        raise type(failures[0])(f"{len(failures)} of {len(jobs)} videos failed; the first: {failures[0]}")
    return records


def _run_one(source: str, folder: Path, wanted: list[str], runtime: Runtime, options: dict[str, Any]) -> dict[str, Any]:
    """Boost one video, write its outputs, print a summary; returns its record."""
    from boostvsod.boosting.outputs import save
    from boostvsod.boosting.report import write_run_report
    from boostvsod.cli.progress import show_progress
    from boostvsod.engine import boost
    from boostvsod.media.video import Video

    video = Video.open(source)
    if options["dry_run"]:
        return _dry_run(video, folder, runtime, options)
    outputs = _outputs(source, video, folder, options)
    with show_progress(video.name) as progress:
        result = boost(
            video,
            options["target"] or DEFAULT_TARGET,
            options["recipe"],
            folder,
            settings=options["settings"],
            bits=int(options["bits"]),
            overwrite=options["overwrite"],
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
