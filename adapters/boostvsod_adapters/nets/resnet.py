"""ResNet encoders with the names of published checkpoints, and with the strides and dilations that the papers change.

Paper: He et al., CVPR 2016. The names are those of torchvision, from which the saliency repositories started.
Written for boostvsod (Apache-2.0).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

EXPANSION = 4
DEPTHS = {34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions with a shortcut.

    The 3x3 convolution has the stride and the dilation. In Caffe's version the first 1x1 has the stride.
    """

    def __init__(
        self, inside: int, width: int, outside: int, stride: int = 1, dilation: int = 1, caffe: bool = False
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, width, 1, stride if caffe else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1 if caffe else stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outside, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outside)
        self.downsample = shortcut(inside, outside, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class Basic(nn.Module):
    """Two 3x3 convolutions with a shortcut. The first has the stride and the dilation."""

    def __init__(self, inside: int, width: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, width, 3, stride, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(inside, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def shortcut(inside: int, outside: int, stride: int) -> nn.Module | None:
    """A 1x1 convolution with batch norm, or None if the input itself is the shortcut."""
    if stride == 1 and inside == outside:
        return None
    return nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))


def stage(
    inside: int,
    width: int,
    blocks: int,
    stride: int = 1,
    dilation: int = 1,
    *,
    all_dilated: bool = True,
    caffe: bool = False,
) -> nn.Sequential:
    """One layer of a ResNet. The first block has the stride; all blocks, or the first only, have the dilation."""
    outside, later = width * EXPANSION, dilation if all_dilated else 1
    first = Bottleneck(inside, width, outside, stride, dilation, caffe)
    return nn.Sequential(first, *(Bottleneck(outside, width, outside, 1, later) for _ in range(blocks - 1)))


def basic_stage(inside: int, width: int, blocks: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """The same with basic blocks. Only the first block has the dilation."""
    return nn.Sequential(Basic(inside, width, stride, dilation), *(Basic(width, width) for _ in range(blocks - 1)))


class ResNet(nn.Module):
    """A ResNet whose `forward` returns the features after layer1 ... layer4. Depth 34 has basic blocks.

    With `caffe`, the first 1x1 convolution of a block has the stride, and the pooling rounds up, as in Caffe.
    With `all_dilated`, all blocks of a layer have the dilation, otherwise only the first block has it.
    """

    def __init__(
        self,
        depth: int = 50,
        channels: int = 3,
        strides: tuple[int, ...] = (1, 2, 2, 2),
        dilations: tuple[int, ...] = (1, 1, 1, 1),
        classes: int = 0,
        *,
        all_dilated: bool = True,
        caffe: bool = False,
    ) -> None:
        super().__init__()
        self.caffe = caffe
        self.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inside = 64
        for i, (blocks, stride, dilation) in enumerate(zip(DEPTHS[depth], strides, dilations, strict=True)):
            width = 64 << i
            if depth == 34:
                layer, outside = basic_stage(inside, width, blocks, stride, dilation), width
            else:
                options = {"all_dilated": all_dilated, "caffe": caffe}
                layer, outside = stage(inside, width, blocks, stride, dilation, **options), width * EXPANSION
            self.add_module(f"layer{i + 1}", layer)
            inside = outside
        if classes:
            self.fc = nn.Linear(inside, classes)  # unused, but published files contain it

    def stem(self, x: Tensor) -> Tensor:
        """The feature after the first convolution, at half the size."""
        return F.relu(self.bn1(self.conv1(x)))

    def pool(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2, 1, ceil_mode=self.caffe)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.levels(self.pool(self.stem(x)))

    def levels(self, x: Tensor) -> tuple[Tensor, ...]:
        """The features after layer1 ... layer4, from the pooled stem."""
        features = []
        for i in range(4):
            x = self.get_submodule(f"layer{i + 1}")(x)
            features.append(x)
        return tuple(features)
