"""Motion quality, as MQP learns it: labels for colour-coded flow, and the training of a network that judges it.

MQP, Eq. 1 to 7. This module is about training. `boostvsod.bench.mined_quality` is about results: it checks whether
the frames that a recipe mined are better than the others.
"""

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
from boostvsod.training.losses import find_loss, supervise
from boostvsod.training.samples import Samples
from boostvsod.training.students import predict_batch
from boostvsod.training.tasks import Task

BATCH = 16


def motion_scores(samples: Samples, theta: Student, runtime: Runtime) -> NDArray[np.float64]:
    """MQS = S(Theta(C), GT), Eq. 1, for each sample.

    Theta is a saliency network for pictures. It predicts a map of the coloured flow C, and the S-measure compares
    that map with the truth GT.
    """
    scores = []
    for start in range(0, len(samples), BATCH):
        maps = predict_batch(theta, samples.pictures[start : start + BATCH].float() / 255, runtime)
        masks = samples.masks[start : start + BATCH, 0].numpy() > 127
        scores += [s_measure(saliency, mask) for saliency, mask in zip(maps, masks, strict=True)]
    return np.array(scores)


def quality_threshold(scores: NDArray[np.float64], start: float = 0.5) -> float:
    """lambda of Eq. 2, found by repeating Eq. 3 and 4 until lambda no longer rises.

    Eq. 3: omega = mean of the scores that are at least lambda. Eq. 4: lambda = (0.5 + omega) / 2.
    Each repetition can only drop the lowest scores, so omega never falls and the iteration ends.
    """
    threshold = start
    while (above := scores[scores >= threshold]).size:
        following = (0.5 + float(above.mean())) / 2
        if following <= threshold:
            break
        threshold = following
    return threshold


def labelled(samples: Samples, scores: NDArray[np.float64], threshold: float) -> Samples:
    """The same samples with the labels of Eq. 2: 1 for a score of at least `threshold`, else 0."""
    return replace(samples, labels=torch.from_numpy((scores >= threshold).astype(np.float32)))


def require_judge(student: Student, option: str) -> Student:
    """The student itself; an error that names `option` if its network cannot judge motion."""
    if not hasattr(student.net, "judge"):
        needed = "its network has no method `judge`; see `boostvsod list students`"
        raise ConfigError(f"{option} cannot judge motion: {needed}")
    return student


def judging_task(task: Task, held_out: Samples, options: TrainOptions, runtime: Runtime) -> Task:
    """The same task for a network that also judges motion: another objective, and one more score."""

    def evaluate(student: Student) -> dict[str, float]:
        return task.evaluate(student) | {"judged right": judged_right(student.net, held_out, runtime)}

    return replace(task, objective=judging_objective(options), evaluate=evaluate)


def judging_objective(options: TrainOptions) -> Objective:
    """Eq. 5: the loss of the map (Eq. 6) plus the cross-entropy of the judged quality (Eq. 7)."""
    loss = find_loss(options.loss)

    def objective(net: nn.Module, rgb: Tensor, rest: Sequence[Tensor]) -> Tensor:
        truth, weight, label = rest
        quality, logits = net.judge(rgb)  # type: ignore[operator]
        located = supervise(logits, truth, weight, loss, options.side)
        return located + F.binary_cross_entropy_with_logits(quality.float(), label)

    return objective


def judged_right(net: nn.Module, samples: Samples, runtime: Runtime) -> float:
    """The share of samples whose judged quality agrees with their label; NaN if there is no sample."""
    assert samples.labels is not None, "only labelled samples can be judged right"
    judged = []
    with torch.inference_mode(), runtime.autocast():
        for start in range(0, len(samples), BATCH):
            rgb = samples.pictures[start : start + BATCH].to(runtime.device).float() / 255
            judged.append(net.judge(rgb)[0].float().cpu() >= 0)  # type: ignore[operator]
    if not judged:
        return float("nan")
    return float((torch.cat(judged) == (samples.labels >= 0.5)).float().mean())
