"""DSS as its authors published it, on VGG-16 or ResNet-101 (the papers' "ResDSS").

Paper: Hou et al., CVPR 2017 and TPAMI 2019. Repository: github.com/Andrew-Qibin/DSS (no licence stated).
Written from the recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.caffe import CaffeVGG, Enlarge, Named, cut

SIDES = {6: (512, 7), 5: (512, 5), 4: (256, 5), 3: (256, 5), 2: (128, 3), 1: (128, 3)}  # width, kernel
DEEPER = {4: (6, 5), 3: (6, 5), 2: (5, 4, 6, 3), 1: (5, 4, 6, 3)}  # the sides a side is joined with, in this order


class ShortConnections(Named):
    """Side outputs, of which the shallow ones are joined with deeper ones. Logits: finest first, the fused last."""

    sides: tuple[int, ...]  # deepest first
    order: tuple[int, ...]  # of the sides in the fusion

    def build_sides(self, widths: Sequence[int]) -> None:
        """Add the layers; `widths` are the channels of the encoder's features, deepest first."""
        for side, inside in zip(self.sides, widths, strict=True):
            width, kernel = SIDES[side]
            self.conv(f"conv1-dsn{side}", inside, width, kernel)
            self.conv(f"conv2-dsn{side}", width, width, kernel)
            self.conv(f"conv3-dsn{side}", width, 1)
            for other in DEEPER.get(side, ()):
                self.add_module(f"upsample{2 ** (other - side)}_dsn{other}", Enlarge(2 ** (other - side)))
            if side in DEEPER:
                self.conv(f"conv4-dsn{side}", 1 + len(DEEPER[side]), 1)
            if side > 1:
                self.add_module(f"upsample{2 ** (side - 1)}_in_dsn{side}", Enlarge(2 ** (side - 1)))
        self.conv("new-score-weighting", len(self.sides), 1)

    def decode(self, features: Sequence[Tensor], picture: Tensor) -> list[Tensor]:
        """The logits, from the features, deepest first."""
        scores: dict[int, Tensor] = {}  # of each side, joined with its deeper sides
        for side, feature in zip(self.sides, features, strict=True):
            x = self.lit(f"conv2-dsn{side}", self.lit(f"conv1-dsn{side}", feature))
            scores[side] = self._joined(side, self.run(f"conv3-dsn{side}", x), scores)
        large = {side: self._full(side, score, picture) for side, score in scores.items()}
        fused = self.run("new-score-weighting", torch.cat([large[side] for side in self.order], 1))
        return [*(large[side] for side in reversed(self.sides)), fused]

    def _joined(self, side: int, own: Tensor, scores: dict[int, Tensor]) -> Tensor:
        if side not in DEEPER:
            return own
        deeper = [self.run(f"upsample{2 ** (other - side)}_dsn{other}", scores[other]) for other in DEEPER[side]]
        return self.run(f"conv4-dsn{side}", torch.cat([own, *(cut(x, own) for x in deeper)], 1))

    def _full(self, side: int, score: Tensor, picture: Tensor) -> Tensor:
        return cut(self.run(f"upsample{2 ** (side - 1)}_in_dsn{side}", score) if side > 1 else score, picture)


class DSSVGG(ShortConnections, CaffeVGG):
    """BGR in [0, 255] minus Caffe's means, B 3 H W -> logits of six sides and of their fusion, each B 1 H W."""

    sides = (6, 5, 4, 3, 2, 1)
    order = (1, 2, 3, 4, 5, 6)

    def __init__(self) -> None:
        CaffeVGG.__init__(self, border=5)
        self.build_sides((512, 512, 512, 256, 128, 64))

    def forward(self, x: Tensor) -> list[Tensor]:
        *features, last = self.encode(x)
        deepest = F.avg_pool2d(last, 3, 1, 1)
        return self.decode([deepest, *reversed(features)], x)


class DSSResNet(ShortConnections):
    """The same on ResNet-101 with five sides, from conv1 to res5c."""

    sides = (6, 5, 4, 3, 2)
    order = (6, 2, 3, 4, 5)

    def __init__(self) -> None:
        super().__init__()
        self._unit("conv1", "_conv1", 3, 64, 7, 2)
        inside = 64
        for number, (width, blocks) in enumerate(((64, "abc"), (128, "4"), (256, "23"), (512, "abc")), 2):
            for name in self._blocks(blocks):
                self._block(f"{number}{name}", inside, width, first=name == "a", number=number)
                inside = 4 * width
        self.build_sides((2048, 1024, 512, 256, 64))

    @staticmethod
    def _blocks(plan: str) -> list[str]:
        """The names of a layer's blocks: a, b, c in short layers; a, b1, b2, ... in long ones."""
        return ["a", *(f"b{i}" for i in range(1, int(plan)))] if plan.isdigit() else list(plan)

    def _unit(
        self, name: str, norm: str, inside: int, outside: int, kernel: int, stride: int = 1, rate: int = 1
    ) -> None:
        """Add a convolution, a normalisation by fixed statistics, and a scaling, which is a separate layer in Caffe."""
        self.conv(name, inside, outside, kernel, stride=stride, dilation=rate, padding=rate * (kernel // 2), bias=False)
        self.add_module(f"bn{norm}", nn.BatchNorm2d(outside, affine=False))
        self.add_module(f"scale{norm}", Scale(outside))

    def _block(self, name: str, inside: int, width: int, first: bool, number: int) -> None:
        stride, rate = (2 if first and number in (3, 4) else 1), (2 if number == 5 else 1)
        if first:
            self._unit(f"res{name}_branch1", f"{name}_branch1", inside, 4 * width, 1, stride)
        self._unit(f"res{name}_branch2a", f"{name}_branch2a", inside, width, 1, stride)
        self._unit(f"res{name}_branch2b", f"{name}_branch2b", width, width, 3, 1, rate)
        self._unit(f"res{name}_branch2c", f"{name}_branch2c", width, 4 * width, 1)

    def _pass(self, name: str, norm: str, x: Tensor) -> Tensor:
        return self.run(f"scale{norm}", self.run(f"bn{norm}", self.run(name, x)))

    def _through(self, name: str, x: Tensor) -> Tensor:
        branch = f"res{name}_branch"
        short = self._pass(f"{branch}1", f"{name}_branch1", x) if name.endswith("a") else x
        for part in "ab":
            x = F.relu(self._pass(f"{branch}2{part}", f"{name}_branch2{part}", x))
        return F.relu(short + self._pass(f"{branch}2c", f"{name}_branch2c", x))

    def forward(self, x: Tensor) -> list[Tensor]:
        first = F.relu(self._pass("conv1", "_conv1", x))
        features, y = [first], F.max_pool2d(first, 3, 2, ceil_mode=True)
        for number, plan in enumerate(("abc", "4", "23", "abc"), 2):
            for name in self._blocks(plan):
                y = self._through(f"{number}{name}", y)
            features.append(y)
        return self.decode(features[::-1], x)


class Scale(nn.Module):
    """A factor and a bias for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight[:, None, None] + self.bias[:, None, None]
