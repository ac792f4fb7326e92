"""The losses that training minimises.

Each takes logits, soft truth in [0, 1] and a weight for each pixel, all B 1 S S, and returns one number for the batch.
Pixels with weight 0 do not count.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from boostvsod.errors import ConfigError

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def euclidean(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """NR Eq. 8, 1/(2N) sum ||truth - prediction||^2 over N images, divided by the pixels of one image.

    Because of the division one learning rate fits every size S. A rate r for the undivided sum, as in Caffe,
    becomes r * S * S here.
    """
    return (weight * (truth - torch.sigmoid(logits)) ** 2).sum() / (2 * weight.sum().clamp_min(1))


def bce(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Binary cross-entropy: the weighted mean over the pixels."""
    per_pixel = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (weight * per_pixel).sum() / weight.sum().clamp_min(1)


def iou(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """One minus the soft intersection over union, averaged over the images."""
    prediction = torch.sigmoid(logits)
    both = (weight * prediction * truth).sum((1, 2, 3))
    either = (weight * (prediction + truth - prediction * truth)).sum((1, 2, 3))
    return (1 - (both + 1) / (either + 1)).mean()


def bce_iou(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """The sum of `bce`, which counts pixels, and `iou`, which counts regions."""
    return bce(logits, truth, weight) + iou(logits, truth, weight)


LOSSES: dict[str, Loss] = {"euclidean": euclidean, "bce": bce, "bce+iou": bce_iou}


def find_loss(name: str) -> Loss:
    """The loss with this name."""
    if name not in LOSSES:
        raise ConfigError(f"train.loss {name!r} is unknown; there are: {', '.join(LOSSES)}")
    return LOSSES[name]


def supervise(outputs: Tensor | tuple[Tensor, ...], truth: Tensor, weight: Tensor, loss: Loss, side: float) -> Tensor:
    """The loss of the main (first) output, plus `side` times the sum of the losses of the other outputs."""
    if isinstance(outputs, Tensor):
        outputs = (outputs,)
    main, *sides = (loss(logits.float(), truth, weight) for logits in outputs)
    return main + side * sum(sides, torch.zeros((), device=truth.device))
