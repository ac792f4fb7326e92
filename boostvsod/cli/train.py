"""`boostvsod train`: networks from data sets, over the loop that also fine-tunes on one video."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from boostvsod.cli.options import device_options, say, settings
from boostvsod.runtime import Runtime


@click.group("train")
def command() -> None:
    """Train a network: on pictures and masks, or on colour-coded motion."""


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options every kind of training has."""
    for option in reversed(
        (
            click.option("--data", "sources", multiple=True, required=True, help="Folder or zip of pairs."),
            click.option("--validate", help="Folder or zip scored at the end; default: every 20th pair."),
            click.option("--student", "name", default="lite", show_default=True, help="What to train."),
            click.option("--init", default="none", show_default=True, help="Weights to start from."),
            click.option("--epochs", default=20.0, show_default=True),
            click.option("--size", default=256, show_default=True, help="Side of the training pictures."),
            click.option("--set", "changes", multiple=True, help="train.KEY=VALUE or augment.KEY=VALUE"),
            click.option("-o", "--output", type=click.Path(path_type=Path), required=True),
            device_options,
        )
    ):
        function = option(function)
    return function


@command.command()
@common
def saliency(**options: Any) -> None:
    """Pictures to masks (DUTS, or the frames of clips)."""
    _train(_pictures, **options)


@command.command()
@click.option("--flow", default="dis", show_default=True, help="Backend that sees the motion.")
@click.option("--stage", multiple=True, help="Pairs to stage motions from, as well.")
@common
def motion(flow: str, stage: tuple[str, ...], **options: Any) -> None:
    """Colour-coded flow to masks, filmed (clips) and staged (single pictures)."""
    _train(lambda source, size, runtime: _motion(source, size, runtime, flow, source in stage), staged=stage, **options)


def _train(
    load: Callable[[str, int, Runtime], Any],
    sources: tuple[str, ...],
    validate: str | None,
    name: str,
    init: str,
    epochs: float,
    size: int,
    changes: tuple[str, ...],
    output: Path,
    runtime: Runtime,
    staged: tuple[str, ...] = (),
) -> None:
    from boostvsod import registry
    from boostvsod.augment import Augment
    from boostvsod.pairs import Samples
    from boostvsod.pretrain import pretrain
    from boostvsod.trainoptions import TrainOptions
    from boostvsod.weights import save_weights

    say(str(runtime))
    chosen = settings(changes)
    base = TrainOptions(lr=0, optimizer="adamw", schedule="onecycle", batch=16, ema=0.999, freeze_bn=False)
    train = replace(base, **chosen.get("train", {}))
    augment = replace(Augment(), **chosen.get("augment", {}))
    parts = [load(source, size, runtime) for source in (*sources, *staged)]
    held = load(validate, size, runtime)[0] if validate else parts[0][1]
    samples = Samples.join(part[0] for part in parts)
    student = registry.build("students", name, runtime, weights=init, size=size)
    started = time.monotonic()
    scores = pretrain(
        student, samples, held, epochs, train, augment, runtime,
        state=output.with_suffix(".state"), after_step=_progress(),
    )  # fmt: skip
    save_weights(student.net, output)
    click.echo(json.dumps({"output": str(output), "seconds": round(time.monotonic() - started), **scores}))


def _pictures(source: str, size: int, runtime: Runtime) -> Any:
    from boostvsod.pairs import Pairs, load

    pairs = Pairs.open(source)
    train, held = pairs.split(20)
    say(f"{source}: {len(pairs)} pairs")
    return tuple(load(part.read(), len(part), size, lambda n: None) for part in (train, held))


def _motion(source: str, size: int, runtime: Runtime, flow: str, staged_too: bool) -> Any:
    from boostvsod import motiondata, registry
    from boostvsod.pairs import Pairs, load

    def build() -> Any:
        return registry.build("flows", flow, runtime)

    pairs = Pairs.open(source)
    say(f"{source}: {len(pairs)} pairs, {'staged' if staged_too else 'filmed'}")
    made = []
    for part in pairs.split(20):
        if staged_too:
            flows, count = motiondata.staged(part, build, size, runtime.threads, runtime.seed), len(part)
        else:
            flows, count = motiondata.filmed(part, build, runtime.threads), motiondata.filmed_count(part)
        made.append(load(flows, count, size, lambda n: None))
    return tuple(made)


def _progress() -> Callable[[int, int, float], None]:
    started, told = time.monotonic(), [0.0]
    smooth = [0.0]

    def after_step(step: int, steps: int, loss: float) -> None:
        smooth[0] = loss if step == 1 else 0.99 * smooth[0] + 0.01 * loss
        now = time.monotonic()
        if now - told[0] > 15 or step == steps:
            left = (now - started) / step * (steps - step)
            say(f"step {step}/{steps}  loss {smooth[0]:.4f}  {left:.0f} s left")
            told[0] = now

    return after_step
