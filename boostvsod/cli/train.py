"""`boostvsod train`: train a network on data sets. The procedures themselves are in `boostvsod.training.procedures`."""

from __future__ import annotations

import functools
import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import (
    DEFAULT_CLIP_STUDENT,
    DEFAULT_DENSIFIER,
    DEFAULT_FLOW,
    DEFAULT_GRADER_WEIGHTS,
    DEFAULT_JUDGE,
    DEFAULT_STUDENT,
    DEFAULT_TRAINABLE_DENSIFIER,
    Number,
    device_options,
    overwrite_option,
    say,
)
from boostvsod.cli.training_lines import TrainingLines
from boostvsod.recipe import AS_RCRNET, WHOLE_SET, TrainOptions

if TYPE_CHECKING:
    from boostvsod.training.job import Settings, TrainingJob
    from boostvsod.training.procedures import MotionData

Command = Callable[..., None]
EPOCHS, SIDE = Number(float, 1e-6, 1e6), Number(int, 16, 4096)
CHECKS, THREADS = Number(int, 1, 100_000), Number(int, 0, 256)
SPLIT_HELP = "Clips of a source with lists (ImageSets of DAVIS). Default: train; sources without lists are used whole."
PRESETS = ("nr-motion", "mqp", "lim", "rcrnet")  # the tables of training/presets.toml
EVERY, MADE = Number(int, 1, 1000), Number(int, 0, 1000)


@click.group("train")
def command() -> None:
    """Train a network on pictures and masks, on colour-coded motion, or on clips.

    The same command again continues a training that was stopped. The network is evaluated several times, and
    the best weights are written. A card (.md) and a report (.html) are written beside them.
    """


def common(student: str, size: int, train: TrainOptions) -> Callable[[Command], Command]:
    """The options that every kind of training has. The command gets them as one `TrainingJob`."""
    options = (
        click.option(
            "--data", "sources", multiple=True, required=True, help="Folder or zip of pairs; may be repeated."
        ),
        click.option("--validate", help="Folder or zip to evaluate on. Default: a part of the first --data."),
        click.option("--split", type=click.Choice(["train", "val", "all"]), help=SPLIT_HELP),
        click.option("--test-clips", is_flag=True, help="Train also on clips on which evaluations are made."),
        click.option("--student", default=student, show_default=True, help="A student or a trainable target."),
        click.option("--init", default="none", show_default=True, help="Weights to start from."),
        click.option(
            "--init-partly", is_flag=True, help="--init is of a related network: load what both have in common."
        ),
        click.option("--epochs", type=EPOCHS, default=20.0, show_default=True),
        click.option(
            "--size",
            type=SIDE,
            default=size,
            show_default=True,
            help="Side of the pictures, in pixels.",
        ),
        click.option("--preset", type=click.Choice(PRESETS), help="Train as a paper did; --size and --set change it."),
        click.option(
            "--checks",
            type=CHECKS,
            default=10,
            show_default=True,
            help="How often the network is evaluated.",
        ),
        click.option("--cache", type=click.Path(path_type=Path), help="Folder for samples that are slow to make."),
        click.option(
            "--workers",
            type=THREADS,
            default=0,
            show_default=True,
            help="Threads that prepare batches ahead.",
        ),
        click.option("--set", "changes", multiple=True, help="train.KEY, augment.KEY or PLUGIN.KEY=VALUE."),
        click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="NAME.safetensors."),
        overwrite_option,
        device_options,
    )

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def wrapped(changes: tuple[str, ...], **rest: Any) -> None:
            say(str(rest["runtime"]))
            plugins = [rest[key] for key in ("student", "densifier", "grader") if key in rest]
            function(_job(train, changes, plugins, rest), **rest)

        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped

    return decorate


def _job(train: TrainOptions, changes: tuple[str, ...], plugins: list[str], options: dict[str, Any]) -> TrainingJob:
    """The job described by the command line; its options are taken out of `options`."""
    from boostvsod.training.job import Settings, TrainingJob

    settings = _preset(options) if options["preset"] else Settings(train)
    options.pop("preset")
    inputs = _inputs(options, changes)
    names = {field.name for field in fields(TrainingJob)} & options.keys()
    own = {name: options.pop(name) for name in names}
    settings = settings.changed(changes, plugins)
    command = shlex.join(["boostvsod", *sys.argv[1:]])
    job = TrainingJob(**own, settings=settings, command=command, inputs=inputs)
    job.check_output()
    return job


def _preset(options: dict[str, Any]) -> Settings:
    """The settings of a preset. Its other options are set in `options`, unless the user gave them."""
    from click.core import ParameterSource

    from boostvsod.training.job import Settings

    settings, others = Settings.preset(options["preset"])
    context = click.get_current_context()
    for key in others.keys() & options.keys():
        if context.get_parameter_source(key) == ParameterSource.DEFAULT:
            options[key] = others[key]
    return settings


def _inputs(options: dict[str, Any], changes: tuple[str, ...]) -> tuple[Path, ...]:
    """The data and the files of weights that a training reads."""
    from boostvsod.cli.inputs import paths_in

    data = [*options["sources"], options["validate"], *options.get("staged", ())]
    files = [options.get(key) for key in ("init", "theta", "localiser")]
    files += [change.partition("=")[2] for change in changes]
    return (*paths_in(data), *paths_in(files, folders=False))


