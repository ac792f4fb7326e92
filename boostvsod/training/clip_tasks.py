"""Training tasks on clips: masks of windows of frames, and the mask of a frame between two annotated frames."""

from __future__ import annotations

from functools import partial

import torch

from boostvsod.kinds import Student
from boostvsod.metrics.scores import Scores
from boostvsod.runtime import Runtime
from boostvsod.training.augment import mirrored
from boostvsod.training.clips import Clips
from boostvsod.training.loop import Batch, Draw
from boostvsod.training.samples import Samples
from boostvsod.training.students import predict_batch
from boostvsod.training.tasks import Task


def clip_task(clips: Clips, held_out: Clips, window: int, batch: int, runtime: Runtime) -> Task:
    """Learn the masks of windows of neighbouring frames. Frames without a mask do not count in the loss."""
    draw = draw_windows(clips, window, batch)
    evaluate = partial(score_windows, clips=held_out, runtime=runtime)
    return Task(int(clips.known.sum()), draw, evaluate, stamp=clips.samples.stamp())


def draw_windows(clips: Clips, window: int, batch: int) -> Draw:
    """Random windows that hold a frame with a mask; half of the windows are mirrored."""
    annotated = torch.nonzero(clips.known)[:, 0]
    span_of = {row: span for span in clips.spans for row in span}

    def draw(step: int, generator: torch.Generator) -> Batch:
        chosen = annotated[torch.randint(len(annotated), (batch,), generator=generator)].tolist()
        back = torch.randint(window, (batch,), generator=generator).tolist()
        flipped = torch.randint(2, (batch,), generator=generator).bool()
        rows = torch.tensor([window_rows(span_of[i], i - b, window) for i, b in zip(chosen, back, strict=True)])
        rgb, truth = clips.samples.pictures[rows].float() / 255, clips.samples.masks[rows].float() / 255
        rgb, truth = (mirrored(x, flipped) for x in (rgb, truth))
        weight = clips.known[rows][..., None, None, None].expand_as(truth)
        return rgb, truth.flatten(0, 1), weight.flatten(0, 1)

    return draw


def window_rows(span: range, start: int, window: int) -> list[int]:
    """The numbers of `window` neighbouring frames of one clip. A shorter clip repeats its last frame."""
    start = max(span.start, min(start, span.stop - window))
    return [min(i, span.stop - 1) for i in range(start, start + window)]


def score_windows(student: Student, clips: Clips, runtime: Runtime) -> dict[str, float]:
    """All measures of a clip network's maps, window after window, over the frames that have a mask."""
    scores = Scores()
    for span in clips.spans:
        for first in range(span.start, span.stop, student.window):
            rows = window_rows(span, first, student.window)
            rgb = clips.samples.pictures[rows][None].float() / 255
            maps = dict(zip(rows, predict_batch(student, rgb, runtime), strict=True))
            for row in set(rows) & set(range(first, span.stop)):
                if clips.known[row]:
                    scores.step(maps[row], clips.samples.masks[row, 0].numpy() > 127)
    return scores.result()


def gap_task(samples: Samples, held_out: Samples, batch: int, runtime: Runtime) -> Task:
    """Learn the mask of a frame between two annotated frames."""

    def draw(step: int, generator: torch.Generator) -> Batch:
        chosen = torch.randint(len(samples), (batch,), generator=generator)
        flipped = torch.randint(2, (batch,), generator=generator).bool()
        inputs, truth = samples.pictures[chosen].float(), samples.masks[chosen].float() / 255
        inputs, truth = (mirrored(x, flipped) for x in (inputs, truth))
        return inputs, truth, torch.ones_like(truth)

    return Task(len(samples), draw, lambda student: score_gaps(student, held_out, runtime), stamp=samples.stamp())


def score_gaps(student: Student, samples: Samples, runtime: Runtime) -> dict[str, float]:
    """All measures of the predicted masks against the real ones, by name."""
    scores = Scores()
    for inputs, mask in zip(samples.pictures, samples.masks, strict=True):
        scores.step(predict_batch(student, inputs[None].float(), runtime)[0], mask[0].numpy() > 127)
    return scores.result()
