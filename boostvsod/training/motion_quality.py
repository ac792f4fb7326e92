"""How good the motion of a frame is, to learn from: MQP, Eq. 1 to 7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod.errors import ConfigError
from boostvsod.kinds import Student
from boostvsod.metrics.structure import s_measure
from boostvsod.recipe import TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.training.loop import Objective
from boostvsod.training.losses import loss_called, supervise
from boostvsod.training.samples import Samples
from boostvsod.training.students import predict_batch
from boostvsod.training.tasks import Task

BATCH = 16


def motion_scores(samples: Samples, theta: Student, runtime: Runtime) -> NDArray[np.float64]:
    """MQS = S(Theta(C), GT), Eq. 1: what a network for pictures makes of the coloured flow, against the truth."""
    scores = []
    for start in range(0, len(samples), BATCH):
        maps = predict_batch(theta, samples.pictures[start : start + BATCH].float() / 255, runtime)
        masks = samples.masks[start : start + BATCH, 0].numpy() > 127
        scores += [s_measure(saliency, mask) for saliency, mask in zip(maps, masks, strict=True)]
    return np.array(scores)


def quality_threshold(scores: NDArray[np.float64], start: float = 0.5) -> float:
    """lambda of Eq. 2, by Eq. 3 and 4 in turn: omega = mean of the scores from lambda on, lambda = (0.5 + omega) / 2.

    Each step can only drop the lowest scores, so omega never falls and the turns end.
    """
    threshold = start
    while (above := scores[scores >= threshold]).size:
        following = (0.5 + float(above.mean())) / 2
        if following <= threshold:
            break
        threshold = following
    return threshold


def labelled(samples: Samples, scores: NDArray[np.float64], threshold: float) -> Samples:
    """The same samples, each with the label of Eq. 2."""
    return replace(samples, labels=torch.from_numpy((scores >= threshold).astype(np.float32)))


def can_judge(student: Student, who: str) -> Student:
    """The student, if it says how good motion is."""
    if not hasattr(student.net, "judge"):
        raise ConfigError(f"{who} cannot judge motion; judge-lite, judge-cpd and judge-vgg can")
    return student


def judging_task(task: Task, held_out: Samples, options: TrainOptions, runtime: Runtime) -> Task:
    """The task for a network that judges as well."""

    def examine(student: Student) -> dict[str, float]:
        return task.examine(student) | {"judged right": judged_right(student.net, held_out, runtime)}

    return replace(task, objective=of_judges(options), examine=examine)


def of_judges(options: TrainOptions) -> Objective:
    """Eq. 5: the loss of the map (Eq. 6) and the cross-entropy of the quality (Eq. 7)."""
    loss = loss_called(options.loss)

    def objective(net: nn.Module, rgb: Tensor, rest: Sequence[Tensor]) -> Tensor:
        truth, weight, label = rest
        quality, logits = net.judge(rgb)  # type: ignore[operator]
        located = supervise(logits, truth, weight, loss, options.side)
        return located + F.binary_cross_entropy_with_logits(quality.float(), label)

    return objective


def judged_right(net: nn.Module, samples: Samples, runtime: Runtime) -> float:
    """The share of samples whose label the quality tells; NaN of no sample."""
    assert samples.labels is not None, "judging is scored on labelled samples"
    told = []
    with torch.inference_mode(), runtime.autocast():
        for start in range(0, len(samples), BATCH):
            rgb = samples.pictures[start : start + BATCH].to(runtime.device).float() / 255
            told.append(net.judge(rgb)[0].float().cpu() >= 0)  # type: ignore[operator]
    if not told:
        return float("nan")
    return float((torch.cat(told) == (samples.labels >= 0.5)).float().mean())
