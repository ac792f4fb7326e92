"""PCSA: a small network in which frames attend to their neighbours within windows of several sizes.

Paper: Gu et al., AAAI 2020. Repository: github.com/guyuchao/PyramidCSA (CC BY-NC 3.0). Written from the
recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PLAN = (  # kernel, expanded, out, squeeze-and-excite, hard swish, stride: MobileNetV3-large at stride 8
    (3, 16, 16, False, False, 1), (3, 64, 24, False, False, 2), (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 1), (5, 120, 40, True, False, 1), (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2), (3, 200, 80, False, True, 1), (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1), (3, 480, 112, True, True, 1), (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 1), (5, 672, 160, True, True, 1), (5, 960, 160, True, True, 1),
)  # fmt: skip
LOW = 4  # the number of blocks before the shallow feature
HEADS = ((3, 1), (3, 2), (4, 1), (4, 2))  # window radius and dilation of each head


class SqueezeExcite(nn.Module):
    """Weighs each channel by the channels' means over the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = channels // 4
        self.fc = nn.Sequential(nn.Linear(channels, narrow), nn.ReLU(), nn.Linear(narrow, channels), nn.Hardsigmoid())

    def forward(self, x: Tensor) -> Tensor:
        weights: Tensor = self.fc(x.mean((2, 3)))
        return x * weights[..., None, None]


class Inverted(nn.Module):
    """MobileNetV3's block: more channels, depthwise convolution, squeeze-and-excite, fewer channels."""

    def __init__(
        self, inside: int, kernel: int, wide: int, outside: int, excite: bool, swish: bool, stride: int
    ) -> None:
        super().__init__()
        act = nn.Hardswish if swish else nn.ReLU
        around = nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide, bias=False)
        weigh = SqueezeExcite(wide) if excite else nn.Identity()
        narrow = nn.Conv2d(wide, outside, 1, bias=False), nn.BatchNorm2d(outside)
        layers: tuple[nn.Module, ...]
        if inside == wide:  # no widening is needed; the activation then comes before the weighing
            layers = (around, nn.BatchNorm2d(wide), act(), weigh, *narrow)
        else:
            widen = nn.Conv2d(inside, wide, 1, bias=False), nn.BatchNorm2d(wide), act()
            layers = (*widen, around, nn.BatchNorm2d(wide), weigh, act(), *narrow)
        self.conv = nn.Sequential(*layers)
        self.same = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.same else y


