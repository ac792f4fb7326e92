"""LiteFlowNet: on each level it matches features, refines the flow below one pixel, and smooths it.

Hui et al., "LiteFlowNet: A Lightweight Convolutional Neural Network for Optical Flow Estimation", CVPR 2018.
Key names are those of sniklaus/pytorch-liteflownet @ a81ea7b (GPL-3.0); written for boostvsod from facts about
that code alone. The original is twhui/LiteFlowNet; its weights are for research only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_plugins.flow.nets.operators import correlate, in_turn, warp

NAMES = ("One", "Two", "Thr", "Fou", "Fiv", "Six")
WIDTHS = (32, 32, 64, 96, 128, 192)
CONVS = (1, 3, 2, 2, 1, 1)  # of each level of the feature pyramid
MEANS = ((0.411618, 0.434631, 0.454253), (0.410782, 0.433645, 0.452793))  # BGR of each picture, as in its training
LEVELS = (2, 3, 4, 5, 6)  # level 2 has half the size; module lists are in this order
SPEEDS = {2: 10.0, 3: 5.0, 4: 2.5, 5: 1.25, 6: 0.625}
KERNELS = {2: 7, 3: 5, 4: 5, 5: 3, 6: 3}
COSTS = 49


def leaky(inside: int, widths: tuple[int, ...], last: int = 0) -> nn.Sequential:
    """3x3 convolutions with LeakyReLU, then, if `last` > 0, one to two channels with that kernel and without ReLU."""
    layers: list[nn.Module] = []
    for outside in widths:
        layers += [nn.Conv2d(inside, outside, 3, 1, 1), nn.LeakyReLU(0.1)]
        inside = outside
    if last:
        layers.append(nn.Conv2d(inside, 2, last, 1, last // 2))
    return nn.Sequential(*layers)


def one_by_one(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 1), nn.LeakyReLU(0.1))


class Features(nn.Module):
    """The pyramid of features from the full size to 1/32 of it."""

    def __init__(self) -> None:
        super().__init__()
        inside = 3
        for i, (name, outside, count) in enumerate(zip(NAMES, WIDTHS, CONVS, strict=True)):
            stage = leaky(inside, (outside,) * count)
            stage[0] = nn.Conv2d(3, outside, 7, 1, 3) if i == 0 else nn.Conv2d(inside, outside, 3, 2, 1)
            self.add_module(f"net{name}", stage)
            inside = outside

    def forward(self, x: Tensor) -> list[Tensor]:
        return in_turn(self, [f"net{name}" for name in NAMES], x)


class Matching(nn.Module):
    """The upsampled flow of the coarser level, corrected by the costs around it."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self.speed, self.sparse = SPEEDS[level], level < 4
        self.netFeat = one_by_one(32, 64) if level == 2 else nn.Identity()
        if level < 6:
            self.netUpflow = nn.ConvTranspose2d(2, 2, 4, 2, 1, groups=2, bias=False)
        if self.sparse:
            self.netUpcorr = nn.ConvTranspose2d(COSTS, COSTS, 4, 2, 1, groups=COSTS, bias=False)
        self.netMain = leaky(COSTS, (128, 64, 32), KERNELS[level])

    def forward(self, first: Tensor, second: Tensor, flow: Tensor | None) -> Tensor:
        first, second = self.netFeat(first), self.netFeat(second)
        up = None
        if flow is not None:
            up = self.netUpflow(flow)
            second = warp(second, up * self.speed)
        if self.sparse:  # every second pixel, with displacements in steps of two
            costs = self.netUpcorr(F.leaky_relu(correlate(first, second, 6, step=2)[..., ::2, ::2], 0.1))
        else:
            costs = F.leaky_relu(correlate(first, second, 3), 0.1)
        correction: Tensor = self.netMain(costs)
        return correction if up is None else up + correction


