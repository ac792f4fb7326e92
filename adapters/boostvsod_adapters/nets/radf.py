"""RADF: the features of all stages are joined and returned to each stage, twice.

Paper: Hu et al., AAAI 2018. Repository: github.com/xw-hu/RADF (no licence stated). Written from the recorded
facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from boostvsod_adapters.nets.caffe import CaffeVGG, Enlarge, cut
from boostvsod_adapters.nets.dss_caffe import SIDES

WIDTH = 32
INSIDE = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512, 6: 512}


class RADFNet(CaffeVGG):
    """BGR in [0, 255] minus Caffe's means, B 3 H W -> 13 logit maps: 6 sides, their 6 first guesses, their fusion."""

    def __init__(self) -> None:
        super().__init__(border=5)
        for side, (width, kernel) in SIDES.items():
            self.conv(f"conv1-dsn{side}", INSIDE[side], width, kernel)
            self.conv(f"conv2-dsn{side}", width, width, kernel)
            self.conv(f"conv3-dsn{side}", width, WIDTH)
            if side > 1:
                self.add_module(f"upsample{2 ** (side - 1)}_in_dsn{side}", Enlarge(2 ** (side - 1), WIDTH, bias=False))
            self.conv(f"conv_concat{side}_1", 16 + WIDTH, WIDTH, 3)
            self.conv(f"conv-dsn{side}a", WIDTH, 1)
            self.conv(f"conv-dsn{side}", 8 + WIDTH, 1)
        self.conv("conv_global", 6 * WIDTH, 16)
        self.conv("conv_global2", 6 * WIDTH, 8)
        self.conv("new-score-weighting", 6, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        *features, last = self.encode(x)
        deepest = F.avg_pool2d(last, 3, 1, 1)
        sides = [self._side(i, feature, x) for i, feature in enumerate([*features, deepest], 1)]
        whole = self.lit("conv_global", torch.cat(sides, 1))
        sides = [self.lit(f"conv_concat{i}_1", torch.cat([whole, side], 1)) for i, side in enumerate(sides, 1)]
        first = [self.run(f"conv-dsn{i}a", side) for i, side in enumerate(sides, 1)]
        whole = self.lit("conv_global2", torch.cat(sides, 1))
        second = [self.run(f"conv-dsn{i}", torch.cat([whole, side], 1)) for i, side in enumerate(sides, 1)]
        return [*second, *first, self.run("new-score-weighting", torch.cat(second, 1))]

    def _side(self, side: int, feature: Tensor, picture: Tensor) -> Tensor:
        """The feature of a stage at the picture's size."""
        y = self.lit(f"conv2-dsn{side}", self.lit(f"conv1-dsn{side}", feature))
        y = self.run(f"conv3-dsn{side}", y)
        return F.relu(cut(self.run(f"upsample{2 ** (side - 1)}_in_dsn{side}", y) if side > 1 else y, picture))
