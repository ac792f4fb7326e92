"""RAS as first published, on VGG-16.

Paper: Chen et al., ECCV 2018. Repository: github.com/ShuhanChen/RAS_ECCV18 (no licence stated). Written from
the recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

import torch
from torch import Tensor

from boostvsod_adapters.nets.caffe import CaffeVGG, Enlarge, cut

WIDTHS = {5: 512, 4: 512, 3: 256, 2: 128, 1: 64}
# The layers that upsample a score to the next finer stage, and to the whole picture.
STEPS = {5: "upsample2_dsn5", 4: "upsample2_dsn4", 3: "upsample2_dsn3", 2: "upsample2_1-dsn2"}
WHOLE = {6: "upsample32_dsn6", 5: "upsample16_dsn5", 4: "upsample8_dsn4", 3: "upsample4_dsn3", 2: "upsample2_2-dsn2"}


class RASVGG(CaffeVGG):
    """BGR in [0, 255] minus Caffe's means, B 3 H W -> logits of six stages, finest first, each B 1 H W."""

    def __init__(self) -> None:
        super().__init__()
        self.conv("conv1-dsn6", 512, 256)
        for i in (2, 3, 4):
            self.conv(f"conv{i}-dsn6", 256, 256, 5)
        self.conv("conv5-dsn6", 256, 1)
        for side, width in WIDTHS.items():
            self.conv(f"conv1-dsn{side}", width, 64)
            self.conv(f"conv2-dsn{side}", 64, 64, 3)
            self.conv(f"conv3-dsn{side}", 64, 64, 3)
            self.conv(f"conv4-dsn{side}", 64, 1, 3)
        for name in STEPS.values():
            self.add_module(name, Enlarge(2))
        for side, name in WHOLE.items():
            self.add_module(name, Enlarge(2 ** (side - 1)))

    def forward(self, x: Tensor) -> list[Tensor]:
        *features, deepest = self.encode(x)
        y = self.run("conv1-dsn6", deepest)
        for i in (2, 3, 4):
            y = self.lit(f"conv{i}-dsn6", y)
        score = self.run("conv5-dsn6", y)
        large = [cut(self.run(WHOLE[6], score), x)]
        for side in (5, 4, 3, 2, 1):
            feature = features[side - 1]
            coarser = cut(self.run(STEPS[side], score), feature) if side > 1 else large[-1]
            score = coarser + self._residual(side, feature * (1 - torch.sigmoid(coarser)))
            large.append(cut(self.run(WHOLE[side], score) if side > 1 else score, x))
        return large[::-1]

    def _residual(self, side: int, x: Tensor) -> Tensor:
        """The correction of a stage to the coarser score."""
        x = self.lit(f"conv2-dsn{side}", self.run(f"conv1-dsn{side}", x))
        return self.run(f"conv4-dsn{side}", self.lit(f"conv3-dsn{side}", x))
