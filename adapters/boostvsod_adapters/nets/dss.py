"""DSS as in a third party's PyTorch port: short connections between the raw side outputs.

Paper: Hou et al., CVPR 2017 and TPAMI 2019. Repository: github.com/AceCoooool/DSS-pytorch (MIT). Its connections
differ from those of the authors' network. Written from the recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.vgg import LAST, features_at, vgg16

SIDES = ((64, 128, 3), (128, 128, 3), (256, 256, 5), (512, 256, 5), (512, 512, 5), (512, 512, 7))
DEEPER = ((2, 3, 4, 5), (2, 3, 4, 5), (4, 5), (4, 5), (), ())  # the deeper sides that each side is joined with


class Side(nn.Module):
    """A side output: two wide convolutions and a score."""

    def __init__(self, inside: int, width: int, kernel: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(c, width, kernel, padding=kernel // 2) for c in (inside, width))
        self.main = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Conv2d(width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.main(x)
        return y


class Join(nn.Module):
    """Joins a side's score with the upsampled scores of deeper sides into one score at the input's size."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.deeper = DEEPER[number]
        self.upconv = nn.ModuleList(enlarge(2 ** (other - number)) for other in self.deeper)
        self.conv = nn.Conv2d(1 + len(self.deeper), 1, 1)
        if number:
            self.deconv = enlarge(2**number)

    def forward(self, own: Tensor, sides: list[Tensor]) -> Tensor:
        deeper = [up(sides[other]) for up, other in zip(self.upconv, self.deeper, strict=True)]
        y: Tensor = self.conv(torch.cat([own, *deeper], 1))
        return self.deconv(y) if hasattr(self, "deconv") else y


class DSSPort(nn.Module):
    """RGB, normalised, B 3 H W, sides multiples of 32 -> logits of six sides and of their weighted sum."""

    def __init__(self) -> None:
        super().__init__()
        self.base = vgg16(lambda number: nn.MaxPool2d(2, 2))
        self.feat = nn.ModuleList(Side(*plan) for plan in SIDES)
        self.comb = nn.ModuleList(Join(number) for number in range(6))
        self.fuse = nn.Module()
        self.fuse.weights = nn.Parameter(torch.full((6,), 1 / 6))

    def forward(self, x: Tensor) -> list[Tensor]:
        features = features_at(self.base, x, (*LAST, 30))
        features[-1] = F.avg_pool2d(features[-1], 3, 1, 1)
        sides = [side(feature) for side, feature in zip(self.feat, features, strict=True)]
        joined = [join(own, sides) for join, own in zip(self.comb, sides, strict=True)]
        return [*joined, torch.einsum("sbchw,s->bchw", torch.stack(joined), self.fuse.weights)]


def enlarge(scale: int) -> nn.Module:
    """A learnt upsampling of one channel."""
    return nn.ConvTranspose2d(1, 1, 2 * scale, scale, scale // 2)
