"""RAS in PyTorch, versions 1 and 2: reverse attention, from coarse to fine.

Paper: Chen et al., ECCV 2018 and TIP 2020. Repository: github.com/ShuhanChen/RAS-pytorch (no licence
stated). Written from the recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.resnet import ResNet

CHANNELS = 64


def chain(normed: bool, *steps: tuple[int, int, int, int]) -> nn.Sequential:
    """Convolutions (in, out, kernel, dilation), each with ReLU and, if `normed` (version 2), batch norm before it."""

    def layers() -> Iterator[nn.Module]:
        for inside, outside, kernel, dilation in steps:
            yield nn.Conv2d(inside, outside, kernel, padding=dilation * (kernel // 2), dilation=dilation)
            if normed:
                yield nn.BatchNorm2d(outside)
            yield nn.ReLU(inplace=True)

    return nn.Sequential(*layers())


class Convert(nn.Module):
    """A 1x1 convolution to few channels; in version 2 batch norm and ReLU follow."""

    def __init__(self, inside: int, normed: bool) -> None:
        super().__init__()
        self.normed = normed
        self.convert = nn.Conv2d(inside, CHANNELS, 1)
        if normed:
            self.bn = nn.BatchNorm2d(CHANNELS)

    def narrow(self, x: Tensor) -> Tensor:
        y: Tensor = self.convert(x)
        return F.relu(self.bn(y)) if self.normed else y


class MSCM(Convert):
    """Multi-scale context: four branches with growing receptive fields on the deepest feature -> the coarsest score."""

    def __init__(self, inside: int, normed: bool) -> None:
        super().__init__(inside, normed)
        for i, (kernel, dilation) in enumerate(((1, 1), (3, 2), (5, 4), (7, 6)), 1):
            steps = (CHANNELS, CHANNELS, kernel, 1), (CHANNELS, CHANNELS, 3, dilation)
            self.add_module(f"branch{i}", chain(normed, *steps))
        self.score = nn.Conv2d(4 * CHANNELS, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.narrow(x)
        y: Tensor = self.score(torch.cat([self.get_submodule(f"branch{i}")(x) for i in range(1, 5)], 1))
        return y


class RA(Convert):
    """Reverse attention: searches where the coarser score is low, and adds the result to that score."""

    def __init__(self, inside: int, normed: bool) -> None:
        super().__init__(inside, normed)
        same = (CHANNELS, CHANNELS, 3, 1)
        self.convs = chain(normed, same, same, same)
        self.convs.append(nn.Conv2d(CHANNELS, 1, 3, padding=1))

    def forward(self, x: Tensor, coarser: Tensor) -> Tensor:
        y: Tensor = coarser + self.convs(self.narrow(x) * torch.sigmoid(-coarser))
        return y


class RASv1(nn.Module):
    """RGB, normalised, B 3 H W -> logits at five levels, the finest first, each B 1 H W."""

    def __init__(self) -> None:
        super().__init__()
        self.resnet = ResNet()
        self.mscm = MSCM(2048, False)
        for i, width in enumerate((64, 256, 512, 1024), 1):
            self.add_module(f"ra{i}", RA(width, False))

    def forward(self, x: Tensor) -> list[Tensor]:
        first = self.resnet.stem(x)
        *features, deep = first, *self.resnet.levels(self.resnet.pool(first))
        return descend(self, features, deep, 1, x)


class RASv2(nn.Module):
    """The same with batch norm and four levels, which start at layer1."""

    def __init__(self) -> None:
        super().__init__()
        self.bkbone = ResNet()
        self.mscm = MSCM(2048, True)
        for i, width in enumerate((256, 512, 1024), 2):
            self.add_module(f"ra{i}", RA(width, True))

    def forward(self, x: Tensor) -> list[Tensor]:
        *features, deep = self.bkbone(x)
        return descend(self, features, deep, 2, x)


def descend(net: RASv1 | RASv2, features: list[Tensor], deep: Tensor, first: int, x: Tensor) -> list[Tensor]:
    """The scores of all levels at the size of x, finest first. The finest feature has the number `first`."""
    scores = [net.mscm(deep)]
    for i in range(first + len(features) - 1, first - 1, -1):
        feature = features[i - first]
        scores.append(net.get_submodule(f"ra{i}")(feature, at(scores[-1], feature)))
    return [at(score, x) for score in reversed(scores)]


def at(x: Tensor, other: Tensor) -> Tensor:
    return F.interpolate(x, other.shape[-2:], mode="bilinear", align_corners=True)
