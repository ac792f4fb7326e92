"""SPyNet: a pyramid of small networks, each of which corrects the flow of the coarser one.

Ranjan & Black, "Optical Flow Estimation using a Spatial Pyramid Network", CVPR 2017. Key names and
arithmetic follow sniklaus/pytorch-spynet @ 690689d (GPL-3.0); written for boostvsod from facts about that code
alone. The original is anuragranj/spynet; its weights are for non-commercial research.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_plugins.flow.nets.operators import warp

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WIDTHS = (8, 32, 64, 32, 16, 2)
LEVELS = 6
COARSE = 32  # an image is halved while one of its sides is longer than this


class Basic(nn.Module):
    """Five 7x7 convolutions: first image, warped second image and flow -> a correction of the flow."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inside, outside in pairwise(WIDTHS):
            layers += [nn.Conv2d(inside, outside, 7, padding=3), nn.ReLU()]
        self.netBasic = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.netBasic(x)
        return y


class SPyNet(nn.Module):
    """Two pictures, RGB in [0, 1], B 3 H W, sides multiples of 32 -> flow B 2 H W in pixels."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.netBasic = nn.ModuleList(Basic() for _ in range(LEVELS))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        pyramid = [((first - self.mean) / self.std, (second - self.mean) / self.std)]
        while len(pyramid) < LEVELS and max(pyramid[0][0].shape[-2:]) > COARSE:
            pyramid.insert(0, tuple(F.avg_pool2d(x, 2) for x in pyramid[0]))  # type: ignore[arg-type]
        height, width = pyramid[0][0].shape[-2:]
        flow = first.new_zeros(len(first), 2, height // 2, width // 2)
        for net, (a, b) in zip(self.netBasic, pyramid, strict=False):  # small images use only the coarser networks
            up = enlarge(flow, *a.shape[-2:])
            flow = up + net(torch.cat([a, warp(b, up, "border"), up], 1))
        return flow


def enlarge(flow: Tensor, height: int, width: int) -> Tensor:
    """A flow at twice the size with doubled values. A missing last row or column repeats the one before."""
    up = 2 * F.interpolate(flow, scale_factor=2, mode="bilinear", align_corners=True)
    return F.pad(up, (0, width - up.shape[-1], 0, height - up.shape[-2]), mode="replicate")
