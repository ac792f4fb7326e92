"""MGA: features of the coloured flow guide the attention of the image branch.

Paper: Li et al., ICCV 2019. Repository: github.com/lhaof/Motion-Guided-Attention (no licence stated).
Written from the recorded facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.resnet import ResNet

WIDTH = 256
STRIDES, RATES = (1, 2, 2, 1), (1, 1, 1, 2)
LEVELS = {"conv1": (64, 64), "layer1": (64, 256), "layer2": (128, 512), "layer3": (256, 1024), "layer4": (512, 2048)}


class Atrous(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inside: int, rate: int) -> None:
        super().__init__()
        kernel, padding = (3, rate) if rate > 1 else (1, 0)
        self.atrous_convolution = nn.Conv2d(inside, WIDTH, kernel, padding=padding, dilation=rate, bias=False)
        self.bn = nn.BatchNorm2d(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.atrous_convolution(x)))


class ASPP(nn.Module):
    """Convolutions with four dilations and the mean of the whole picture, joined."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        for i, rate in enumerate((1, 6, 12, 18), 1):
            self.add_module(f"aspp{i}", Atrous(inside, rate))
        mean = (nn.AdaptiveAvgPool2d(1), nn.Conv2d(inside, WIDTH, 1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU())
        self.global_avg_pool = nn.Sequential(*mean)
        self.conv1 = nn.Conv2d(5 * WIDTH, WIDTH, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.get_submodule(f"aspp{i}")(x) for i in range(1, 5)]
        joined = torch.cat([*branches, at(self.global_avg_pool(x), x)], 1)
        return F.relu(self.bn1(self.conv1(joined)))


def head(inside: int) -> nn.Sequential:
    """Two 3x3 convolutions and a score."""
    layers: list[nn.Module] = []
    for width in (inside, WIDTH):
        layers += [nn.Conv2d(width, WIDTH, 3, padding=1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(WIDTH, 1, 1))


class FlowBranch(nn.Module):
    """The flow branch: coloured flow -> its saliency map and the features of its encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone_features = ResNet(34, strides=STRIDES, dilations=RATES)
        self.aspp = ASPP(512)
        self.last_conv = head(WIDTH)

    def forward(self, flow: Tensor) -> tuple[Tensor, list[Tensor]]:
        net = self.backbone_features
        first = net.stem(flow)
        features = [first, *net.levels(net.pool(first))]
        logits = self.last_conv(self.aspp(features[-1]))
        return torch.sigmoid(at(logits, flow)), features


class MGANet(ResNet):
    """Picture and coloured flow, RGB, normalised, each B 3 H W -> logits B 1 H W, and the flow map B 1 H/4 W/4."""

    def __init__(self) -> None:
        super().__init__(101, strides=STRIDES, dilations=RATES, all_dilated=False)
        self.aspp = ASPP(2048)
        self.last_conv = head(WIDTH + 48)
        self.conv2 = nn.Conv2d(256, 48, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(48)
        self.resnet_aspp = FlowBranch()
        for name, (of_flow, of_image) in LEVELS.items():
            self.add_module(f"conv1x1_{name}_channel_wise", nn.Conv2d(of_image, of_image, 1))
            self.add_module(f"conv1x1_{name}_spatial", nn.Conv2d(of_flow, 1, 1))

    def forward(self, image: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        flow_map, guides = self.resnet_aspp(flow)
        x = self._attend("conv1", self.stem(image), guides[0])
        x, low = self.pool(x), x
        for i, guide in enumerate(guides[1:], 1):
            x = self._attend(f"layer{i}", self.get_submodule(f"layer{i}")(x), guide)
            low = x if i == 1 else low
        low = self.bn2(self.conv2(low))
        joined = torch.cat([at(self.aspp(x), low), low], 1)
        flow_map = at(flow_map, joined)
        logits = self.last_conv(joined * flow_map + joined)
        return at(logits, image), flow_map

    def _attend(self, level: str, feature: Tensor, guide: Tensor) -> Tensor:
        """Spatial attention from the flow's feature, followed by channel attention."""
        spatial = self.get_submodule(f"conv1x1_{level}_spatial")(guide).sigmoid() * feature
        weights = self.get_submodule(f"conv1x1_{level}_channel_wise")(spatial.mean((2, 3), keepdim=True))
        weights = weights.softmax(1) * feature.shape[1]
        attended: Tensor = spatial * weights + feature
        return attended


def at(x: Tensor, other: Tensor) -> Tensor:
    return F.interpolate(x, other.shape[-2:], mode="bilinear", align_corners=True)
