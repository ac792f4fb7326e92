"""PoolNet on ResNet-50 or VGG-16, trained with or without edges.

Paper: Liu et al., CVPR 2019. Repository: github.com/backseason/PoolNet (MIT). Written from the recorded
facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.resnet import ResNet
from boostvsod_adapters.nets.vgg import LAST, features_at, vgg16

GUIDE = 512  # channels of the guidance
BINS = (1, 3, 5)


class Plan:
    """The numbers that differ between the two encoders: channels of the decoder's steps, deepest first."""

    def __init__(self, resnet: bool) -> None:
        self.widths = (512, 512, 256, 256, 128) if resnet else (512, 512, 256, 128)
        self.outs = (512, 256, 256, 128, 128) if resnet else (512, 256, 128, 128)
        self.guides = (512, 256, 256, 128) if resnet else (512, 256, 128)
        self.doubled = (False, True, True, True, False) if resnet else (True, True, True, False)


def conv(inside: int, outside: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, kernel, padding=kernel // 2, bias=False)


class Base(nn.Module):
    """The encoder, and the guidance for every decoder step, which is computed from the deepest feature."""

    def __init__(self, plan: Plan, resnet: bool) -> None:
        super().__init__()
        if resnet:
            self.resnet = ResNet(50, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2), caffe=True)
            self.ppms_pre = conv(2048, GUIDE, 1)
        else:
            self.vgg16 = nn.Module()
            self.vgg16.base = vgg16(lambda number: nn.MaxPool2d(3, 2 if number < 4 else 1, 1))
        self.with_resnet = resnet
        pools = (nn.Sequential(nn.AdaptiveAvgPool2d(bin), conv(GUIDE, GUIDE, 1), nn.ReLU()) for bin in BINS)
        self.ppms = nn.ModuleList(pools)
        self.ppm_cat = nn.Sequential(conv(4 * GUIDE, GUIDE, 3), nn.ReLU())
        self.infos = nn.ModuleList(nn.Sequential(conv(GUIDE, width, 3), nn.ReLU()) for width in plan.guides)

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The features, shallow first, and the guidance, deepest first."""
        if self.with_resnet:
            first = self.resnet.stem(x)
            features = [first, *self.resnet.levels(self.resnet.pool(first))]
            deep = self.ppms_pre(features[-1])
        else:
            features = features_at(self.vgg16.base, x, LAST[1:])  # type: ignore[arg-type]
            deep = features[-1]
        pyramid = [deep, *(at(pool(deep), deep) for pool in self.ppms)]
        joined = self.ppm_cat(torch.cat(pyramid, 1))
        places = features[len(self.infos) - 1 :: -1]
        return features, [info(at(joined, place)) for info, place in zip(self.infos, places, strict=True)]


class Fold(nn.Module):
    """Feature aggregation: adds the feature pooled at three scales, then joins it with the next level."""

    def __init__(self, inside: int, outside: int, doubled: bool, fused: bool) -> None:
        super().__init__()
        self.doubled = doubled
        self.convs = nn.ModuleList(conv(inside, inside, 3) for _ in range(3))
        self.conv_sum = conv(inside, outside, 3)
        if fused:
            self.conv_sum_c = conv(outside, outside, 3)

    def forward(self, x: Tensor, finer: Tensor | None = None, guide: Tensor | None = None) -> Tensor:
        y = x
        for scale, layer in zip((2, 4, 8), self.convs, strict=True):
            y = y + at(layer(F.avg_pool2d(x, scale, scale)), x)
        y = F.relu(y)
        if self.doubled and finer is not None:
            y = at(y, finer)
        z: Tensor = self.conv_sum(y)
        if finer is not None and guide is not None:
            z = self.conv_sum_c(z + finer + guide)
        return z


class PoolNet(nn.Module):
    """BGR in [0, 255] minus Caffe's means, B 3 H W -> logits B 1 H W. The shorter side must be at least about 113."""

    def __init__(self, resnet: bool = True) -> None:
        super().__init__()
        self.plan = plan = Plan(resnet)
        self.base = Base(plan, resnet)
        last = len(plan.widths) - 1
        steps = zip(plan.widths, plan.outs, plan.doubled, strict=True)
        self.deep_pool = nn.ModuleList(Fold(a, b, c, i < last) for i, (a, b, c) in enumerate(steps))
        self.score = nn.Module()
        self.score.score = nn.Conv2d(128, 1, 1)
        if resnet:
            pairs = zip((64, 256, 512, 1024, 2048), reversed(plan.widths), strict=True)
            self.convert = nn.Module()
            self.convert.convert0 = nn.ModuleList(nn.Sequential(conv(a, b, 1), nn.ReLU()) for a, b in pairs)

    def decode(self, x: Tensor) -> list[Tensor]:
        """The decoder's features, deepest first."""
        features, guides = self.base(x)
        if hasattr(self, "convert"):
            layers = self.convert.convert0
            features = [layer(f) for layer, f in zip(layers, features, strict=True)]  # type: ignore[arg-type]
        levels = features[::-1]
        merge, decoded = levels[0], []
        for i, fold in enumerate(self.deep_pool):
            merge = fold(merge, levels[i + 1], guides[i]) if i < len(levels) - 1 else fold(merge)
            decoded.append(merge)
        return decoded

    def forward(self, x: Tensor) -> Tensor:
        return at(self.score.score(self.decode(x)[-1]), x)  # type: ignore[operator]


