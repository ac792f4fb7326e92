"""MQPM on three backbones: predicts motion saliency and the quality of the motion from colour-coded flow.

Paper: Chen et al., "A Novel Video Salient Object Detection Method via Semisupervised Motion Quality
Perception", TCSVT 2021 (MQP), Fig. 6. Repository: github.com/qduOliver/MQP (no licence stated). Written from the
paper's text for boostvsod (Apache-2.0).

Each network takes RGB in [0, 1], B 3 H W. `forward` returns the logits of the map, like any student. `judge` also
returns the logits of the quality, B.
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
    """The classification branch: the last decoder layer, averaged over the picture and over the object -> logit B."""

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
    """A network that locates the object, and judges the motion by its last decoder layer."""

    quality: Quality

    def forward(self, rgb: Tensor) -> Logits:
        return self.judge(rgb)[1]

    def judge(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        """The logits of the quality, B, and of the maps, each B 1 H W."""
        feature, logits = self.decode(rgb)
        quality: Tensor = self.quality(feature, logits[0])
        return quality, logits

    @abstractmethod
    def decode(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        """The last decoder layer, and the logits of the maps."""


class JudgeLite(Judge):
    """MQPM on LiteNet, which is small enough to be bundled."""

    def __init__(self, backbone: str = "slim", width: int = 48) -> None:
        super().__init__()
        self.locate = LiteNet(backbone, width)
        self.quality = Quality(width)

    def decode(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        levels = self.locate.levels(rgb)
        return levels[-1], self.locate.read(levels, rgb.shape[-2:])


class JudgeCPD(Judge):
    """MQPM on CPD-VGG, as in the authors' code. The network sees sides that are multiples of 16."""

    def __init__(self) -> None:
        super().__init__()
        self.locate = CPDVGG()
        self.quality = Quality(3 * CHANNELS)

    def decode(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        net = self.locate
        mean, std = IMAGENET.to(rgb.device)
        size = list(rgb.shape[-2:])
        seen = F.interpolate(rgb, [max(1, round(side / 16)) * 16 for side in size], mode="bilinear")
        attention, attended = net.attend((seen - mean) / std)
        decoder = net.get_submodule("agg2")
        feature: Tensor = decoder.features(*net.reduced(attended, 2))  # type: ignore[operator]
        detection: Tensor = decoder.conv5(feature)  # type: ignore[operator]
        logits = (net.enlarge(detection), net.enlarge(attention))
        return feature, tuple(F.interpolate(x, size, mode="bilinear") for x in logits)


class DilatedAttention(nn.Module):
    """Multiplies a feature by weights in [0, 1], which are computed by convolutions with four dilations."""

    def __init__(self, inside: int, width: int) -> None:
        super().__init__()
        self.reduce = unit(inside, width, 1)
        self.reaches = nn.ModuleList(unit(width, width, 3, dilation) for dilation in (2, 4, 6, 8))
        self.weigh = nn.Conv2d(4 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        around = torch.cat([reach(x) for reach in self.reaches], 1)
        y: Tensor = x * self.weigh(around).sigmoid()
        return y


class JudgeVGG(Judge):
    """MQPM as in the paper: VGG-16, dilated attention on its last three stages, and a U-Net decoder.

    The authors have not published a checkpoint of it, so the names of its layers are our own.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.vgg = vgg16(lambda stage: nn.MaxPool2d(2, 2, ceil_mode=True))
        self.attend = nn.ModuleList(DilatedAttention(inside, width) for inside in (256, 512, 512))
        self.merge = nn.ModuleList(unit(2 * width, width, 3) for _ in range(2))
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 3, padding=1) for _ in range(3))
        self.quality = Quality(width)

    def decode(self, rgb: Tensor) -> tuple[Tensor, Logits]:
        mean, std = IMAGENET.to(rgb.device)
        features = features_at(self.vgg, (rgb - mean) / std, LAST[2:])
        shallow, middle, deep = (attend(x) for attend, x in zip(self.attend, features, strict=True))
        levels = [deep]
        for fine, merge in zip((middle, shallow), self.merge, strict=True):
            coarse = F.interpolate(levels[-1], fine.shape[-2:], mode="bilinear", align_corners=False)
            levels.append(merge(torch.cat([coarse, fine], 1)))
        logits = [head(level) for head, level in zip(self.heads, levels, strict=True)]
        size = list(rgb.shape[-2:])
        return levels[-1], tuple(F.interpolate(x, size, mode="bilinear", align_corners=False) for x in logits[::-1])
