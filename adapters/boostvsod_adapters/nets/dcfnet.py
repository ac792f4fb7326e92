"""DCFNet: filters that are computed from the neighbouring frames are applied to the current frame.

Paper: Zhang et al., ICCV 2021. Repository: github.com/Roudgers/DCFNet (no licence stated). Written from the
recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.rcrnet import ASPP, unit
from boostvsod_adapters.nets.resnet import ResNet

WIDTH = 128
LEVELS = (256, 512, 1024, 256)  # channels of layer1, layer2, layer3, ASPP; the last two have the same size


class Exchange(nn.Module):
    """Replaces every level by the sum of all levels, each resized to it."""

    def __init__(self) -> None:
        super().__init__()
        rows = (nn.ModuleList(self._path(i, j) for j in range(4)) for i in range(4))
        self.fuse_layers = nn.ModuleList(rows)

    def _path(self, target: int, source: int) -> nn.Module:
        inside = LEVELS[source]
        if source >= target:
            return nn.Sequential(nn.Conv2d(inside, WIDTH, 1, bias=False), nn.BatchNorm2d(WIDTH))
        steps = min(target, 2) - min(source, 2)  # number of halvings; levels 2 and 3 have the same size
        if not steps:
            flat = nn.Conv2d(inside, WIDTH, 3, 1, 1, bias=False)
            return nn.Sequential(nn.Sequential(flat, nn.BatchNorm2d(WIDTH)))
        halvings = []
        for k in range(steps):
            outside = WIDTH if k == steps - 1 else inside
            layers: list[nn.Module] = [nn.Conv2d(inside, outside, 3, 2, 1, bias=False), nn.BatchNorm2d(outside)]
            halvings.append(nn.Sequential(*layers, *([] if k == steps - 1 else [nn.ReLU()])))
        return nn.Sequential(*halvings)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        sums = []
        for i, row in enumerate(self.fuse_layers):
            assert isinstance(row, nn.ModuleList), "the constructor builds a module list"
            paths = [self._sized(path(x), levels[i]) for path, x in zip(row, levels, strict=True)]
            sums.append(F.relu(torch.stack(paths).sum(0)))
        return sums

    @staticmethod
    def _sized(x: Tensor, like: Tensor) -> Tensor:
        return x if x.shape[-2:] == like.shape[-2:] else F.interpolate(x, like.shape[-2:], mode="nearest")


class DenseDecoder(nn.Module):
    """A decoder in which each level receives all deeper levels. The caller may filter a level before the next one."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("refine4_3", "refine4_2", "refine4_1", "refine3_2", "refine3_1", "refine2_1"):
            self.add_module(name, unit(WIDTH, WIDTH, 3))
        for i in (1, 2, 3, 4):
            self.add_module(f"conv_cat_block{i}", unit(WIDTH, WIDTH, 3))
        self.fuse_sal = unit(4 * WIDTH, WIDTH, 3)
        self.decoder = nn.Sequential()
        self.decoder.add_module("conv1", unit(WIDTH, 256, 3))
        self.decoder.add_module("conv2", nn.Conv2d(256, 1, 1))

    def _received(self, deeper: Tensor, name: str, like: Tensor) -> Tensor:
        y: Tensor = self.get_submodule(f"refine{name}")(at(deeper, like))
        return y

    def level3(self, f3: Tensor, f4: Tensor) -> Tensor:
        return f3 + self._received(f4, "4_3", f3)

    def level2(self, f2: Tensor, b3: Tensor, f4: Tensor) -> Tensor:
        return f2 + self._received(b3, "3_2", f2) + self._received(f4, "4_2", f2)

    def level1(self, f1: Tensor, b2: Tensor, b3: Tensor, f4: Tensor) -> Tensor:
        return f1 + self._received(b2, "2_1", f1) + self._received(b3, "3_1", f1) + self._received(f4, "4_1", f1)

    def segment(self, levels: Sequence[Tensor], size: torch.Size) -> Tensor:
        """The logits, from the four levels, finest first."""
        first = levels[0]
        blocks = [self.get_submodule(f"conv_cat_block{i}")(at(x, first)) for i, x in enumerate(levels, 1)]
        logits: Tensor = self.decoder(self.fuse_sal(torch.cat(blocks, 1)))
        return F.interpolate(logits, size, mode="bilinear", align_corners=True)


class Backbone(nn.Module):
    """ResNet-101 with stride 16, followed by the exchange between its levels."""

    def __init__(self) -> None:
        super().__init__()
        self.resnet = ResNet(101, 3, (1, 2, 2, 1), (1, 1, 1, 2), classes=1000)
        self.aspp = ASPP(2048)
        self.DenseDecoder = DenseDecoder()
        self.stage4 = nn.Sequential(Exchange())

    def forward(self, x: Tensor) -> list[Tensor]:
        first, second, third, deep = self.resnet(x)
        levels: list[Tensor] = self.stage4([first, second, third, self.aspp(deep)])
        return levels


