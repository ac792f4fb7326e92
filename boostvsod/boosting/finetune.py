"""How a student learns one piece of video from its mined frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from boostvsod.boosting.parts import Parts
from boostvsod.boosting.store import Store
from boostvsod.kinds import Map, Mined, Progress, Student
from boostvsod.media.maps import resize_map
from boostvsod.media.video import Piece
from boostvsod.recipe import Recipe
from boostvsod.runtime import Runtime
from boostvsod.training.augment import mirrored
from boostvsod.training.loop import Batch, Draw, fit
from boostvsod.training.students import as_batch, for_inference, predict, predict_windows


class Learner:
    """A student that learns a piece when its first map of it is wanted; a stage that stands needs none."""

    def __init__(self, piece: Piece, mined: Sequence[Mined], parts: Parts, store: Store) -> None:
        self.piece, self.mined, self.parts, self.store = piece, mined, parts, store

    def __call__(self, piece: Piece, numbers: Sequence[int]) -> list[Map]:
        runtime, mirror = self.parts.runtime, self.parts.recipe.mirror
        if (length := self.trained.window) > 1:
            return predict_windows(self.trained, [piece.window(i, length) for i in numbers], runtime, mirror=mirror)
        return predict(self.trained, [piece[i].rgb for i in numbers], runtime, mirror=mirror)

    @cached_property
    def trained(self) -> Student:
        """The student after fine-tuning on the mined frames, at the size it was fine-tuned at."""
        parts, fresh = self.parts, self.parts.fresh_student()
        student = replace(fresh, size=parts.recipe.train.size or fresh.size)
        with self.store.timed("learn"):
            losses = fine_tune(student, self.piece, self.mined, parts.recipe, parts.runtime, self.store.progress)
        self.store.save_losses(self.piece.start, losses)
        return for_inference(student, parts.runtime)


def fine_tune(
    student: Student, piece: Piece, mined: Sequence[Mined], recipe: Recipe, runtime: Runtime, progress: Progress
) -> list[float]:
    """Fit a student to the pseudo ground truth of the mined frames; returns the losses."""
    runtime.apply()  # whatever was drawn before, on this video or another, must not matter
    options = recipe.train
    steps = -(-round(recipe.per_frame * len(mined)) // options.batch)  # none at all if train.lambda is 0
    if student.window > 1:
        draw = draw_clips(piece, mined, student, options.batch)
    else:
        draw = draw_mined(piece, mined, student.size, options.batch)
    if recipe.mirror:
        draw = mirrored_by_turns(draw, len(mined))
    return fit(student, draw, steps, options, runtime, after_step=lambda step, _: progress("learn", step, steps))


def draw_mined(piece: Piece, mined: Sequence[Mined], size: int, batch: int) -> Draw:
    """Batches that go through the mined frames again and again, each time in another order."""
    pictures = as_batch([piece[m.index].rgb for m in mined], size, size)
    truths = torch.from_numpy(np.stack([resize_map(m.truth, size, size) for m in mined]))[:, None]

    def draw(step: int, generator: torch.Generator) -> Batch:
        order = _turns(len(mined), step, batch)
        truth = truths[order]
        return pictures[order], truth, torch.ones_like(truth)

    return draw


def draw_clips(piece: Piece, mined: Sequence[Mined], student: Student, batch: int) -> Draw:
    """The same in windows around the mined frames; the loss leaves out frames that were not mined (MQP, V-C)."""
    size, truths = student.size, {m.index: m.truth for m in mined}

    def one(number: int) -> tuple[Tensor, Tensor, Tensor]:
        window = piece.window(mined[number].index, student.window)
        known = [truths.get(frame.index - piece.start) for frame in window.frames]
        truth = np.stack(
            [np.zeros((size, size), np.float32) if m is None else resize_map(m, size, size) for m in known]
        )
        weight = torch.tensor([float(m is not None) for m in known])[:, None, None, None]
        return as_batch([frame.rgb for frame in window.frames], size, size), torch.from_numpy(truth)[:, None], weight

    def draw(step: int, generator: torch.Generator) -> Batch:
        clips, truth, weight = zip(*map(one, _turns(len(mined), step, batch)), strict=True)
        joined = torch.cat(truth)
        return torch.stack(clips), joined, torch.cat(weight).expand_as(joined)

    return draw


def mirrored_by_turns(draw: Draw, count: int) -> Draw:
    """The same batches of `count` mined frames; every second time a frame comes, it comes in a mirror."""

    def turned(step: int, generator: torch.Generator) -> Batch:
        seen, *rest = draw(step, generator)
        second = torch.arange(step * len(seen), (step + 1) * len(seen)) // count % 2 == 1
        return tuple(mirrored(x, second.repeat_interleave(len(x) // len(seen))) for x in (seen, *rest))

    return turned


def _turns(count: int, step: int, batch: int) -> list[int]:
    """Which mined frames are in the batch of a step: each once, in a new order, before any again."""
    return [_shuffled(count, k // count)[k % count] for k in range(step * batch, (step + 1) * batch)]


def _shuffled(count: int, epoch: int) -> list[int]:
    return torch.randperm(count, generator=torch.Generator().manual_seed(epoch)).tolist()
