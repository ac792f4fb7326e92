"""`boostvsod.flow.pictures` for batches of tensors: fast on a GPU, and with random strengths of the colours."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from boostvsod.flow.camera import FAST, FLOOR
from boostvsod.flow.colour import WHEEL
from boostvsod.flow.pictures import REST

COLOURS = torch.tensor(WHEEL, dtype=torch.float32) / 255


def colours(flow: Tensor, largest: Tensor) -> Tensor:
    """Flow B 2 H W as pictures B 3 H W in [0, 1]. `largest`, B, is the speed of full saturation."""
    x, y = (flow / largest.view(-1, 1, 1, 1)).unbind(1)
    radius = torch.hypot(x, y)[:, None]
    wheel = COLOURS.to(flow.device)
    turn = (torch.atan2(-y, -x) / math.pi + 1) / 2 * (len(wheel) - 1)
    lower = turn.floor().clamp(0, len(wheel) - 1)
    share = (turn - lower)[:, None]
    index = lower.long()
    first, second = (wheel[i].permute(0, 3, 1, 2) for i in (index, (index + 1) % len(wheel)))
    pure = first * (1 - share) + second * share
    return torch.where(radius <= 1, 1 - radius * (1 - pure), 0.75 * pure)


def speeds(flow: Tensor) -> Tensor:
    """The speed, B, that only the fastest hundredth of the pixels exceeds; flow B 2 H W."""
    sampled = torch.hypot(*flow[:, :, ::4, ::4].float().unbind(1)).flatten(1)
    return sampled.quantile(FAST, dim=1)


def pictures(flow: Tensor, rest: Tensor, gain: Tensor | None = None) -> Tensor:
    """Two pictures B 6 H W of the flow and of the flow without the camera's motion, each B 2 H W.

    `gain`, 2 B, makes the colours stronger or fainter.
    """
    fast = speeds(flow).clamp_min(FLOOR)
    slow = torch.maximum(speeds(rest).clamp_min(FLOOR), REST * fast)
    if gain is not None:
        fast, slow = fast * gain[0], slow * gain[1]
    return torch.cat([colours(flow, fast), colours(rest, slow)], 1).clamp(0, 1)


def smooth(x: Tensor, size: int) -> Tensor:
    """The mean of `size` x `size` pixels around each pixel."""
    return F.avg_pool2d(x, size, 1, size // 2, count_include_pad=False)
