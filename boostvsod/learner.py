"""How a student learns one piece of video from its mined frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch

from boostvsod.images import resize_map
from boostvsod.kinds import Map, Mined, Progress, Student
from boostvsod.plan import Parts
from boostvsod.predict import as_batch, predict
from boostvsod.recipe import Recipe
from boostvsod.runtime import Runtime
from boostvsod.store import Store
from boostvsod.train import Batch, Draw, fit
from boostvsod.video import Piece


class Learner:
    """A student that learns a piece when its first map of it is wanted; a stage that stands needs none."""

    def __init__(self, piece: Piece, mined: Sequence[Mined], parts: Parts, store: Store) -> None:
        self.piece, self.mined, self.parts, self.store = piece, mined, parts, store

    def __call__(self, piece: Piece, numbers: Sequence[int]) -> list[Map]:
        return predict(self.trained, [piece[i].rgb for i in numbers], self.parts.runtime)

    @cached_property
    def trained(self) -> Student:
        """The student after fine-tuning on the mined frames, at the size it was fine-tuned at."""
        parts, fresh = self.parts, self.parts.fresh_student()
        student = replace(fresh, size=parts.recipe.train.size or fresh.size)
        with self.store.timed("learn"):
            losses = fine_tune(student, self.piece, self.mined, parts.recipe, parts.runtime, self.store.progress)
        self.store.keep_losses(self.piece.start, losses)
        return student


def fine_tune(
    student: Student, piece: Piece, mined: Sequence[Mined], recipe: Recipe, runtime: Runtime, progress: Progress
) -> list[float]:
    """Fit a student to the pseudo ground truth of the mined frames; returns the losses."""
    runtime.settle()  # whatever was drawn before, on this video or another, must not matter
    options = recipe.train
    steps = -(-round(recipe.per_frame * len(mined)) // options.batch)  # none at all if train.lambda is 0
    draw = draw_mined(piece, mined, student.size, options.batch)
    return fit(student, draw, steps, options, runtime, after_step=lambda step, _: progress("learn", step, steps))


def draw_mined(piece: Piece, mined: Sequence[Mined], size: int, batch: int) -> Draw:
    """Batches that go through the mined frames again and again, each time in another order."""
    pictures = as_batch([piece[m.index].rgb for m in mined], size, size)
    truths = torch.from_numpy(np.stack([resize_map(m.truth, size, size) for m in mined]))[:, None]

    def draw(step: int, generator: torch.Generator) -> Batch:
        order = [
            _shuffled(len(mined), k // len(mined))[k % len(mined)] for k in range(step * batch, (step + 1) * batch)
        ]
        truth = truths[order]
        return pictures[order], truth, torch.ones_like(truth)

    return draw


def _shuffled(count: int, epoch: int) -> list[int]:
    return torch.randperm(count, generator=torch.Generator().manual_seed(epoch)).tolist()
