"""Training a network on a whole data set, over the same loop that fine-tunes it on one video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from boostvsod.augment import Augment, views
from boostvsod.kinds import Student
from boostvsod.metrics import Scores
from boostvsod.motiondata import filmed, filmed_count, staged
from boostvsod.pairs import Pairs, Samples, load
from boostvsod.predict import answer
from boostvsod.runtime import Runtime
from boostvsod.train import Batch, Draw, Objective, fit
from boostvsod.trainoptions import TrainOptions


def picture_samples(source: str, size: int, every: int) -> tuple[Samples, Samples]:
    """Pictures and masks of a source: to train on, and held out."""
    train, held = Pairs.open(source).split(every)
    return load(train.read(), len(train), size), load(held.read(), len(held), size)


def filmed_samples(source: str, size: int, every: int, flow: str, runtime: Runtime) -> tuple[Samples, Samples]:
    """Colour-coded flow of a source's clips, and their masks: to train on, and held out."""
    train, held = (
        load(filmed(part, flow, size, runtime), filmed_count(part), size) for part in Pairs.open(source).split(every)
    )
    return train, held


def staged_samples(source: str, size: int, every: int, flow: str, runtime: Runtime) -> tuple[Samples, Samples]:
    """The same of motions staged with a source's pictures."""
    train, held = (load(staged(part, flow, size, runtime), len(part), size) for part in Pairs.open(source).split(every))
    return train, held


def pretrain(
    student: Student,
    samples: Samples,
    held_out: Samples,
    epochs: float,
    options: TrainOptions,
    augment: Augment,
    runtime: Runtime,
    *,
    objective: Objective | None = None,
    state: Path | None = None,
    after_step: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> dict[str, float]:
    """Train in place for `epochs` passes over `samples`; returns the scores on `held_out`."""
    steps = max(1, round(epochs * len(samples) / (options.batch * options.accumulate)))
    draw = draw_views(samples.to(runtime.device), options.batch, augment)
    fit(
        student,
        draw,
        steps,
        options,
        runtime,
        objective=objective,
        state=state,
        after_step=lambda step, loss: after_step(step, steps, loss),
    )
    return score(student, held_out, runtime)


def draw_views(samples: Samples, batch: int, augment: Augment) -> Draw:
    """Random batches of random views. Sampling is with replacement, so a step needs no memory of the last."""

    def draw(step: int, generator: torch.Generator) -> Batch:
        chosen = torch.randint(len(samples), (batch,), generator=generator).to(samples.pictures.device)
        rgb, truth = views(samples.pictures[chosen], samples.masks[chosen], augment, generator)
        labels = () if samples.labels is None else (samples.labels[chosen],)
        return rgb, truth, torch.ones_like(truth), *labels

    return draw


def score(student: Student, samples: Samples, runtime: Runtime) -> dict[str, float]:
    """All measures of a student's maps at the training size."""
    scores = Scores()
    for start in range(0, len(samples), 16):
        maps = answer(student, samples.pictures[start : start + 16].float() / 255, runtime)
        for saliency, mask in zip(maps, samples.masks[start : start + 16, 0], strict=True):
            scores.step(saliency, np.asarray(mask) > 127)
    return scores.result()
