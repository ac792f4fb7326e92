"""`boostvsod train`: networks from data sets, over the loop that also fine-tunes on one video."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import device_options, say
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.augment import Augment
    from boostvsod.pairs import Samples
    from boostvsod.trainoptions import TrainOptions

    Split = tuple[Samples, Samples]  # to train on, and held out

HOLD_OUT = 20  # every 20th pair, or the last of at most 20 clips
TELL = 15.0  # seconds between two lines about the loss


@click.group("train")
def command() -> None:
    """Train a network: on pictures and masks, or on colour-coded motion.

    A training that was stopped goes on where it was when the same command is given again.
    """


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options every kind of training has."""
    options = (
        click.option(
            "--data", "sources", multiple=True, required=True, help="Folder or zip of pairs; may be repeated."
        ),
        click.option("--validate", help="Folder or zip scored at the end; default: a part of the first --data."),
        click.option("--student", "name", default="lite", show_default=True, help="What to train."),
        click.option("--init", default="none", show_default=True, help="Weights to start from."),
        click.option("--epochs", default=20.0, show_default=True),
        click.option("--size", default=256, show_default=True, help="Side of the training pictures."),
        click.option("--set", "changes", multiple=True, help="train.KEY=VALUE or augment.KEY=VALUE."),
        click.option("-o", "--output", type=click.Path(path_type=Path), required=True),
        device_options,
    )
    for option in reversed(options):
        function = option(function)
    return function


@command.command()
@common
def saliency(sources: tuple[str, ...], validate: str | None, size: int, runtime: Runtime, **rest: Any) -> None:
    """Pictures to masks (DUTS, or the frames of clips)."""
    from boostvsod.pretrain import picture_samples

    say(str(runtime))
    parts = [picture_samples(source, size, HOLD_OUT) for source in sources]
    held = picture_samples(validate, size, 1)[1] if validate else parts[0][1]
    _train(parts, held, size=size, runtime=runtime, **rest)


@command.command()
@click.option("--flow", default="dis", show_default=True, help="Backend that sees the motion.")
@click.option("--stage", "staged", multiple=True, help="Pairs to stage motions from, as well.")
@common
def motion(
    flow: str,
    staged: tuple[str, ...],
    sources: tuple[str, ...],
    validate: str | None,
    size: int,
    runtime: Runtime,
    **rest: Any,
) -> None:
    """Colour-coded flow to masks, filmed (clips) and staged (single pictures)."""
    from boostvsod.pretrain import filmed_samples, staged_samples

    say(str(runtime))
    parts = [filmed_samples(source, size, HOLD_OUT, flow, runtime) for source in sources]
    held = filmed_samples(validate, size, 1, flow, runtime)[1] if validate else parts[0][1]
    parts += [staged_samples(source, size, HOLD_OUT, flow, runtime) for source in staged]
    _train(parts, held, size=size, runtime=runtime, **rest)


@command.command()
@click.option("--flow", default="dis", show_default=True, help="Backend that sees the motion.")
@click.option("--stage", "staged", multiple=True, help="Pairs to stage motions from, as well.")
@click.option("--theta", default="lite", show_default=True, help="Weights of the network that grades the motion.")
@common
def mqpm(
    flow: str,
    staged: tuple[str, ...],
    theta: str,
    sources: tuple[str, ...],
    validate: str | None,
    size: int,
    runtime: Runtime,
    name: str,
    **rest: Any,
) -> None:
    """Colour-coded flow to masks and to how good the motion is (MQP, Eq. 1 to 7).

    --init may name weights of a plain motion network: the locating half starts from them.
    """
    from boostvsod import registry
    from boostvsod.pretrain import filmed_samples, staged_samples
    from boostvsod.quality import labelled, motion_scores, quality_threshold

    say(str(runtime))
    parts = [filmed_samples(source, size, HOLD_OUT, flow, runtime) for source in sources]
    held = filmed_samples(validate, size, 1, flow, runtime)[1] if validate else parts[0][1]
    parts += [staged_samples(source, size, HOLD_OUT, flow, runtime) for source in staged]
    grader = registry.build("students", "lite", runtime, weights=theta, size=size)
    scores = [motion_scores(part, grader, runtime) for part, _ in parts]
    threshold = quality_threshold(scores[0])
    judged = [labelled(part, own, threshold) for (part, _), own in zip(parts, scores, strict=True)]
    shares = ", ".join(f"{float(part.labels.mean()):.2f}" for part in judged if part.labels is not None)
    say(f"lambda {threshold:.3f}; good motion: {shares} of each source")
    held = labelled(held, motion_scores(held, grader, runtime), threshold)
    name = "judge-lite" if name == "lite" else name
    _train([(part, held) for part in judged], held, name=name, size=size, runtime=runtime, judges=True, **rest)


def _train(
    parts: list[Split],
    held: Samples,
    *,
    name: str,
    init: str,
    epochs: float,
    size: int,
    changes: tuple[str, ...],
    output: Path,
    runtime: Runtime,
    judges: bool = False,
) -> None:
    from boostvsod import registry
    from boostvsod.pairs import Samples
    from boostvsod.pretrain import pretrain
    from boostvsod.quality import judged_right, of_judges
    from boostvsod.weights import save_weights

    train, augment = _settings(changes)
    samples = Samples.join(part[0] for part in parts)
    say(f"{len(samples)} samples to train on, {len(held)} to score")
    runtime.settle()  # random weights hang on the seed alone
    start = {"weights": "none", "localiser": init} if judges and init != "none" else {"weights": init}
    student = registry.build("students", name, runtime, size=size, **start)
    started = time.monotonic()
    state = output.with_suffix(".state")
    objective = of_judges(train) if judges else None
    scores = pretrain(
        student, samples, held, epochs, train, augment, runtime,
        objective=objective, state=state, after_step=Teller(),
    )  # fmt: skip
    scores |= {"judged right": judged_right(student.net, held, runtime)} if judges else {}
    save_weights(student.net, output)
    state.unlink()
    click.echo(json.dumps({"output": str(output), "seconds": round(time.monotonic() - started), **scores}))


def _settings(changes: tuple[str, ...]) -> tuple[TrainOptions, Augment]:
    """What whole-set training does by default, with --set over it."""
    from boostvsod.augment import Augment
    from boostvsod.errors import ConfigError
    from boostvsod.recipe import override, parse_setting
    from boostvsod.trainoptions import TrainOptions

    train = TrainOptions(optimizer="adamw", schedule="onecycle", batch=16, ema=0.999, freeze_bn=False)
    augment = Augment()
    for change in changes:
        table, key, value = parse_setting(change)
        if table == "train":
            train = override(train, table, key, value)
        elif table == "augment":
            augment = override(augment, table, key, value)
        else:
            raise ConfigError(f"--set {change}: there are the tables train and augment")
    return train, augment


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
