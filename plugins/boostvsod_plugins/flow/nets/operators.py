"""The operations of flow networks other than convolutions: sampling, warping and correlation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def in_turn(owner: nn.Module, names: Sequence[str], x: Tensor) -> list[Tensor]:
    """Pass x through the modules with these names, one after another. Returns the output of each."""
    outputs = []
    for name in names:
        x = owner.get_submodule(name)(x)
        outputs.append(x)
    return outputs


def pixel_grid(like: Tensor) -> Tensor:
    """The coordinates (x, y) of every pixel of B C H W: 1 2 H W.

    They are always float32, because bf16 has no odd numbers above 256.
    """
    height, width = like.shape[-2:]
    y = torch.arange(height, device=like.device, dtype=torch.float32)
    x = torch.arange(width, device=like.device, dtype=torch.float32)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"))[None]


def sample(image: Tensor, places: Tensor, padding: str = "zeros") -> Tensor:
    """The values of an image B C h w at the pixel coordinates B 2 H W, bilinear with aligned corners -> B C H W."""
    height, width = image.shape[-2:]
    scale = torch.tensor([width - 1, height - 1], device=image.device, dtype=torch.float32).clamp_min(1)
    grid = 2 * places.float().permute(0, 2, 3, 1) / scale - 1
    return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode=padding, align_corners=True)


def warp(image: Tensor, flow: Tensor, padding: str = "zeros") -> Tensor:
    """The second image, warped to the first: out(p) = image(p + flow(p))."""
    return sample(image, pixel_grid(flow) + flow, padding)


def warp_inside(image: Tensor, flow: Tensor, least: float) -> Tensor:
    """`warp`, with zeros where at most the share `least` of a sample lies inside the image."""
    inside = warp(torch.ones_like(image[:, :1]), flow) > least
    return warp(image, flow) * inside


def correlate(first: Tensor, second: Tensor, reach: int, step: int = 1) -> Tensor:
    """The mean over channels of first(p) * second(p + d) for all displacements d -> B D*D H W.

    |dx| and |dy| go up to `reach` in steps of `step`; dy is the slow index. The image is padded with zeros.
    """
    height, width = first.shape[-2:]
    padded = F.pad(second, (reach, reach, reach, reach))
    offsets = range(0, 2 * reach + 1, step)
    costs = [(first * padded[..., dy : dy + height, dx : dx + width]).mean(1) for dy in offsets for dx in offsets]
    return torch.stack(costs, 1)
