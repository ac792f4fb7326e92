"""FastFlowNet: a light pyramid whose cost volumes hold 53 of 81 displacements.

Kong et al., "FastFlowNet: A Lightweight Network for Fast Optical Flow Estimation", ICRA 2021. Official
code: ltkong218/FastFlowNet @ 4841088 (MIT), FastFlowNet_v2.py. Written for boostvsod from facts about that code;
key names are the official ones.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_plugins.flow.nets.operators import correlate, warp

REACH = 4
# The displacements in the cost volume, as dx + 4 for each row dy = -4 ... 4: dense in the middle, sparse outside.
COLUMNS = ("02468", "1357", "0234568", "1234567", "0234568", "1234567", "0234568", "1357", "02468")
INDEX = [9 * row + int(column) for row, columns in enumerate(COLUMNS) for column in columns]
GROUPS = 3
SPEEDS = {5: 0.625, 4: 1.25, 3: 2.5, 2: 5.0}  # pixels of a level per unit of flow; the unit is 20 full pixels


def unit(inside: int, outside: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, stride, 1, groups=groups), nn.LeakyReLU(0.1))


class Decoder(nn.Module):
    """Costs, features and flow -> a correction of the flow."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = unit(len(INDEX) + 32 + 2, 96)
        self.conv2 = unit(96, 96, groups=GROUPS)
        self.conv3 = unit(96, 96, groups=GROUPS)
        self.conv4 = unit(96, 96, groups=GROUPS)
        self.conv5 = unit(96, 64)
        self.conv6 = unit(64, 32)
        self.conv7 = nn.Conv2d(32, 2, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        for conv in (self.conv2, self.conv3, self.conv4):
            x = F.channel_shuffle(conv(x), GROUPS)
        y: Tensor = self.conv7(self.conv6(self.conv5(x)))
        return y


class FastFlowNet(nn.Module):
    """Two pictures, BGR in [0, 1] minus the mean, B 3 H W, sides multiples of 64 -> flow B 2 H/4 W/4 in full pixels."""

    def __init__(self) -> None:
        super().__init__()
        for level, inside, outside, count in ((1, 3, 16, 2), (2, 16, 32, 3), (3, 32, 64, 3)):
            for i in range(1, count + 1):
                self.add_module(f"pconv{level}_{i}", unit(inside if i == 1 else outside, outside, 2 if i == 1 else 1))
        for level in range(2, 7):
            self.add_module(f"rconv{level}", unit(32 if level == 2 else 64, 32))
            self.add_module(f"decoder{level}", Decoder())
            if level > 2:
                self.add_module(f"up{level}", nn.ConvTranspose2d(2, 2, 4, 2, 1))
        self.counts = {1: 2, 2: 3, 3: 3}

    def pyramid(self, x: Tensor) -> dict[int, Tensor]:
        """The features of the levels 1 to 6. The coarse levels are averages of the finer ones."""
        levels = {}
        for level, count in self.counts.items():
            for i in range(1, count + 1):
                x = self.get_submodule(f"pconv{level}_{i}")(x)
            levels[level] = x
        for level in (4, 5, 6):
            levels[level] = F.avg_pool2d(levels[level - 1], 2)
        return levels

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        a, b = self.pyramid(first), self.pyramid(second)
        flow = torch.zeros_like(a[6][:, :2])
        for level in range(6, 1, -1):
            other = b[level]
            if level < 6:
                flow = self.get_submodule(f"up{level + 1}")(flow)
                other = warp(other, flow * SPEEDS[level])
            costs = correlate(a[level], other, REACH)[:, INDEX]
            features = self.get_submodule(f"rconv{level}")(a[level])
            flow = flow + self.get_submodule(f"decoder{level}")(torch.cat([costs, features, flow], 1))
        return 20 * flow
