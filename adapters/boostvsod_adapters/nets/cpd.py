"""CPD: cascaded partial decoder, on VGG-16 or ResNet-50.

Paper: Wu, Su and Huang, CVPR 2019. Repository: github.com/wuzhe71/CPD (no licence stated). MQP's network
(Chen et al., TCSVT 2021, github.com/qduOliver/MQP) is the VGG version, with the same checkpoint keys. Written from
the recorded facts for boostvsod (Apache-2.0).

Two decoders share one shallow encoder. The first decoder predicts an attention map. The smoothed attention map is
multiplied with the shared feature, which is the input of a second copy of the deep stages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.resnet import stage

CHANNELS = 32


def plain(inside: int, outside: int, kernel: int | tuple[int, int], dilation: int = 1) -> nn.Module:
    """A convolution of the VGG version: with bias, without activation."""
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = dilation * (sides[0] // 2), dilation * (sides[1] // 2)
    return nn.Conv2d(inside, outside, sides, padding=padding, dilation=dilation)


class Normed(nn.Sequential):
    """A convolution of the ResNet version: with batch norm instead of bias, without activation."""

    def __init__(self, inside: int, outside: int, kernel: int | tuple[int, int], dilation: int = 1) -> None:
        super().__init__()
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = dilation * (sides[0] // 2), dilation * (sides[1] // 2)
        self.conv = nn.Conv2d(inside, outside, sides, padding=padding, dilation=dilation, bias=False)
        self.bn = nn.BatchNorm2d(outside)


Conv = Callable[..., nn.Module]


class RFB(nn.Module):
    """Receptive field block: four branches with growing receptive fields, joined, and a shortcut."""

    def __init__(self, inside: int, conv: Conv, outside: int = CHANNELS) -> None:
        super().__init__()
        self.branch0 = nn.Sequential(conv(inside, outside, 1))
        for k in (1, 2, 3):
            wide = 2 * k + 1
            steps = [conv(inside, outside, 1), conv(outside, outside, (1, wide)), conv(outside, outside, (wide, 1))]
            self.add_module(f"branch{k}", nn.Sequential(*steps, conv(outside, outside, 3, wide)))
        self.conv_cat = conv(4 * outside, outside, 3)
        self.conv_res = conv(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.get_submodule(f"branch{k}")(x) for k in range(4)]
        return F.relu(self.conv_cat(torch.cat(branches, 1)) + self.conv_res(x))


class Aggregation(nn.Module):
    """The partial decoder: multiplies and joins three levels from coarse to fine -> one logit map."""

    def __init__(self, conv: Conv, channels: int = CHANNELS) -> None:
        super().__init__()
        for i, factor in enumerate((1, 1, 1, 1, 2), 1):
            self.add_module(f"conv_upsample{i}", conv(factor * channels, factor * channels, 3))
        self.conv_concat2 = conv(2 * channels, 2 * channels, 3)
        self.conv_concat3 = conv(3 * channels, 3 * channels, 3)
        self.conv4 = conv(3 * channels, 3 * channels, 3)
        self.conv5 = nn.Conv2d(3 * channels, 1, 1)

    def forward(self, deep: Tensor, middle: Tensor, shallow: Tensor) -> Tensor:
        logits: Tensor = self.conv5(self.features(deep, middle, shallow))
        return logits

    def features(self, deep: Tensor, middle: Tensor, shallow: Tensor) -> Tensor:
        """The features from which the logits are computed."""
        middle_2 = torch.cat([self._up(1, deep) * middle, self._up(4, deep)], 1)
        joined = self._up(2, twice(deep)) * self._up(3, middle) * shallow
        joined = torch.cat([joined, self._up(5, self.conv_concat2(middle_2))], 1)
        last: Tensor = self.conv4(self.conv_concat3(joined))
        return last

    def _up(self, number: int, x: Tensor) -> Tensor:
        y: Tensor = self.get_submodule(f"conv_upsample{number}")(twice(x))
        return y


class HolisticAttention(nn.Module):
    """Weights the feature by the attention map, which is blurred by a learnt kernel and stretched."""

    def __init__(self) -> None:
        super().__init__()
        reach = torch.arange(31.0) - 15
        line = torch.exp(-(reach**2) / (2 * 4**2))
        kernel = line[:, None] * line
        self.gaussian_kernel = nn.Parameter((kernel / kernel.sum())[None, None])

    def forward(self, attention: Tensor, feature: Tensor) -> Tensor:
        blurred = F.conv2d(attention, self.gaussian_kernel, padding=15)
        low, high = blurred.amin((2, 3), keepdim=True), blurred.amax((2, 3), keepdim=True)
        return feature * torch.maximum((blurred - low) / (high - low + 1e-8), attention)


class Decoders(nn.Module, ABC):
    """The common parts of both versions. `levels` are the numbers of the three encoder stages that are decoded."""

    def __init__(self, levels: tuple[int, int, int], widths: tuple[int, int, int], conv: Conv) -> None:
        super().__init__()
        self.levels = levels
        for branch in (1, 2):
            for level, width in zip(levels, widths, strict=True):
                self.add_module(f"rfb{level}_{branch}", RFB(width, conv))
            self.add_module(f"agg{branch}", Aggregation(conv))
        self.HA = HolisticAttention()

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """The feature that both branches share."""

    @abstractmethod
    def deepen(self, x: Tensor, branch: int) -> tuple[Tensor, Tensor]:
        """The two deeper features of a branch."""

    @abstractmethod
    def enlarge(self, logits: Tensor) -> Tensor:
        """The logits at the input's size."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """RGB, normalised, B 3 H W -> logits of attention and detection, each B 1 H W."""
        attention, attended = self.attend(x)
        return self.enlarge(attention), self.enlarge(self._branch(attended, 2))

    def attend(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the attention, and the shared feature weighted by the attention."""
        shared = self.encode(x)
        attention = self._branch(shared, 1)
        return attention, self.HA(attention.sigmoid(), shared)

    def _branch(self, feature: Tensor, branch: int) -> Tensor:
        logits: Tensor = self.get_submodule(f"agg{branch}")(*self.reduced(feature, branch))
        return logits

    def reduced(self, feature: Tensor, branch: int) -> tuple[Tensor, Tensor, Tensor]:
        """The three features that a branch decodes: deep, middle, shallow."""
        features = (feature, *self.deepen(feature, branch))
        blocks = [self.get_submodule(f"rfb{level}_{branch}") for level in self.levels]
        shallow, middle, deep = (block(x) for block, x in zip(blocks, features, strict=True))
        return deep, middle, shallow


class VGGTwice(nn.Module):
    """VGG-16 with two copies of its last two stages. Each stage starts with mean pooling."""

    def __init__(self) -> None:
        super().__init__()
        plan = {"1": (3, 64, 2), "2": (64, 128, 2), "3": (128, 256, 3)}
        plan |= {f"{s}_{b}": (256 if s == 4 else 512, 512, 3) for b in (1, 2) for s in (4, 5)}
        for name, (inside, outside, count) in plan.items():
            number, _, branch = name.partition("_")
            block = nn.Sequential()
            if number != "1":
                block.add_module(f"pool{number}" + (f"_{branch}" if branch else ""), nn.AvgPool2d(2, 2))
            for i in range(1, count + 1):
                suffix = f"{number}_{i}" + (f"_{branch}" if branch else "")
                block.add_module(f"conv{suffix}", nn.Conv2d(inside if i == 1 else outside, outside, 3, padding=1))
                block.add_module(f"relu{suffix}", nn.ReLU(inplace=True))
            self.add_module(f"conv{name}", block)


class CPDVGG(Decoders):
    """CPD on VGG-16. The sides of its input must be multiples of 16."""

    def __init__(self) -> None:
        super().__init__((3, 4, 5), (256, 512, 512), plain)
        self.vgg = VGGTwice()

    def encode(self, x: Tensor) -> Tensor:
        for stage_number in (1, 2, 3):
            x = self.vgg.get_submodule(f"conv{stage_number}")(x)
        return x

    def deepen(self, x: Tensor, branch: int) -> tuple[Tensor, Tensor]:
        middle = self.vgg.get_submodule(f"conv4_{branch}")(x)
        return middle, self.vgg.get_submodule(f"conv5_{branch}")(middle)

    def enlarge(self, logits: Tensor) -> Tensor:
        return F.interpolate(logits, scale_factor=4, mode="bilinear", align_corners=False)


class ResNetTwice(nn.Module):
    """ResNet-50 with two copies of its last two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = stage(64, 64, 3)
        self.layer2 = stage(256, 128, 4, 2)
        for branch in (1, 2):
            self.add_module(f"layer3_{branch}", stage(512, 256, 6, 2))
            self.add_module(f"layer4_{branch}", stage(1024, 512, 3, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        shared: Tensor = self.layer2(self.layer1(x))
        return shared


class CPDResNet(Decoders):
    """CPD on ResNet-50. The sides of its input must be multiples of 32."""

    def __init__(self) -> None:
        super().__init__((2, 3, 4), (512, 1024, 2048), Normed)
        self.resnet = ResNetTwice()

    def encode(self, x: Tensor) -> Tensor:
        shared: Tensor = self.resnet(x)
        return shared

    def deepen(self, x: Tensor, branch: int) -> tuple[Tensor, Tensor]:
        middle = self.resnet.get_submodule(f"layer3_{branch}")(x)
        return middle, self.resnet.get_submodule(f"layer4_{branch}")(middle)

    def enlarge(self, logits: Tensor) -> Tensor:
        return F.interpolate(logits, scale_factor=8, mode="bilinear", align_corners=True)


def twice(x: Tensor) -> Tensor:
    """x at twice the size, bilinear with aligned corners."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
