"""The two encoders with bundled weights, written for boostvsod (Apache-2.0).

SlimResNet is ResNet-18 (He et al., CVPR 2016) with fewer channels and three small convolutions at the start.
EfficientNetLite0 is EfficientNet-lite0 (Tan and Le, ICML 2019, and their repository tensorflow/tpu, Apache-2.0), with
even padding. The names of their parts are those of timm, so that both can read each other's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

SLIM_STEM, SLIM_CHANNELS = 16, (32, 64, 112, 176)
LITE0_STEM = 32
LITE0_STAGES = (  # blocks, channels, kernel, stride, expansion
    (1, 16, 3, 1, 1),
    (2, 24, 3, 2, 6),
    (2, 40, 5, 2, 6),
    (3, 80, 3, 2, 6),
    (3, 112, 5, 1, 6),
    (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)
LITE0_DECODED = (1, 2, 4, 6)  # the last stage of each stride, from stride 4 on
LITE0_EPS = 1e-3  # of its batch norms, as published


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside the identity, or beside a 1x1 convolution where the size changes."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(inside, outside, 3, stride), nn.BatchNorm2d(outside)
        self.conv2, self.bn2 = conv(outside, outside, 3), nn.BatchNorm2d(outside)
        self.act = nn.ReLU(inplace=True)
        same = stride == 1 and inside == outside
        self.downsample = None if same else nn.Sequential(conv(inside, outside, 1, stride), nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.act(self.bn1(self.conv1(x)))))
        y += x if self.downsample is None else self.downsample(x)
        z: Tensor = self.act(y)
        return z


class SlimResNet(nn.Module):
    """Features of strides 4, 8, 16 and 32."""

    channels = SLIM_CHANNELS

    def __init__(self, inside: int = 3) -> None:
        super().__init__()
        first, stem = SLIM_CHANNELS[0], SLIM_STEM
        self.conv1 = nn.Sequential(*normed(inside, stem, 2), *normed(stem, stem, 1), conv(stem, first, 3))
        self.bn1 = nn.BatchNorm2d(first)
        self.act1 = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = layer(first, first, 1)
        self.layer2, self.layer3, self.layer4 = (layer(a, b, 2) for a, b in pairwise(SLIM_CHANNELS))

    def forward(self, x: Tensor) -> list[Tensor]:
        features = [self.layer1(self.maxpool(self.act1(self.bn1(self.conv1(x)))))]
        for deeper in (self.layer2, self.layer3, self.layer4):
            features.append(deeper(features[-1]))
        return features


class SeparableBlock(nn.Module):
    """The first block of EfficientNet: a depthwise and a pointwise convolution."""

    def __init__(self, inside: int, outside: int, kernel: int) -> None:
        super().__init__()
        self.conv_dw, self.bn1 = conv(inside, inside, kernel, groups=inside), nn.BatchNorm2d(inside, LITE0_EPS)
        self.conv_pw, self.bn2 = conv(inside, outside, 1), nn.BatchNorm2d(outside, LITE0_EPS)
        self.act = nn.ReLU6(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn2(self.conv_pw(self.act(self.bn1(self.conv_dw(x)))))
        return y


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; beside the identity where the shape stays."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inside * expansion
        self.conv_pw, self.bn1 = conv(inside, wide, 1), nn.BatchNorm2d(wide, LITE0_EPS)
        self.conv_dw, self.bn2 = conv(wide, wide, kernel, stride, wide), nn.BatchNorm2d(wide, LITE0_EPS)
        self.conv_pwl, self.bn3 = conv(wide, outside, 1), nn.BatchNorm2d(outside, LITE0_EPS)
        self.act = nn.ReLU6(inplace=True)
        self.same = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.bn1(self.conv_pw(x)))
        y = self.bn3(self.conv_pwl(self.act(self.bn2(self.conv_dw(y)))))
        z: Tensor = y + x if self.same else y
        return z


class EfficientNetLite0(nn.Module):
    """Features of strides 4, 8, 16 and 32."""

    channels = tuple(LITE0_STAGES[i][1] for i in LITE0_DECODED)

    def __init__(self, inside: int = 3) -> None:
        super().__init__()
        self.conv_stem, self.bn1 = conv(inside, LITE0_STEM, 3, 2), nn.BatchNorm2d(LITE0_STEM, LITE0_EPS)
        self.act = nn.ReLU6(inplace=True)
        widths = [LITE0_STEM, *(stage[1] for stage in LITE0_STAGES)]
        self.blocks = nn.Sequential(*(lite0_stage(a, *stage) for a, stage in zip(widths, LITE0_STAGES, strict=False)))

    def forward(self, x: Tensor) -> list[Tensor]:
        x, features = self.act(self.bn1(self.conv_stem(x))), []
        for i, stage in enumerate(self.blocks):
            x = stage(x)
            if i in LITE0_DECODED:
                features.append(x)
        return features


def lite0_stage(inside: int, count: int, outside: int, kernel: int, stride: int, expansion: int) -> nn.Sequential:
    """Blocks of one stage: the first changes the size and the channels."""
    if expansion == 1:
        return nn.Sequential(SeparableBlock(inside, outside, kernel))
    first = InvertedResidual(inside, outside, kernel, stride, expansion)
    rest = (InvertedResidual(outside, outside, kernel, 1, expansion) for _ in range(count - 1))
    return nn.Sequential(first, *rest)


def layer(inside: int, outside: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(inside, outside, stride), BasicBlock(outside, outside, 1))


def normed(inside: int, outside: int, stride: int) -> Sequence[nn.Module]:
    """Convolution 3x3, batch norm and ReLU."""
    return conv(inside, outside, 3, stride), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)


def conv(inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups, bias=False)