class Subpixel(nn.Module):
    """The flow, corrected by the features of both pictures, the second warped to the first."""

    def __init__(self, level: int, width: int) -> None:
        super().__init__()
        self.speed = SPEEDS[level]
        self.netFeat = one_by_one(32, 64) if level == 2 else nn.Identity()
        self.netMain = leaky(2 * (64 if level == 2 else width) + 2, (128, 64, 32), KERNELS[level])

    def forward(self, first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
        first, second = self.netFeat(first), self.netFeat(second)
        y: Tensor = flow + self.netMain(torch.cat([first, warp(second, flow * self.speed), flow], 1))
        return y


class Regularization(nn.Module):
    """The average of the flow around each pixel, with weights computed from the pictures and features."""

    def __init__(self, level: int, width: int) -> None:
        super().__init__()
        self.speed, self.kernel = SPEEDS[level], KERNELS[level]
        self.netFeat = one_by_one(width, 128) if level < 5 else nn.Identity()
        self.netMain = leaky((128 if level < 5 else width) + 3, (128, 128, 64, 64, 32, 32))
        k, cells, half = self.kernel, self.kernel**2, self.kernel // 2
        if level < 5:
            rows = nn.Conv2d(32, cells, (k, 1), 1, (half, 0))
            self.netDist = nn.Sequential(rows, nn.Conv2d(cells, cells, (1, k), 1, (0, half)))
        else:
            self.netDist = nn.Sequential(nn.Conv2d(32, cells, k, 1, half))
        self.netScaleX = nn.Conv2d(cells, 1, 1)
        self.netScaleY = nn.Conv2d(cells, 1, 1)

    def forward(self, pictures: tuple[Tensor, Tensor], feature: Tensor, flow: Tensor) -> Tensor:
        difference = pictures[0] - warp(pictures[1], flow * self.speed)
        brightness = difference.pow(2).sum(1, keepdim=True).sqrt()
        centred = flow - flow.mean((2, 3), keepdim=True)
        features = self.netMain(torch.cat([brightness, centred, self.netFeat(feature)], 1))
        distance = -self.netDist(features).pow(2)
        weights = (distance - distance.amax(1, keepdim=True)).exp()
        total = weights.sum(1, keepdim=True)
        smoothed = [
            scale(weights * F.unfold(part, self.kernel, padding=self.kernel // 2).view_as(weights)) / total
            for scale, part in ((self.netScaleX, flow[:, :1]), (self.netScaleY, flow[:, 1:]))
        ]
        return torch.cat(smoothed, 1)


class LiteFlowNet(nn.Module):
    """Two pictures, BGR in [0, 1], B 3 H W, sides multiples of 32 -> flow B 2 H/2 W/2 in full pixels."""

    def __init__(self) -> None:
        super().__init__()
        widths = {level: WIDTHS[level - 1] for level in LEVELS}
        self.netFeatures = Features()
        self.netMatching = nn.ModuleList(Matching(level) for level in LEVELS)
        self.netSubpixel = nn.ModuleList(Subpixel(level, widths[level]) for level in LEVELS)
        self.netRegularization = nn.ModuleList(Regularization(level, widths[level]) for level in LEVELS)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        pictures = [x - x.new_tensor(mean).view(1, 3, 1, 1) for x, mean in zip((first, second), MEANS, strict=True)]
        a, b = (self.netFeatures(x) for x in pictures)
        scaled = [pictures]
        for feature in a[1:]:  # each level is made from the level before, not from the full size
            scaled.append([F.interpolate(x, feature.shape[-2:], mode="bilinear") for x in scaled[-1]])
        flow: Tensor | None = None
        for i, level in reversed(list(enumerate(LEVELS))):
            at = level - 1
            flow = self.netMatching[i](a[at], b[at], flow)
            flow = self.netSubpixel[i](a[at], b[at], flow)
            flow = self.netRegularization[i]((scaled[at][0], scaled[at][1]), a[at], flow)
        assert flow is not None, "there are five levels"
        return 20 * flow
