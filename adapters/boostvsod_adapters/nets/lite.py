"""LiteNet: a small encoder-decoder for saliency, on any timm backbone.

Written for boostvsod (Apache-2.0). Its parts are well known: a top-down feature pyramid, a dilated context
module with global pooling, and supervision of every decoder level.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod.weights.backbones import timm_backbone
from boostvsod_adapters.nets.encoders import EfficientNetLite0, SlimResNet

BUILT_IN: dict[str, type[SlimResNet] | type[EfficientNetLite0]] = {"slim": SlimResNet, "lite0": EfficientNetLite0}
TIMM = {"lite0": "efficientnet_lite0"}  # the same encoder in timm, with weights from ImageNet
FINEST = 4  # the smallest stride that is decoded; a level at stride 2 doubled the time and added .002 to .005 of S
# One number for all channels: constants per channel take a fifth of the forward pass in channels-last.
MEAN, STD = 0.45, 0.225


def make_encoder(backbone: str, channels: int = 3, pretrained: bool = False) -> tuple[nn.Module, list[int], list[int]]:
    """An encoder, the numbers of its features that are decoded, and the channels of these features."""
    extra = {} if channels == 3 else {"in_chans": channels}
    if backbone in BUILT_IN:
        own, decoded = BUILT_IN[backbone](channels), BUILT_IN[backbone].channels
        if pretrained:
            own.load_state_dict(timm_backbone(TIMM.get(backbone, backbone), pretrained=True, **extra).state_dict())
        return own, list(range(len(decoded))), list(decoded)
    encoder = timm_backbone(backbone, pretrained=pretrained, **extra)
    info: Any = encoder.feature_info
    used = [i for i, stride in enumerate(info.reduction()) if stride >= FINEST]
    return encoder, used, [info.channels()[i] for i in used]


class Pyramid(nn.Module, ABC):
    """A decoder of encoder features, which subclasses compute.

    The input is a picture in [0, 1], B C H W. The output are logits, each B 1 H W: those of the finest level first,
    then the coarser levels.
    """

    def build_decoder(self, channels: Sequence[int], width: int) -> None:
        """Add the decoder of features with these channels, finest first."""
        self.context = Context(channels[-1], width)
        self.laterals = nn.ModuleList(unit(c, width, 1) for c in reversed(channels[:-1]))
        self.merges = nn.ModuleList(Merge(width) for _ in channels[:-1])
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 3, padding=1) for _ in channels)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.read(self.levels(x), x.shape[-2:])

    @abstractmethod
    def features(self, x: Tensor) -> list[Tensor]:
        """The features that are decoded, finest first, of a picture in [0, 1]."""

    def levels(self, x: Tensor) -> list[Tensor]:
        """The features of the decoder's levels, coarsest first."""
        *shallow, deep = self.features(x)
        levels = [self.context(deep)]
        for feature, lateral, merge in zip(reversed(shallow), self.laterals, self.merges, strict=True):
            levels.append(merge(levels[-1], lateral(feature)))
        return levels

    def read(self, levels: list[Tensor], size: Sequence[int]) -> tuple[Tensor, ...]:
        """The logits of the decoder's levels at `size`, finest first; when not training, of the finest level alone."""
        heads = self.heads if self.training else list(self.heads)[-1:]
        logits = [head(level) for head, level in zip(heads, levels[-len(heads) :], strict=True)]
        return tuple(F.interpolate(x, size, mode="bilinear", align_corners=False) for x in reversed(logits))


class LiteNet(Pyramid):
    """One encoder and the decoder: for RGB, or for `channels` channels."""

    def __init__(self, backbone: str = "slim", width: int = 48, pretrained: bool = False, channels: int = 3) -> None:
        super().__init__()
        self.encoder, self.used, decoded = make_encoder(backbone, channels, pretrained)
        self.build_decoder(decoded, width)

    def features(self, x: Tensor) -> list[Tensor]:
        features = self.encoder(normalised(x))
        return [features[i] for i in self.used]


def normalised(x: Tensor) -> Tensor:
    """Values in [0, 1] as the encoders take them."""
    return (x - MEAN) / STD


class Context(nn.Module):
    """Parallel dilated 3x3 convolutions and global pooling on the coarsest features."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.reduce = unit(channels, width, 1)
        self.branches = nn.ModuleList(unit(width, width, 3, dilation) for dilation in (1, 2, 3))
        self.scene = nn.Conv2d(width, width, 1)  # no batch norm: one value per channel has no variance
        self.fuse = unit(width * 5, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        scene = F.relu(self.scene(x.mean((2, 3), keepdim=True))).expand_as(x)
        y: Tensor = self.fuse(torch.cat([x, scene, *(branch(x) for branch in self.branches)], 1))
        return y


class Merge(nn.Module):
    """Joins upsampled coarse features with the finer features of the encoder."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = unit(2 * width, width, 3)
        self.second = unit(width, width, 3, dilation=2)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        coarse = F.interpolate(coarse, fine.shape[-2:], mode="bilinear", align_corners=False)
        x = self.first(torch.cat([coarse, fine], 1))
        y: Tensor = x + self.second(x)
        return y


def unit(inside: int, outside: int, kernel: int, dilation: int = 1) -> nn.Sequential:
    """Convolution, batch norm and ReLU that do not change the size."""
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(inside, outside, kernel, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outside), nn.ReLU(inplace=True))
