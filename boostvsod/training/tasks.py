"""Training tasks: which batches a step draws, and how the trained network is evaluated."""

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

BATCH = 16  # pictures that are predicted at once


@dataclass(frozen=True)
class Task:
    """A training task: the number of samples, the batches drawn of them, the evaluation, and the objective.

    `evaluate` returns scores by name; `objective` is None for the usual loss of saliency maps.
    """

    samples: int
    draw: Draw
    evaluate: Callable[[Student], dict[str, float]]
    objective: Objective | None = None
    stamp: str = ""  # changes when the samples do

    def steps(self, epochs: float, options: TrainOptions) -> int:
        """The number of optimiser steps for `epochs` passes over the samples."""
        return max(1, round(epochs * self.samples / (options.batch * options.accumulate)))


def picture_task(samples: Samples, held_out: Samples, batch: int, augment: Augment, runtime: Runtime) -> Task:
    """Learn masks of pictures, or of colour-coded motion."""
    draw = draw_views(samples.to(runtime.device), batch, augment)
    return Task(len(samples), draw, lambda student: score(student, held_out, runtime), stamp=samples.stamp())


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
    """Train the student in place for `epochs` passes over the task's samples; returns the loss of each step."""
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
    """Batches of random views of random samples.

    Samples are drawn with replacement, so a batch does not depend on earlier steps.
    """

    def draw(step: int, generator: torch.Generator) -> Batch:
        chosen = torch.randint(len(samples), (batch,), generator=generator).to(samples.pictures.device)
        rgb, truth = views(samples.pictures[chosen], samples.masks[chosen], augment, generator)
        labels = () if samples.labels is None else (samples.labels[chosen],)
        return rgb, truth, torch.ones_like(truth), *labels

    return draw


def score(student: Student, samples: Samples, runtime: Runtime) -> dict[str, float]:
    """All measures of the student's maps at the training size, by name."""
    scores = Scores()
    for start in range(0, len(samples), BATCH):
        maps = predict_batch(student, samples.pictures[start : start + BATCH].float() / 255, runtime)
        for saliency, mask in zip(maps, samples.masks[start : start + BATCH, 0], strict=True):
            scores.step(saliency, np.asarray(mask) > 127)
    return scores.result()
