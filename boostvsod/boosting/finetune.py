"""Fine-tuning: a student learns one piece of video from its mined frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from boostvsod.boosting.parts import Learning
from boostvsod.boosting.store import Store
from boostvsod.errors.user_code import user_code
from boostvsod.kinds import Map, Mined, Progress, Student
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map
from boostvsod.media.video import Piece
from boostvsod.recipe import Recipe
from boostvsod.runtime import Runtime
from boostvsod.training.augment import mirrored
from boostvsod.training.loop import Batch, Draw, fit
from boostvsod.training.students import as_batch, for_inference, predict, predict_windows


class FineTuning:
    """A student that is fine-tuned on the mined frames of a piece, and then predicts every frame of it."""

    concurrent = True

    def __init__(self, piece: Piece, parts: Learning, store: Store) -> None:
        self.piece, self.parts, self.store = piece, parts, store
        self.trained: Student | None = None

    def fit(self, truths: Sequence[Mined]) -> None:
        """Fine-tune a fresh student, at the size that the recipe gives, and save the losses."""
        parts, fresh = self.parts, self.parts.fresh_student()
        student = replace(fresh, size=parts.recipe.train.size or fresh.size)
        with user_code(f"student {parts.recipe.student}, while it learnt"):
            losses = fine_tune(student, self.piece, truths, parts.recipe, parts.runtime, self.store.progress)
        self.store.save_losses(self.piece.start, losses)
        self.trained = for_inference(student, parts.runtime)

    def predict(self, piece: Piece, numbers: Sequence[int]) -> list[Map]:
        """The student's maps of some frames; `fit` comes first."""
        assert self.trained is not None, "a learner is fitted before it predicts"
        runtime, mirror = self.parts.runtime, self.parts.recipe.mirror
        names = [piece.names[i] for i in numbers]
        with user_code(f"student {self.parts.recipe.student}", *names):
            if (length := self.trained.window) > 1:
                return predict_windows(self.trained, [piece.window(i, length) for i in numbers], runtime, mirror=mirror)
            return predict(self.trained, [piece[i].rgb for i in numbers], runtime, mirror=mirror)


def fine_tune(
    student: Student, piece: Piece, mined: Sequence[Mined], recipe: Recipe, runtime: Runtime, progress: Progress
) -> list[float]:
    """Fit a student in place to the pseudo ground truth of the mined frames. Returns the loss of each step."""
    runtime.apply()  # the result must not depend on what was drawn before
    options = recipe.train
    steps = -(-round(recipe.per_frame * len(mined)) // options.batch)  # none at all if train.lambda is 0
    if recipe.most_steps:
        steps = min(steps, recipe.most_steps)
    if student.window > 1:
        draw = draw_clips(piece, mined, student, options.batch)
    else:
        draw = draw_mined(piece, mined, student.size, options.batch)
    if recipe.mirror:
        draw = mirrored_by_turns(draw, len(mined))
    return fit(student, draw, steps, options, runtime, after_step=lambda step, _: progress("learn", step, steps))


def draw_mined(piece: Piece, mined: Sequence[Mined], size: int, batch: int) -> Draw:
    """Batches that pass over the mined frames again and again, each time in another order."""
    pictures = np.stack([resize_rgb(piece[m.index].rgb, size, size) for m in mined])  # bytes: long clips must fit
    truths = torch.from_numpy(np.stack([resize_map(m.truth, size, size) for m in mined]))[:, None]

    def draw(step: int, generator: torch.Generator) -> Batch:
        order = _turns(len(mined), step, batch)
        truth = truths[order]
        return as_batch(list(pictures[order]), size, size), truth, torch.ones_like(truth)

    return draw


def draw_clips(piece: Piece, mined: Sequence[Mined], student: Student, batch: int) -> Draw:
    """The same with windows around the mined frames. Frames that were not mined do not count in the loss (MQP, V-C)."""
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
    """The same batches of `count` mined frames; every second time a frame comes, it is mirrored."""

    def drawn(step: int, generator: torch.Generator) -> Batch:
        pictures, *rest = draw(step, generator)
        size = len(pictures)
        second = torch.arange(step * size, (step + 1) * size) // count % 2 == 1
        return tuple(mirrored(x, second.repeat_interleave(len(x) // size)) for x in (pictures, *rest))

    return drawn


def _turns(count: int, step: int, batch: int) -> list[int]:
    """The mined frames in the batch of a step. Every frame comes once, in a new order, before any comes again."""
    return [_shuffled(count, k // count)[k % count] for k in range(step * batch, (step + 1) * batch)]


def _shuffled(count: int, epoch: int) -> list[int]:
    return torch.randperm(count, generator=torch.Generator().manual_seed(epoch)).tolist()
