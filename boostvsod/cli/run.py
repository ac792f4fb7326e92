"""`boostvsod run`: boost one video or many."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from boostvsod.cli.options import device_options, named_parts, say
from boostvsod.errors import BoostError
from boostvsod.runtime import Runtime


@click.command("run")
@click.option("--video", "videos", multiple=True, required=True, help="File, folder, glob or list; may be repeated.")
@click.option("--target", default="", help="Default: lite. NAME, maps:DIR, FILE.onnx or FILE.py:FUNCTION.")
@click.option("--recipe", default="default", show_default=True, help="A name or a TOML file; none: the target alone.")
@click.option("--gate", type=click.Choice(["on", "off"]), help="Keep the target's own maps where they seem better.")
@click.option("--flow", help="Backend, over the recipe's.")
@click.option("--weights", multiple=True, help="FILE for what --target or --flow names; NAME=FILE says for which.")
@click.option("--set", "settings", multiple=True, help="TABLE.KEY=VALUE over the recipe, as in train.lr=1e-5.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: runs/VIDEO.")
@click.option("--save", default="maps", show_default=True, help="maps,mask,overlay,side-by-side,cutout")
@click.option("--bits", type=click.Choice(["8", "16"]), default="8", show_default=True, help="Of the final maps.")
@click.option("--dry-run", is_flag=True, help="Look at the video, say what would be done, do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the records of the runs on standard output.")
@click.option("--overwrite", is_flag=True, help="Start afresh instead of resuming.")
@device_options
def command(videos: tuple[str, ...], output: Path | None, save: str, runtime: Runtime, **options: Any) -> None:
    """Boost the maps of a target on videos.

    Final maps land in OUTPUT/maps, or OUTPUT/VIDEO/maps for several videos. The same command again
    resumes where it stopped, and does nothing where it had finished.
    """
    from boostvsod.boosting.outputs import check_saves
    from boostvsod.media.sources import find_videos

    say(str(runtime))
    named = named_parts(options["target"], options.pop("flow"), options.pop("weights"))
    if gate := options.pop("gate"):
        named.append(f"recipe.gate={gate}")
    options["settings"] = [*named, *options["settings"]]
    wanted = [name.strip() for name in save.split(",")]
    check_saves(wanted)
    sources = [found for video in videos for found in find_videos(video)]
    jobs = [(source, _place(source, output, len(sources) > 1)) for source in sources]
    _refuse_collisions(jobs)
    try:
        records = _run_all(jobs, wanted, runtime, options)
    except KeyboardInterrupt:
        say(f"interrupted; to resume: {shlex.join(['boostvsod', *sys.argv[1:]])}")
        sys.exit(130)
    if options["as_json"]:
        click.echo(json.dumps(records if len(jobs) > 1 else records[0], indent=2))


def _place(source: str, output: Path | None, many: bool) -> Path:
    from boostvsod.media.video import Video

    name = Video.open(source).name
    if output is None:
        return Path("runs") / name
    return output / name if many else output


def _refuse_collisions(jobs: list[tuple[str, Path]]) -> None:
    from boostvsod.errors import ConfigError

    taken: dict[Path, str] = {}
    for source, place in jobs:
        if place in taken:
            raise ConfigError(f"{source} and {taken[place]} would both be written to {place}; run them apart")
        taken[place] = source


def _run_all(
    jobs: list[tuple[str, Path]], wanted: list[str], runtime: Runtime, options: dict[str, Any]
) -> list[dict[str, Any]]:
    """Every video in turn. One that fails does not stop the others; the first failure is raised at the end."""
    records, failures = [], []
    for source, place in jobs:
        try:
            records.append(_run_one(source, place, wanted, runtime, options))
        except BoostError as error:
            if len(jobs) == 1:
                raise
            say(f"boostvsod: {source}: {error}")
            failures.append(error)
    if failures:
        raise type(failures[0])(f"{len(failures)} of {len(jobs)} videos failed; the first: {failures[0]}")
    return records


def _run_one(source: str, place: Path, wanted: list[str], runtime: Runtime, options: dict[str, Any]) -> dict[str, Any]:
    from boostvsod.boosting.outputs import save
    from boostvsod.boosting.report import write_run_report
    from boostvsod.cli.show import shown
    from boostvsod.engine import boost
    from boostvsod.media.video import Video

    video = Video.open(source)
    if options["dry_run"]:
        return _dry_run(video, place, runtime, options)
    with shown(video.name) as progress:
        result = boost(
            video,
            options["target"] or "lite",
            options["recipe"],
            place,
            settings=options["settings"],
            bits=int(options["bits"]),
            overwrite=options["overwrite"],
            progress=progress,
            **asdict(runtime),
        )
        if result.reused:
            say(f"{video.name}: already done, nothing to do")
        made = [*save(result, video, wanted, progress), write_run_report(result, video, progress)]
    _summarise(video.name, result.record)
    say(f"{video.name}: {', '.join(map(str, made))}")
    return dict(result.record)


def _summarise(name: str, record: Mapping[str, Any]) -> None:
    for decision in record["decisions"]:
        span = f"frames {decision['start']}-{decision['stop'] - 1}"
        say(f"{name}: {span}: {decision['choice']}, {decision['why']}")
    for note in record["notes"]:
        say(f"{name}: note: {note}")
    for part, origin in record["weights"].items():
        say(f"{name}: {part} weights: {origin}")
    spent = record["seconds"]
    say(f"{name}: {sum(spent.values()):.1f} s ({_parts(spent)})")


def _parts(seconds: dict[str, float]) -> str:
    return ", ".join(f"{stage} {spent:.1f}" for stage, spent in seconds.items())


def _dry_run(video: Any, place: Path, runtime: Runtime, options: dict[str, Any]) -> dict[str, Any]:
    from boostvsod.bench.estimate import estimate

    found = estimate(video, options["target"] or "lite", options["recipe"], options["settings"], runtime)
    say(
        f"{video.name}: {found['frames']} frames of {found['size']}, {found['pieces']} pieces to adapt to; "
        f"about {found['seconds']:.0f} s and {found['megabytes']:.0f} MB in {place}"
    )
    return found
