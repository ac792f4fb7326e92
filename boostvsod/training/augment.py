"""Random augmentation of training pictures, in batches, on the training device.

Every random number that steers a view is drawn on the CPU from the given generator.
All devices therefore see the same views.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from boostvsod.offer import Range, Share
from boostvsod.settings import check_fields


@dataclass(frozen=True)
class Augment:
    """The limits of the random changes. Sizes are ratios: a zoom of 0.6 shows 60 % of the picture's side.

    `swap` permutes the colour channels. For colour-coded flow this shows about the same motion in another direction.
    """

    flip: bool = True
    zoom: Annotated[tuple[float, float], Range(0.05, 20)] = (0.55, 1.15)
    aspect: Annotated[float, Range(0, 2)] = 0.2
    degrees: Annotated[float, Range(0, 180)] = 12.0
    colour: Annotated[float, Range(0, 2)] = 0.3
    grey: Share = 0.1
    swap: bool = False
    blur: Share = 0.2
    noise: Share = 0.03

    def __post_init__(self) -> None:
        check_fields(self, "augment")


def views(pictures: Tensor, masks: Tensor, options: Augment, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random views of pictures B 3 S S and masks B 1 S S, both in bytes.

    Returns floats in [0, 1] of the same shapes.
    """
    both = torch.cat([pictures, masks], 1).float() / 255
    grid = F.affine_grid(_placements(len(both), options, draw).to(both.device), list(both.shape), False)
    moved = F.grid_sample(both, grid, padding_mode="reflection", align_corners=False)
    rgb = _recolour(_swap(moved[:, :3], draw) if options.swap else moved[:, :3], options, draw)
    return _degrade(rgb, options, draw).clamp(0, 1), moved[:, 3:].clamp(0, 1)


def mirrored(x: Tensor, which: Tensor) -> Tensor:
    """The batch `x`, B ... W, with the items where `which`, B, is true flipped from left to right."""
    return torch.where(which.view(-1, *[1] * (x.ndim - 1)), x.flip(-1), x)


def _uniform(count: int, low: float, high: float, draw: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=draw)


def _placements(count: int, options: Augment, draw: torch.Generator) -> Tensor:
    """Random affine maps, B 2 3, from the coordinates of the view to those of the picture."""
    zoom = _uniform(count, math.log(options.zoom[0]), math.log(options.zoom[1]), draw).exp()
    stretch = _uniform(count, -options.aspect, options.aspect, draw).exp()
    angle = _uniform(count, -1, 1, draw) * math.radians(options.degrees)
    mirror = 1 - 2 * (torch.rand(count, generator=draw) < (0.5 if options.flip else 0)).float()
    across, down = zoom * stretch, zoom / stretch
    cos, sin = angle.cos(), angle.sin()
    slack_x, slack_y = (1 - across).abs(), (1 - down).abs()
    shift_x = _uniform(count, -1, 1, draw) * slack_x
    shift_y = _uniform(count, -1, 1, draw) * slack_y
    row_x = torch.stack([mirror * across * cos, -down * sin, shift_x], 1)
    row_y = torch.stack([mirror * across * sin, down * cos, shift_y], 1)
    return torch.stack([row_x, row_y], 1)


def _swap(rgb: Tensor, draw: torch.Generator) -> Tensor:
    """Permute the channels of each picture in its own random order."""
    order = torch.rand(len(rgb), 3, generator=draw).argsort(1).to(rgb.device)
    return rgb.gather(1, order[:, :, None, None].expand_as(rgb))


def _recolour(rgb: Tensor, options: Augment, draw: torch.Generator) -> Tensor:
    """Change brightness, contrast, saturation and colour cast by up to `colour`; turn some pictures grey."""
    count, reach = len(rgb), options.colour

    def factor(width: int, share: float) -> Tensor:
        spread = _uniform(count * width, -share, share, draw).exp()
        return spread.view(count, width, 1, 1).to(rgb.device)

    grey = rgb.mean(1, keepdim=True)
    saturation = factor(1, 1.5 * reach)
    turned_grey = (torch.rand(count, 1, 1, 1, generator=draw) < options.grey).to(rgb.device)
    rgb = grey + (rgb - grey) * torch.where(turned_grey, 0.0, saturation)
    middle = rgb.mean((1, 2, 3), keepdim=True)
    return (middle + (rgb - middle) * factor(1, reach)) * factor(1, reach) * factor(3, reach / 3)


def _degrade(rgb: Tensor, options: Augment, draw: torch.Generator) -> Tensor:
    """Blur some pictures, as motion and compression do, and add a little noise to all."""
    count = len(rgb)
    blurred = F.avg_pool2d(rgb, 3, 1, 1, count_include_pad=False)
    pick = (torch.rand(count, 1, 1, 1, generator=draw) < options.blur).to(rgb.device)
    level = (_uniform(count, 0, options.noise, draw)).view(-1, 1, 1, 1).to(rgb.device)
    # On a GPU the noise comes from the device: it need not be the same on all devices.
    noise = torch.randn(rgb.shape, generator=draw).to(rgb.device) if rgb.device.type == "cpu" else torch.randn_like(rgb)
    return torch.where(pick, blurred, rgb) + level * noise
