"""Training a network on a whole data set, over the same loop that fine-tunes it on one video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from boostvsod.kinds import Student
from boostvsod.metrics.scores import Scores
from boostvsod.recipe import TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.training.augment import Augment, views
from boostvsod.training.loop import Batch, Check, Draw, Objective, fit, no_check
from boostvsod.training.samples import Samples
from boostvsod.training.students import predict_batch

BATCH = 16  # of what is only predicted


@dataclass(frozen=True)
class Task:
    """What there is to learn: how many samples, what a step sees of them, and how the result is examined."""

    samples: int
    draw: Draw
    examine: Callable[[Student], dict[str, float]]
    objective: Objective | None = None

    def steps(self, epochs: float, options: TrainOptions) -> int:
        """How many make `epochs` passes over the samples."""
        return max(1, round(epochs * self.samples / (options.batch * options.accumulate)))


def picture_task(samples: Samples, held_out: Samples, batch: int, augment: Augment, runtime: Runtime) -> Task:
    """Pictures, or colour-coded motions, and their masks."""
    draw = draw_views(samples.to(runtime.device), batch, augment)
    return Task(len(samples), draw, lambda student: score(student, held_out, runtime))


def pretrain(
    student: Student,
    task: Task,
    epochs: float,
    options: TrainOptions,
    runtime: Runtime,
    *,
    state: Path | None = None,
    after_step: Callable[[int, int, float], None] = lambda step, steps, loss: None,
    check: Check = no_check,
    workers: int = 0,
) -> list[float]:
    """Train in place for `epochs` passes over the task's samples; returns the losses."""
    steps = task.steps(epochs, options)
    return fit(
        student,
        task.draw,
        steps,
        options,
        runtime,
        objective=task.objective,
        state=state,
        after_step=lambda step, loss: after_step(step, steps, loss),
        check=check,
        workers=workers,
    )


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
    for start in range(0, len(samples), BATCH):
        maps = predict_batch(student, samples.pictures[start : start + BATCH].float() / 255, runtime)
        for saliency, mask in zip(maps, samples.masks[start : start + BATCH, 0], strict=True):
            scores.step(saliency, np.asarray(mask) > 127)
    return scores.result()