class Block(nn.Module):
    """Edge features: two bottleneck residual blocks, then few channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        for i in (1, 2):
            self.add_module(f"block_in{i}", nn.Sequential(conv(width, width // 4, 1)))
            inner = nn.Sequential(conv(width // 4, width // 4, 3), conv(width // 4, width, 1))
            self.add_module(f"block_mid{i}", nn.Sequential(inner))
        self.block_out = nn.Sequential(conv(width, 16, 1))

    def forward(self, x: Tensor) -> Tensor:
        for i in (1, 2):
            x = F.relu(x + self.get_submodule(f"block_mid{i}")(self.get_submodule(f"block_in{i}")(x)))
        y: Tensor = self.block_out(x)
        return y


class PoolNetEdge(PoolNet):
    """The version that was also trained on edges. The edge features are an input of the saliency score."""

    def __init__(self, resnet: bool = True) -> None:
        super().__init__(resnet)
        outs = self.plan.outs[:-1]
        self.block = nn.ModuleList(Block(width) for width in outs)
        self.fuse = nn.Module()
        self.fuse.trans = nn.ModuleList(nn.Conv2d(16, 1, 1) for _ in outs)
        self.fuse.fuse = nn.Conv2d(len(outs), 1, 1)
        widths = (16 * len(outs), 16 * len(outs), 128, 128, 128)
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [conv(a, b, 3), nn.ReLU()]
        self.edgeinfo = nn.Module()
        self.edgeinfo.trans = nn.Sequential(*layers)
        self.score.score = nn.Conv2d(256, 1, 3, padding=1)

    def _edge_features(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        *deep, last = self.decode(x)
        return [block(feature) for block, feature in zip(self.block, deep, strict=True)], last

    def forward(self, x: Tensor) -> Tensor:
        edges, last = self._edge_features(x)
        joined = torch.cat([at(edge, edges[-1]) for edge in edges], 1)
        known = at(self.edgeinfo.trans(joined), last)  # type: ignore[operator]
        return at(self.score.score(torch.cat([last, known], 1)), x)  # type: ignore[operator]

    def edges(self, x: Tensor) -> list[Tensor]:
        """The logits of edges: the fused ones first, then one per level."""
        edges, _ = self._edge_features(x)
        sides = [at(layer(edge), x) for layer, edge in zip(self.fuse.trans, edges, strict=True)]  # type: ignore[arg-type]
        return [self.fuse.fuse(torch.cat(sides, 1)), *sides]  # type: ignore[operator]


def at(x: Tensor, other: Tensor | Sequence[int]) -> Tensor:
    """x resized to the other's size, bilinear with aligned corners."""
    size = other.shape[-2:] if isinstance(other, Tensor) else other
    return F.interpolate(x, list(size), mode="bilinear", align_corners=True)
