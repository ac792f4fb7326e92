"""The convolutions of VGG-16 with the layer numbers of torchvision's `features`.

Paper: Simonyan and Zisserman, ICLR 2015. Written for boostvsod (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import Tensor, nn

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
LAST = (3, 8, 15, 22, 29)  # the index after each stage's last ReLU


def vgg16(pool: Callable[[int], nn.Module]) -> nn.ModuleList:
    """One numbered list of layers: convolution, ReLU, ..., with `pool(stage)` after each of the five stages."""
    layers: list[nn.Module] = []
    inside = 3
    for number, widths in enumerate(STAGES):
        for width in widths:
            layers += [nn.Conv2d(inside, width, 3, padding=1), nn.ReLU(inplace=True)]
            inside = width
        layers.append(pool(number))
    return nn.ModuleList(layers)


def features_at(layers: Iterable[nn.Module], x: Tensor, taps: tuple[int, ...]) -> list[Tensor]:
    """The outputs of the layers with the numbers in `taps`."""
    outputs = []
    for number, layer in enumerate(layers):
        x = layer(x)
        if number in taps:
            outputs.append(x.clone() if number + 1 not in taps and isinstance(layer, nn.ReLU) else x)
    return outputs
