"""COSNet: co-attention between two frames, in which each position attends to all positions of the other frame.

Paper: Lu et al., CVPR 2019. Repository: github.com/carrierlxk/COSNet (no licence stated). Written from the
recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.resnet import ResNet

DEPTH, WIDTH = 512, 256


class ASPP(nn.Module):
    """A 1x1 convolution, three dilated convolutions and the mean of the picture, joined."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, DEPTH, 1)
        self.bn_x = nn.BatchNorm2d(DEPTH)
        for i, rate in enumerate((0, 6, 12, 18)):
            self.add_module(f"conv2d_{i}", nn.Conv2d(inside, DEPTH, 3 if rate else 1, 1, rate, rate or 1))
            self.add_module(f"bn_{i}", nn.BatchNorm2d(DEPTH))
        self.bottleneck = nn.Conv2d(5 * DEPTH, WIDTH, 3, padding=1)
        self.bn = nn.BatchNorm2d(WIDTH)
        self.prelu = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        mean = F.relu(self.bn_x(self.conv(x.mean((2, 3), keepdim=True))))
        branches = [mean.expand(-1, -1, *x.shape[-2:])]
        for i in range(4):
            branches.append(F.relu(self.get_submodule(f"bn_{i}")(self.get_submodule(f"conv2d_{i}")(x))))
        y: Tensor = self.prelu(self.bn(self.bottleneck(torch.cat(branches, 1))))
        return y


class Encoder(ResNet):
    """The encoder of DeepLabV3 with stride 8."""

    def __init__(self) -> None:
        super().__init__(101, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), caffe=True)
        self.layer5 = ASPP(2048)
        self.main_classifier = nn.Conv2d(WIDTH, 1, 1)

    def embed(self, x: Tensor) -> Tensor:
        """The features of frames, B 3 H W -> B 256 H/8 W/8."""
        y: Tensor = self.layer5(self.levels(self.pool(self.stem(x)))[-1])
        return y


class COSNetwork(nn.Module):
    """Two frames, BGR in [0, 255] minus Caffe's means, B 3 H W -> logits of both, and of the second frame alone."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.linear_e = nn.Linear(WIDTH, WIDTH, bias=False)
        self.gate = nn.Conv2d(WIDTH, 1, 1, bias=False)
        for i in (1, 2):
            self.add_module(f"conv{i}", nn.Conv2d(2 * WIDTH, WIDTH, 3, padding=1, bias=False))
            self.add_module(f"bn{i}", nn.BatchNorm2d(WIDTH))
            self.add_module(f"main_classifier{i}", nn.Conv2d(WIDTH, 1, 1))

    def forward(self, one: Tensor, other: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        size = one.shape[-2:]
        a, b = self.encoder.embed(one), self.encoder.embed(other)
        alone = self.encoder.main_classifier(b)
        return self.attend(a, b, 1, size), self.attend(b, a, 2, size), enlarge(alone, size)

    def attend(self, own: Tensor, other: Tensor, side: int, size: torch.Size) -> Tensor:
        """The logits of `own`, which sums the other's features by similarity. `side` is 1 or 2: own's number."""
        first, second = (own, other) if side == 1 else (other, own)
        similarity = self.linear_e(first.flatten(2).transpose(1, 2)) @ second.flatten(2)  # positions of 1 x those of 2
        weights = similarity.transpose(1, 2) if side == 1 else similarity
        summed = (other.flatten(2) @ weights.softmax(1)).view_as(own)
        joined = torch.cat([summed * torch.sigmoid(self.gate(summed)), own], 1)
        y = F.relu(self.get_submodule(f"bn{side}")(self.get_submodule(f"conv{side}")(joined)))
        return enlarge(self.get_submodule(f"main_classifier{side}")(y), size)


def enlarge(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=False)
