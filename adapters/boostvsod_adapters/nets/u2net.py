"""U2Net and U2NetP: a U-Net whose blocks are small U-Nets, trained from scratch.

Paper: Qin et al., Pattern Recognition 2020. Repository: github.com/xuebinqin/U-2-Net (Apache-2.0).
Written from the recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Unit(nn.Module):
    """Convolution with bias, batch norm, ReLU."""

    def __init__(self, inside: int, outside: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_s1 = nn.Conv2d(inside, outside, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2d(outside)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn_s1(self.conv_s1(x)))


class RSU(nn.Module):
    """A small U-Net of `depth` levels with a shortcut. With `flat`, it has dilations instead of pooling."""

    def __init__(self, depth: int, inside: int, middle: int, outside: int, flat: bool = False) -> None:
        super().__init__()
        self.depth, self.flat = depth, flat
        self.rebnconvin = Unit(inside, outside)
        for i in range(1, depth + 1):
            dilation = 2 ** (i - 1) if flat else (2 if i == depth else 1)
            self.add_module(f"rebnconv{i}", Unit(outside if i == 1 else middle, middle, dilation))
        for i in range(depth - 1, 0, -1):
            dilation = 2 ** (i - 1) if flat else 1
            self.add_module(f"rebnconv{i}d", Unit(2 * middle, outside if i == 1 else middle, dilation))

    def forward(self, x: Tensor) -> Tensor:
        first = self.rebnconvin(x)
        x, skips = first, []
        for i in range(1, self.depth + 1):
            if 1 < i < self.depth and not self.flat:
                x = pool(x)
            x = self.get_submodule(f"rebnconv{i}")(x)
            skips.append(x)
        for i in range(self.depth - 1, 0, -1):
            skip = skips[i - 1]
            x = self.get_submodule(f"rebnconv{i}d")(torch.cat([like(x, skip), skip], 1))
        y: Tensor = x + first
        return y


PLANS = {  # stage, depth, channels in, middle and out, flat; flat with a depth of 4 is the authors' RSU4F
    "large": (
        ("stage1", 7, 3, 32, 64, False), ("stage2", 6, 64, 32, 128, False), ("stage3", 5, 128, 64, 256, False),
        ("stage4", 4, 256, 128, 512, False), ("stage5", 4, 512, 256, 512, True), ("stage6", 4, 512, 256, 512, True),
        ("stage5d", 4, 1024, 256, 512, True), ("stage4d", 4, 1024, 128, 256, False),
        ("stage3d", 5, 512, 64, 128, False), ("stage2d", 6, 256, 32, 64, False), ("stage1d", 7, 128, 16, 64, False),
    ),
    "small": (
        ("stage1", 7, 3, 16, 64, False), ("stage2", 6, 64, 16, 64, False), ("stage3", 5, 64, 16, 64, False),
        ("stage4", 4, 64, 16, 64, False), ("stage5", 4, 64, 16, 64, True), ("stage6", 4, 64, 16, 64, True),
        ("stage5d", 4, 128, 16, 64, True), ("stage4d", 4, 128, 16, 64, False), ("stage3d", 5, 128, 16, 64, False),
        ("stage2d", 6, 128, 16, 64, False), ("stage1d", 7, 128, 16, 64, False),
    ),
}  # fmt: skip


class U2Net(nn.Module):
    """RGB, normalised, B 3 H W -> logits of the fused map and of six levels, each B 1 H W."""

    def __init__(self, plan: str = "large") -> None:
        super().__init__()
        widths = {name: outside for name, _, _, _, outside, _ in PLANS[plan]}
        for name, depth, inside, middle, outside, flat in PLANS[plan]:
            self.add_module(name, RSU(depth, inside, middle, outside, flat))
        for i in range(1, 7):
            source = f"stage{i}d" if i < 6 else "stage6"
            self.add_module(f"side{i}", nn.Conv2d(widths[source], 1, 3, padding=1))
        self.outconv = nn.Conv2d(6, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        levels = []
        for i in range(1, 7):
            x = self.get_submodule(f"stage{i}")(pool(x) if i > 1 else x)
            levels.append(x)
        decoded = [x]
        for i in range(5, 0, -1):
            skip = levels[i - 1]
            x = self.get_submodule(f"stage{i}d")(torch.cat([like(x, skip), skip], 1))
            decoded.append(x)
        sides = [self.get_submodule(f"side{i}")(feature) for i, feature in enumerate(reversed(decoded), 1)]
        sides = [like(side, sides[0]) for side in sides]
        return self.outconv(torch.cat(sides, 1)), *sides


def pool(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2, 2, ceil_mode=True)


def like(x: Tensor, other: Tensor) -> Tensor:
    """x at the other's size."""
    if x.shape[-2:] == other.shape[-2:]:
        return x
    return F.interpolate(x, other.shape[-2:], mode="bilinear", align_corners=False)