def motion_options(function: Command) -> Command:
    """--flow, --one-way, --stage and --stage-flow."""
    one_way = click.option("--one-way", is_flag=True, help="Only the flow to the next frame, as in the papers.")
    stage = click.option("--stage", "staged", multiple=True, help="Pictures and masks to stage further motion with.")
    how = 'Flow backend for staged motion, or "exact" for the true displacement; may be repeated. Default: --flow.'
    return flow_option(one_way(stage(click.option("--stage-flow", "stage_flows", multiple=True, help=how)(function))))


def flow_option(function: Command) -> Command:
    """--flow."""
    return click.option("--flow", default=DEFAULT_FLOW, show_default=True, help="Flow backend.")(function)


def backbone_options(function: Command) -> Command:
    """--backbone and --pretrained: another encoder for the default student."""
    help_text = f"Encoder of {DEFAULT_STUDENT}: any timm name, also hf-hub:USER/MODEL or local-dir:FOLDER."
    name = click.option("--backbone", help=help_text)
    own = click.option("--pretrained", is_flag=True, help="Start from the encoder's own weights; may download them.")
    return name(own(function))


@command.command()
@backbone_options
@common(DEFAULT_STUDENT, 256, WHOLE_SET)
def saliency(job: TrainingJob, backbone: str | None, pretrained: bool) -> None:
    """Learn masks of pictures (DUTS, or the frames of clips)."""
    from boostvsod.training.procedures import train_saliency

    _print(job, train_saliency(_with_backbone(job, backbone, pretrained), TrainingLines()))


@command.command()
@backbone_options
@common(DEFAULT_STUDENT, 256, WHOLE_SET)
def patch(job: TrainingJob, backbone: str | None, pretrained: bool) -> None:
    """Learn masks of pictures that are cut around their object (LIM, IV-A)."""
    from boostvsod.training.procedures import train_patch

    _print(job, train_patch(_with_backbone(job, backbone, pretrained), TrainingLines()))


def _with_backbone(job: TrainingJob, name: str | None, pretrained: bool) -> TrainingJob:
    options = ({"backbone": name} if name else {}) | ({"pretrained": True} if pretrained else {})
    return job.with_options(**options)


@command.command()
@motion_options
@common(DEFAULT_STUDENT, 256, WHOLE_SET)
def motion(job: TrainingJob, **options: Any) -> None:
    """Learn the mask of what moves from colour-coded flow of clips, and of motion staged with pictures."""
    from boostvsod.training.procedures import train_motion

    _print(job, train_motion(job, _motion_data(**options), TrainingLines()))


@command.command()
@motion_options
@click.option(
    "--grader", default=DEFAULT_STUDENT, show_default=True, help="Theta: any student or trainable target (cpd)."
)
@click.option("--theta", default=DEFAULT_GRADER_WEIGHTS, show_default=True, help="Weights of Theta.")
@click.option("--localiser", help="Weights of a motion network; the part that makes the maps starts from them.")
@common(DEFAULT_JUDGE, 256, WHOLE_SET)
def mqpm(job: TrainingJob, grader: str, theta: str, localiser: str | None, **options: Any) -> None:
    """Learn the mask of what moves, and how good the motion is, from colour-coded flow (MQP, Eq. 1 to 7)."""
    from boostvsod.training.procedures import train_motion_quality

    if localiser:
        job = job.with_options(localiser=localiser)
    scores = train_motion_quality(job, grader, theta, _motion_data(**options), TrainingLines())
    _print(job, scores)


def _motion_data(flow: str, one_way: bool, staged: tuple[str, ...], stage_flows: tuple[str, ...]) -> MotionData:
    from boostvsod.training.procedures import MotionData

    return MotionData(flow, staged, stage_flows, one_way)


@command.command()
@flow_option
@click.option("--every", type=EVERY, default=5, show_default=True, help="l: one frame in so many has its mask.")
@click.option(
    "--made",
    type=MADE,
    default=1,
    show_default=True,
    help="m: so many more masks are made between two masks.",
)
@click.option("--densifier", default=DEFAULT_DENSIFIER, show_default=True, help="Makes these masks.")
@common(DEFAULT_CLIP_STUDENT, 448, AS_RCRNET)
def rcrnet(job: TrainingJob, flow: str, every: int, made: int, densifier: str) -> None:
    """Learn masks from clips of which few frames have a mask (RCRNet, protocol m/l).

    Options of the densifier: --set NAME.KEY=VALUE, as in --set fgplg.weights=FILE.
    """
    from boostvsod.training.clips import LabelProtocol
    from boostvsod.training.procedures import train_clips

    protocol = LabelProtocol(every, made, densifier, job.settings.options.get(densifier, {}))
    _print(job, train_clips(job, protocol, flow, TrainingLines()))


@command.command()
@flow_option
@click.option("--every", type=EVERY, default=5, show_default=True, help="l: distance of labelled frames.")
@common(DEFAULT_TRAINABLE_DENSIFIER, 448, AS_RCRNET)
def fgplg(job: TrainingJob, flow: str, every: int) -> None:
    """Learn the middle mask of three labelled frames, for RCRNet's pseudo-label generator or another densifier."""
    from boostvsod.training.procedures import train_densifier

    _print(job, train_densifier(job, every, flow, TrainingLines()))


def _print(job: TrainingJob, scores: dict[str, float]) -> None:
    click.echo(json.dumps({"output": str(job.output), **scores}))