class DynamicFilter(nn.Module):
    """Applies a 3x3 kernel to this frame. The kernel is computed from the neighbour's and this frame's channels."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        narrow = channels // 2
        self.dilation, self.narrow = dilation, narrow
        self.query_conv = nn.Conv2d(2 * channels, narrow, 1)
        self.key_conv, self.value_conv = (nn.Conv2d(channels, narrow, 1) for _ in range(2))
        self.filter_conv = nn.Conv2d(narrow, narrow * narrow, 1)
        self.encode_conv_k1 = nn.Conv2d(channels, narrow, 1)  # unused, but published files contain it
        self.acf_conv = nn.Module()
        self.acf_conv.bias = nn.Parameter(torch.zeros(narrow))

    def forward(self, neighbour: Tensor, x: Tensor) -> Tensor:
        query, key, value = self.query_conv(neighbour), self.key_conv(x), self.value_conv(x)
        affinity = (query.flatten(2) @ key.flatten(2).transpose(1, 2)).softmax(-1)
        met = (affinity @ value.flatten(2)).view_as(query) + query
        kernels = F.adaptive_avg_pool2d(self.filter_conv(met), 3).view(-1, self.narrow, self.narrow, 3, 3)
        bias: Tensor = self.acf_conv.bias  # type: ignore[assignment]
        padding = {"padding": self.dilation, "dilation": self.dilation}
        each = [F.conv2d(v[None], kernel, bias, **padding) for v, kernel in zip(value, kernels, strict=True)]
        return torch.cat(each)


class Alpha(nn.Module):
    """One number that weighs a whole feature."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc(x.mean((2, 3)))
        return y[..., None, None]


class Filters(nn.Module):
    """The weighted sum of three dynamic filters with growing dilation."""

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        for i, dilation in enumerate((1, 3, 5), 1):
            self.add_module(f"ACFM{i}", DynamicFilter(channels, dilation))
            self.add_module(f"Alpha{i}", Alpha(channels // 2))
        self.fire = nn.Sequential(nn.Conv2d(channels // 2, channels, 3, padding=1), nn.BatchNorm2d(channels))

    def forward(self, neighbour: Tensor, x: Tensor) -> Tensor:
        filtered = [self.get_submodule(f"ACFM{i}")(neighbour, x) for i in (1, 2, 3)]
        weights = torch.cat([self.get_submodule(f"Alpha{i}")(y) for i, y in enumerate(filtered, 1)], 1).softmax(1)
        mixed = sum(weights[:, i : i + 1] * y for i, y in enumerate(filtered))
        return F.relu(self.fire(mixed))


class Filtered(nn.Module):
    """Filters a level of one frame by the same level of the previous frame and of the next frame."""

    def __init__(self) -> None:
        super().__init__()
        self.MDK_front, self.MDK_rear = Filters(), Filters()
        self.conva, self.convc = (nn.Conv2d(WIDTH, WIDTH // 2, 1, bias=False) for _ in range(2))
        self.conv1, self.conv2 = (nn.Conv2d(WIDTH // 2, WIDTH, 1, bias=False) for _ in range(2))
        self.Alpha = Alpha(WIDTH)
        self.MDK_fire = nn.Sequential(nn.Conv2d(2 * WIDTH, WIDTH, 1), nn.BatchNorm2d(WIDTH))

    def forward(self, front: Tensor, x: Tensor, rear: Tensor) -> Tensor:
        before = self.conv1(self.MDK_front(front, self.conva(x)))
        after = self.conv2(self.MDK_rear(rear, self.convc(x)))
        dynamic = self.MDK_fire(torch.cat([before, after], 1))
        alpha = self.Alpha(dynamic)
        y: Tensor = alpha * dynamic + (1 - alpha) * x
        return y


class DCFNetwork(nn.Module):
    """T frames, each B 3 H W, RGB, normalised, sides multiples of 16 -> T logits, each B 1 H W."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        for i in range(4):
            self.add_module(f"MDK_module_R{i}", Filtered())

    def forward(self, frames: Sequence[Tensor]) -> list[Tensor]:
        return self.decode([self.backbone(frame) for frame in frames], frames[0].shape[-2:])

    def decode(self, levels: Sequence[Sequence[Tensor]], size: torch.Size) -> list[Tensor]:
        """The logits of every frame of a clip, from the encoder's levels of each frame."""
        dense = self.backbone.DenseDecoder
        f1, f2, f3, f4 = zip(*levels, strict=True)
        b4 = self._through(0, f4)
        b3 = self._through(1, [dense.level3(*x) for x in zip(f3, b4, strict=True)])
        b2 = self._through(2, [dense.level2(*x) for x in zip(f2, b3, b4, strict=True)])
        b1 = self._through(3, [dense.level1(*x) for x in zip(f1, b2, b3, b4, strict=True)])
        return [dense.segment(each, size) for each in zip(b1, b2, b3, b4, strict=True)]

    def _through(self, number: int, clip: Sequence[Tensor]) -> list[Tensor]:
        """Each frame, filtered by its unfiltered neighbours. The first and last frame are their own neighbours."""
        filtered = self.get_submodule(f"MDK_module_R{number}")
        last = len(clip) - 1
        return [filtered(clip[max(0, t - 1)], x, clip[min(last, t + 1)]) for t, x in enumerate(clip)]


def at(x: Tensor, other: Tensor) -> Tensor:
    if x.shape[-2:] == other.shape[-2:]:
        return x
    return F.interpolate(x, other.shape[-2:], mode="bilinear", align_corners=True)
