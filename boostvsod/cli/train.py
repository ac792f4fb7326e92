"""`boostvsod train`: networks from data sets, over the loop that also fine-tunes on one video."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import device_options, say
from boostvsod.recipe import AS_RCRNET, WHOLE_SET, TrainOptions

if TYPE_CHECKING:
    from boostvsod.kinds import Student
    from boostvsod.training.job import TrainingJob
    from boostvsod.training.samples import Samples
    from boostvsod.training.tasks import Task

TELL = 15.0  # seconds between two lines about the loss
Command = Callable[..., None]


@click.group("train")
def command() -> None:
    """Train a network: on pictures and masks, on colour-coded motion, or on clips.

    A training that was stopped goes on where it was when the same command is given again. The best weights
    of all that were examined are kept; beside them are written a card (.md) and a report (.html).
    """


def common(student: str, size: int, train: TrainOptions, parts: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """The options every kind of training has, handed on as one `TrainingJob`."""
    options = (
        click.option(
            "--data", "sources", multiple=True, required=True, help="Folder or zip of pairs; may be repeated."
        ),
        click.option("--validate", help="Folder or zip that is examined; default: a part of the first --data."),
        click.option("--student", "name", default=student, show_default=True, help="Or any target that learns."),
        click.option("--init", default="none", show_default=True, help="Weights to start from."),
        click.option("--epochs", default=20.0, show_default=True),
        click.option("--size", default=size, show_default=True, help="Side of the training pictures."),
        click.option("--checks", default=10, show_default=True, help="How often the network is examined."),
        click.option("--cache", type=click.Path(path_type=Path), help="Folder for samples that are slow to make."),
        click.option("--workers", default=0, show_default=True, help="Threads that make batches ready ahead."),
        click.option("--set", "changes", multiple=True, help="train.KEY, augment.KEY or STUDENT.KEY=VALUE."),
        click.option("-o", "--output", type=click.Path(path_type=Path), required=True),
        device_options,
    )

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def ordered(name: str, changes: tuple[str, ...], **rest: Any) -> None:
            from boostvsod.training.job import Settings, TrainingJob

            say(str(rest["runtime"]))
            settings = Settings(train).changed(changes, (name, *parts))
            common_ones = {key: rest.pop(key) for key in TrainingJob.__annotations__ if key in rest}
            function(TrainingJob(name=name, settings=settings, **common_ones), **rest)

        for option in reversed(options):
            ordered = option(ordered)
        return ordered

    return decorate


def seen_motion(function: Command) -> Command:
    """Where colour-coded motion comes from."""
    stage = click.option("--stage", "staged", multiple=True, help="Pairs to stage motions from, as well.")
    how = 'Backend that sees staged motions, or "exact": as they were staged; may be repeated; default: --flow\'s.'
    return seeing(stage(click.option("--stage-flow", "stage_flows", multiple=True, help=how)(function)))


def seeing(function: Command) -> Command:
    """Who sees the motion."""
    return click.option("--flow", default="dis", show_default=True, help="Backend that sees the motion.")(function)


def any_backbone(function: Command) -> Command:
    """Another encoder under the built-in decoder."""
    name = click.option("--backbone", help="Of lite: any timm name, also hf-hub:USER/MODEL or local-dir:FOLDER.")
    own = click.option("--pretrained", is_flag=True, help="Start from the backbone's own weights; may download.")
    return name(own(function))


@command.command()
@any_backbone
@common("lite", 256, WHOLE_SET)
def saliency(job: TrainingJob, backbone: str | None, pretrained: bool) -> None:
    """Pictures to masks (DUTS, or the frames of clips)."""
    _on_pictures(job, job.sample_maker().pictures, **_backbone(backbone, pretrained))


@command.command()
@any_backbone
@common("lite", 256, WHOLE_SET)
def patch(job: TrainingJob, backbone: str | None, pretrained: bool) -> None:
    """Pictures cut around their objects to masks: who looks closer (LIM, IV-A)."""
    _on_pictures(job, job.sample_maker().patches, **_backbone(backbone, pretrained))


def _backbone(name: str | None, pretrained: bool) -> dict[str, Any]:
    return ({"backbone": name} if name else {}) | ({"pretrained": True} if pretrained else {})


def _on_pictures(job: TrainingJob, make: Any, **student: Any) -> None:
    from boostvsod.training.samples import Samples
    from boostvsod.training.sources import load_sources

    parts, held = load_sources(job.sources, job.validate, make)
    _train(job, job.student(**student), _task(job, Samples.join(parts), held))


@command.command()
@seen_motion
@common("lite", 256, WHOLE_SET)
def motion(job: TrainingJob, flow: str, staged: tuple[str, ...], stage_flows: tuple[str, ...]) -> None:
    """Colour-coded flow to masks, filmed (clips) and staged (single pictures)."""
    from boostvsod.training.samples import Samples

    parts, held = _motions(job, flow, staged, stage_flows or (flow,))
    _train(job, job.student(), _task(job, Samples.join(parts), held))


@command.command()
@seen_motion
@click.option("--theta", default="lite", show_default=True, help="Weights of the network that grades the motion.")
@click.option("--localiser", help="Weights of a plain motion network: the locating half starts from them.")
@common("judge-lite", 256, WHOLE_SET)
def mqpm(
    job: TrainingJob,
    flow: str,
    staged: tuple[str, ...],
    stage_flows: tuple[str, ...],
    theta: str,
    localiser: str | None,
) -> None:
    """Colour-coded flow to masks and to how good the motion is (MQP, Eq. 1 to 7)."""
    from boostvsod import registry
    from boostvsod.training.motion_quality import can_judge, judging_task, labelled, motion_scores, quality_threshold
    from boostvsod.training.samples import Samples

    halves: dict[str, Any] = {"localiser": localiser} if localiser else {}
    student = can_judge(job.student(**halves), f"--student {job.name}")
    parts, held = _motions(job, flow, staged, stage_flows or (flow,))
    grader = registry.build("students", "lite", job.runtime, weights=theta, size=job.size)
    scores = [motion_scores(part, grader, job.runtime) for part in parts]
    threshold = quality_threshold(scores[0])
    judged = [labelled(part, own, threshold) for part, own in zip(parts, scores, strict=True)]
    shares = ", ".join(f"{float((own >= threshold).mean()):.2f}" for own in scores)
    say(f"lambda {threshold:.3f}; good motion: {shares} of each source")
    held = labelled(held, motion_scores(held, grader, job.runtime), threshold)
    _train(
        job,
        student,
        judging_task(_task(job, Samples.join(judged), held), held, job.settings.train, job.runtime),
    )


def _motions(
    job: TrainingJob, flow: str, staged: Sequence[str], stage_flows: Sequence[str]
) -> tuple[list[Samples], Samples]:
    from boostvsod.datasets.pairs import Pairs
    from boostvsod.training.sources import load_sources

    parts, held = load_sources(job.sources, job.validate, job.sample_maker(flow).filmed)
    pairs = [Pairs.open(source) for source in staged]
    return [*parts, *(job.sample_maker(seen).staged(own) for seen in stage_flows for own in pairs)], held


@command.command()
@seeing
@click.option("--every", default=5, show_default=True, help="l: of so many frames one has its mask.")
@click.option("--made", default=1, show_default=True, help="m: so many more are made between two masks.")
@click.option("--densifier", default="warp", show_default=True, help="Who makes them.")
@common("rcrnet-ner", 448, AS_RCRNET)
def rcrnet(job: TrainingJob, flow: str, every: int, made: int, densifier: str) -> None:
    """Clips of which few frames are annotated to masks (RCRNet, protocol m/l).

    Options of the densifier: --set NAME.KEY=VALUE, as in --set fgplg.weights=FILE.
    """
    from boostvsod.training.clip_tasks import clip_task
    from boostvsod.training.clips import Clips, Protocol, clips_of
    from boostvsod.training.sources import load_sources

    student, sample_maker = job.student(clips=True), job.sample_maker(flow)
    protocol = Protocol(every, made, densifier, job.settings.options.get(densifier, {}))
    parts, held = load_sources(
        job.sources,
        job.validate,
        lambda pairs: clips_of(pairs, sample_maker, protocol),
        lambda pairs: clips_of(pairs, sample_maker, Protocol(l=1, m=0)),
    )
    batch = job.settings.train.batch
    _train(job, student, clip_task(Clips.join(parts), held, student.window, batch, job.runtime))


@command.command()
@seeing
@click.option("--every", default=5, show_default=True, help="l: how far apart the masks are that it sees.")
@click.option("--made", default=1, show_default=True, help="m: how many frames between them it learns to fill.")
@common("fgplg", 448, AS_RCRNET)
def fgplg(job: TrainingJob, flow: str, every: int, made: int) -> None:
    """The masks of frames between two masks: RCRNet's pseudo-label generator, or any densifier that learns."""
    from boostvsod.training.clip_tasks import gap_task
    from boostvsod.training.clips import Protocol, filler_that_learns, gaps_of
    from boostvsod.training.samples import Samples
    from boostvsod.training.sources import load_sources

    options = {"weights": job.init, "side": job.size, **job.settings.options.get(job.name, {})}
    job.runtime.apply()
    protocol, sample_maker = Protocol(every, made, job.name, options), job.sample_maker(flow)
    filler = filler_that_learns(protocol, job.runtime)
    parts, held = load_sources(job.sources, job.validate, lambda pairs: gaps_of(pairs, filler, sample_maker, protocol))
    _train(job, filler.student(), gap_task(Samples.join(parts), held, job.settings.train.batch, job.runtime))


def _task(job: TrainingJob, samples: Samples, held: Samples) -> Task:
    from boostvsod.training.tasks import picture_task

    say(f"{len(samples)} samples to train on, {len(held)} to examine")
    return picture_task(samples, held, job.settings.train.batch, job.settings.augment, job.runtime)


def _train(job: TrainingJob, student: Student, task: Task) -> None:
    scores = job.run(student, task, Teller())
    click.echo(json.dumps({"output": str(job.output), **scores}))


class Teller:
    """Says every now and then how a long training goes."""

    def __init__(self) -> None:
        self.started = self.told = time.monotonic()
        self.first, self.smooth = 0, 0.0

    def __call__(self, step: int, steps: int, loss: float) -> None:
        if not self.first:
            self.first, self.smooth = step, loss
        self.smooth += 0.01 * (loss - self.smooth)
        now = time.monotonic()
        if now - self.told > TELL or step == steps:
            left = (now - self.started) / (step - self.first + 1) * (steps - step)
            say(f"step {step}/{steps}  loss {self.smooth:.4f}  {left:.0f} s left")
            self.told = now
