"""MQPM: motion saliency and the quality of the motion, both from colour-coded flow; on three backbones.

Paper: Chen et al., "A Novel Video Salient Object Detection Method via Semisupervised Motion Quality
Perception", TCSVT 2021 (MQP), Fig. 6. Repository: github.com/qduOliver/MQP (no licence stated). Written from the
paper's text for boostvsod (Apache-2.0).

Each takes RGB in [0, 1], B 3 H W. `forward` gives the logits of the map as any student does; `judge`
gives those of the quality, B, beside them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.cpd import CHANNELS, CPDVGG
from boostvsod_adapters.nets.lite import LiteNet, unit
from boostvsod_adapters.nets.vgg import LAST, features_at, vgg16

HIDDEN = 64
IMAGENET = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, :, None, None]
Logits = tuple[Tensor, ...]


class Quality(nn.Module):
    """The classification branch: the last decoder layer, seen as a whole and where the object is -> logit B."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3 * channels, HIDDEN), nn.ReLU(inplace=True), nn.Linear(HIDDEN, 1))

    def forward(self, feature: Tensor, logits: Tensor) -> Tensor:
        feature = feature.float()
        share = F.interpolate(logits.float(), feature.shape[-2:], mode="bilinear", align_corners=False).sigmoid()
        inside = (feature * share).sum((2, 3)) / share.sum((2, 3)).clamp_min(1)
        quality: Tensor = self.layers(torch.cat([feature.mean((2, 3)), feature.std((2, 3)), inside], 1))
        return quality[:, 0]


class Judge(nn.Module, ABC):
    """A network that locates, and judges by what it decoded last."""

    quality: Quality

    def forward(self, rgb: Tensor) -> Logits:
        return self.judge(rgb)[1]

    def judge(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        """Logits of the quality, B, and of the map, each B 1 H W."""
        feature, logits = self.decode(rgb)
        quality: Tensor = self.quality(feature, logits[0])
        return quality, logits

    @abstractmethod
    def decode(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        """The last decoder layer and the logits of the map."""


class JudgeLite(Judge):
    """On LiteNet: small enough to ship."""

    def __init__(self, backbone: str = "slim", width: int = 48) -> None:
        super().__init__()
        self.locate = LiteNet(backbone, width)
        self.quality = Quality(width)

    def decode(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        levels = self.locate.levels(rgb)
        return levels[-1], self.locate.read(levels, rgb.shape[-2:])


class JudgeCPD(Judge):
    """On CPD-VGG, as the authors' code is. Sides must be multiples of 16."""

    def __init__(self) -> None:
        super().__init__()
        self.locate = CPDVGG()
        self.quality = Quality(3 * CHANNELS)

    def decode(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        net = self.locate
        mean, std = IMAGENET.to(rgb.device)
        attention, attended = net.attend((rgb - mean) / std)
        decoder = net.get_submodule("agg2")
        feature: Tensor = decoder.features(*net.reduced(attended, 2))  # type: ignore[operator]
        detection: Tensor = decoder.conv5(feature)  # type: ignore[operator]
        return feature, (net.enlarge(detection), net.enlarge(attention))


class DilatedAttention(nn.Module):
    """Four reaches of dilation weigh a feature, channel by channel and pixel by pixel."""

    def __init__(self, inside: int, width: int) -> None:
        super().__init__()
        self.reduce = unit(inside, width, 1)
        self.reaches = nn.ModuleList(unit(width, width, 3, dilation) for dilation in (2, 4, 6, 8))
        self.weigh = nn.Conv2d(4 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        seen = torch.cat([reach(x) for reach in self.reaches], 1)
        y: Tensor = x * self.weigh(seen).sigmoid()
        return y


class JudgeVGG(Judge):
    """The paper's: VGG-16, dilated attention on its last three stages, a U-Net decoder. No key is published."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.vgg = vgg16(lambda stage: nn.MaxPool2d(2, 2, ceil_mode=True))
        self.attend = nn.ModuleList(DilatedAttention(inside, width) for inside in (256, 512, 512))
        self.merge = nn.ModuleList(unit(2 * width, width, 3) for _ in range(2))
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 3, padding=1) for _ in range(3))
        self.quality = Quality(width)

    def decode(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        mean, std = IMAGENET.to(rgb.device)
        found = features_at(self.vgg, (rgb - mean) / std, LAST[2:])
        shallow, middle, deep = (attend(x) for attend, x in zip(self.attend, found, strict=True))
        levels = [deep]
        for fine, merge in zip((middle, shallow), self.merge, strict=True):
            coarse = F.interpolate(levels[-1], fine.shape[-2:], mode="bilinear", align_corners=False)
            levels.append(merge(torch.cat([coarse, fine], 1)))
        logits = [head(level) for head, level in zip(self.heads, levels, strict=True)]
        size = list(rgb.shape[-2:])
        return levels[-1], tuple(F.interpolate(x, size, mode="bilinear", align_corners=False) for x in logits[::-1])
