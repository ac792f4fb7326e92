"""What flow networks are made of besides convolutions. One implementation of each, for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def in_turn(owner: nn.Module, names: Sequence[str], x: Tensor) -> list[Tensor]:
    """What comes of passing x through the modules of those names one after another, after each of them."""
    passed = []
    for name in names:
        x = owner.get_submodule(name)(x)
        passed.append(x)
    return passed


def pixel_grid(like: Tensor) -> Tensor:
    """Every pixel's (x, y) in the image plane of B C H W: 1 2 H W.

    Always float32: bf16 has no odd numbers above 256.
    """
    height, width = like.shape[-2:]
    y = torch.arange(height, device=like.device, dtype=torch.float32)
    x = torch.arange(width, device=like.device, dtype=torch.float32)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"))[None]


def sample(image: Tensor, places: Tensor, padding: str = "zeros") -> Tensor:
    """B C h w at pixel places B 2 H W, bilinear, corners aligned -> B C H W."""
    height, width = image.shape[-2:]
    scale = torch.tensor([width - 1, height - 1], device=image.device, dtype=torch.float32).clamp_min(1)
    grid = 2 * places.float().permute(0, 2, 3, 1) / scale - 1
    return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode=padding, align_corners=True)


def warp(image: Tensor, flow: Tensor, padding: str = "zeros") -> Tensor:
    """The second image as the first sees it: out(p) = image(p + flow(p))."""
    return sample(image, pixel_grid(flow) + flow, padding)


def warp_inside(image: Tensor, flow: Tensor, least: float) -> Tensor:
    """`warp`, zero where less than `least` of what is sampled lies inside the image."""
    inside = warp(torch.ones_like(image[:, :1]), flow) > least
    return warp(image, flow) * inside


def correlate(first: Tensor, second: Tensor, reach: int, step: int = 1) -> Tensor:
    """Mean over channels of first(p) * second(p + d), for |dx|, |dy| <= reach in steps: B D D H W as B D*D H W.

    dy is the slow index of the channels. Outside the image there are zeros.
    """
    height, width = first.shape[-2:]
    padded = F.pad(second, (reach, reach, reach, reach))
    offsets = range(0, 2 * reach + 1, step)
    costs = [(first * padded[..., dy : dy + height, dx : dx + width]).mean(1) for dy in offsets for dx in offsets]
    return torch.stack(costs, 1)