class Features(nn.Module):
    """The encoder: a shallow feature with 24 channels at stride 4, and a deep one with 160 channels at stride 8."""

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish())
        widths = (16, *(plan[2] for plan in PLAN))
        self.features = nn.ModuleList(
            [stem, *(Inverted(inside, *plan) for inside, plan in zip(widths, PLAN, strict=False))]
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        low = x
        for i, block in enumerate(self.features):
            x = block(x)
            low = x if i == LOW - 1 else low
        return low, x


class Unit(nn.Module):
    """Convolution, batch norm and, unless `plain`, PReLU. With `depth` the convolution is depthwise."""

    def __init__(
        self, inside: int, outside: int, kernel: int = 1, dilation: int = 1, *, depth: bool = False, plain: bool = False
    ) -> None:
        super().__init__()
        groups, padding = inside if depth else 1, dilation * (kernel // 2)
        self.conv = nn.Conv2d(inside, outside, kernel, 1, padding, dilation, groups, bias=False)
        self.bn = nn.BatchNorm2d(outside)
        self.relu = None if plain else nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn(self.conv(x))
        return y if self.relu is None else self.relu(y)


class LightRFB(nn.Module):
    """Four light branches with growing receptive fields."""

    def __init__(self, inside: int = 160, middle: int = 128, outside: int = 32) -> None:
        super().__init__()
        self.global_se = SqueezeExcite(inside)
        narrow = nn.Conv2d(inside, middle, 1, bias=False)
        self.reduce = nn.Sequential(narrow, nn.BatchNorm2d(middle), nn.PReLU(middle))
        self.br0 = nn.Sequential(Unit(middle, middle), Unit(middle, middle, 3, depth=True, plain=True))
        for i, wide in enumerate((3, 5, 7), 1):
            around = Unit(middle, middle, wide, depth=True, plain=True)
            far = Unit(middle, middle, 3, wide, depth=True, plain=True)
            self.add_module(f"br{i}", nn.Sequential(around, Unit(middle, middle), far))
        self.point_global = Unit(inside + 4 * middle, outside)

    def forward(self, x: Tensor) -> Tensor:
        y = self.reduce(self.global_se(x))
        y = torch.cat([x, *(self.get_submodule(f"br{i}")(y) for i in range(4))], 1)
        z: Tensor = self.point_global(y)
        return z


def attend(query: Tensor, key: Tensor, value: Tensor, radius: int, dilation: int) -> Tensor:
    """Attention of every position to a window around it in every frame; all B T C H W.

    Positions outside the picture have similarity 0 (not minus infinity, so they take part in the softmax) and value 0.
    """
    batch, frames, channels, height, width = query.shape
    side = 2 * radius + 1

    def windows(x: Tensor) -> Tensor:
        cut = F.unfold(x.flatten(0, 1), side, dilation, radius * dilation)
        return cut.view(batch, frames, channels, side * side, height * width)

    near, own = windows(key), query.flatten(3)
    energy = torch.einsum("btcn,bucwn->btuwn", own, near) / channels**0.5
    weights = energy.flatten(2, 3).softmax(2).view_as(energy)
    return torch.einsum("btuwn,bucwn->btcn", weights, windows(value)).view_as(query)


class Temporal(nn.Module):
    """Four attention heads, each with its own window."""

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        for name in ("query_conv", "key_conv", "value_conv", "output_Linear"):
            self.add_module(name, nn.Conv3d(channels, channels, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """B T C H W, the same."""
        across = x.transpose(1, 2)
        names = ("query_conv", "key_conv", "value_conv")
        query, key, value = (self.get_submodule(name)(across).transpose(1, 2).chunk(4, 2) for name in names)
        heads = [attend(query[i], key[i], value[i], *window) for i, window in enumerate(HEADS)]
        mixed = self.get_submodule("output_Linear")(torch.cat(heads, 2).transpose(1, 2)).transpose(1, 2)
        y: Tensor = mixed + x
        return y


class Split(nn.Module):
    """A feature with few channels, split into two halves with different dilations."""

    def __init__(self, inside: int = 32, outside: int = 16) -> None:
        super().__init__()
        half = outside // 2
        self.conv0 = nn.Conv2d(inside, outside, 1, bias=False)
        self.conv1 = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(half, half, 3, padding=2, dilation=2, bias=False)
        self.bn = nn.BatchNorm2d(outside)

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.conv0(x).chunk(2, 1)
        y: Tensor = self.bn(torch.cat([self.conv1(first), self.conv2(second)], 1))
        return y


class Combine(nn.Module):
    """Adds the deep and the shallow feature and refines the sum."""

    def __init__(self) -> None:
        super().__init__()
        self.up2_high = Split()
        self.up2_low = nn.Conv2d(24, 16, 1, bias=False)
        self.up2_bn2 = nn.BatchNorm2d(16)
        self.up2_act = nn.PReLU(16)
        self.refine = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.PReLU())

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        y: Tensor = self.refine(self.up2_act(self.up2_bn2(self.up2_low(low)) + self.up2_high(high)))
        return y


class PCSANet(nn.Module):
    """Clips B T 3 H W, or pictures B 3 H W, RGB, normalised -> logits, one map per frame: (B T) 1 H W."""

    def __init__(self) -> None:
        super().__init__()
        self.feature_extractor = Features()
        self.dilation_conv_group = LightRFB()
        self.combine = Combine()
        self.SegNIN = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(16, 1, 1, bias=False))
        self.temporal_high = Temporal()

    def forward(self, x: Tensor) -> Tensor:
        frames = x.flatten(0, 1) if x.ndim == 5 else x
        low, high = self.embed(frames)
        if x.ndim == 5:
            high = self.temporal_high(high.view(*x.shape[:2], *high.shape[1:])).flatten(0, 1)
        return self._segment(low, high, frames.shape[-2:])

    def embed(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """The features of each frame alone: the shallow one and the deep one."""
        low, high = self.feature_extractor(frames)
        return low, self.dilation_conv_group(high)

    def decode(self, clip: Sequence[tuple[Tensor, Tensor]], centre: int, size: Sequence[int]) -> Tensor:
        """The logits of one frame of a clip, from what `embed` returned for each frame (with B = 1)."""
        high = self.temporal_high(torch.stack([high for _, high in clip], 1))[:, centre]
        return self._segment(clip[centre][0], high, size)

    def _segment(self, low: Tensor, high: Tensor, size: Sequence[int]) -> Tensor:
        logits = self.SegNIN(self.combine(low, at(high, low)))
        return F.interpolate(logits, list(size), mode="bilinear", align_corners=False)


def at(x: Tensor, other: Tensor) -> Tensor:
    return F.interpolate(x, other.shape[-2:], mode="bilinear", align_corners=False)
