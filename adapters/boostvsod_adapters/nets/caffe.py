"""The common parts of networks that were published for Caffe: layer names, rounding and bilinear upsampling.

Facts: BVLC Caffe (BSD-2-Clause), github.com/BVLC/caffe. Written for boostvsod (Apache-2.0).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.vgg import STAGES


class Named(nn.Module):
    """A network whose layers have the names of the checkpoint, including dashes and slashes."""

    def conv(self, name: str, inside: int, outside: int, kernel: int = 1, **more: int | bool) -> None:
        """Add a convolution that does not change the size, unless `more` sets another padding or stride."""
        options = {"padding": kernel // 2, **more}
        self.add_module(name, nn.Conv2d(inside, outside, kernel, **options))  # type: ignore[arg-type]

    def run(self, name: str, x: Tensor) -> Tensor:
        """Pass x through the layer of that name."""
        y: Tensor = self.get_submodule(name)(x)
        return y

    def lit(self, name: str, x: Tensor) -> Tensor:
        """Pass x through the layer of that name and ReLU."""
        return F.relu(self.run(name, x))


class Enlarge(nn.ConvTranspose2d):
    """Bilinear upsampling as a fixed deconvolution. The caller crops the output at the right and at the bottom."""

    def __init__(self, scale: int, channels: int = 1, bias: bool = True) -> None:
        super().__init__(channels, channels, 2 * scale, scale, groups=channels, bias=bias)
        reach = 1 - (torch.arange(2 * scale) / scale - (2 * scale - 1) / (2 * scale)).abs()
        with torch.no_grad():
            self.weight.copy_((reach[:, None] * reach).expand_as(self.weight))
            if self.bias is not None:
                self.bias.zero_()
        self.requires_grad_(False)


def cut(x: Tensor, like: Tensor) -> Tensor:
    """Crop x to the size of `like`, from the upper left corner, like Caffe's Crop without an offset."""
    return x[..., : like.shape[-2], : like.shape[-1]]


def pool(x: Tensor, kernel: int = 2, padding: int = 0) -> Tensor:
    """Max pooling to half the size, rounded up."""
    return F.max_pool2d(x, kernel, 2, padding, ceil_mode=True)


class CaffeVGG(Named):
    """VGG-16 with conv1_1 ... conv5_3. The last two pooling layers have a kernel of 3 x 3."""

    def __init__(self, border: int = 1) -> None:
        super().__init__()
        inside = 3
        for i, widths in enumerate(STAGES, 1):
            for j, width in enumerate(widths, 1):
                self.conv(f"conv{i}_{j}", inside, width, 3, padding=border if (i, j) == (1, 1) else 1)
                inside = width

    def encode(self, x: Tensor) -> list[Tensor]:
        """The last feature of each stage, and the pooled feature of the fifth stage."""
        features = []
        for i, widths in enumerate(STAGES, 1):
            for j in range(1, len(widths) + 1):
                x = self.lit(f"conv{i}_{j}", x)
            features.append(x)
            x = pool(x) if i < 4 else pool(x, 3, 1)
        return [*features, x]
