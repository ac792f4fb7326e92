"""PWC-Net: a pyramid of features, which are warped and correlated, and a dense decoder on each level.

Sun et al., "PWC-Net: CNNs for Optical Flow Using Pyramid, Warping, and Cost Volume", CVPR 2018. Official
code: NVlabs/PWC-Net (CC BY-NC-SA 4.0); key names are those of sniklaus/pytorch-pwc @ fc21888 (GPL-3.0),
which is the same network. Written for boostvsod from facts about that code alone; `from_nvlabs` translates the
official keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_plugins.flow.nets.operators import correlate, in_turn, warp_inside

NAMES = ("One", "Two", "Thr", "Fou", "Fiv", "Six")  # the finest level of a pyramid is One
WIDTHS = (16, 32, 64, 96, 128, 196)
DENSE = (128, 128, 96, 64, 32)
REACH = 4
COSTS = (2 * REACH + 1) ** 2
SPEEDS = {"Fiv": 0.625, "Fou": 1.25, "Thr": 2.5, "Two": 5.0}  # pixels of a level per unit of flow (20 full pixels)
REFINER = ((128, 1), (128, 2), (128, 4), (96, 8), (64, 16), (32, 1))  # channels, dilation


def leaky(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*(part for layer in layers for part in (layer, nn.LeakyReLU(0.1))))


class Extractor(nn.Module):
    """The pyramid of features at 1/2 to 1/64 of the size."""

    def __init__(self) -> None:
        super().__init__()
        for name, inside, outside in zip(NAMES, (3, *WIDTHS), WIDTHS, strict=False):
            convs = [nn.Conv2d(a, outside, 3, s, 1) for a, s in ((inside, 2), (outside, 1), (outside, 1))]
            self.add_module(f"net{name}", leaky(*convs))

    def forward(self, x: Tensor) -> list[Tensor]:
        return in_turn(self, [f"net{name}" for name in NAMES], x)


class Decoder(nn.Module):
    """The flow of one level, computed from the flow of the coarser level if there is one."""

    def __init__(self, level: str, width: int, above: int) -> None:
        super().__init__()
        self.speed = SPEEDS.get(level, 1.0)
        if above:
            self.netUpflow = nn.ConvTranspose2d(2, 2, 4, 2, 1)
            self.netUpfeat = nn.ConvTranspose2d(above, 2, 4, 2, 1)
        inside = COSTS + (width + 4 if above else 0)
        for name, outside in zip(NAMES, DENSE, strict=False):
            self.add_module(f"net{name}", leaky(nn.Conv2d(inside, outside, 3, 1, 1)))
            inside += outside
        self.netSix = nn.Sequential(nn.Conv2d(inside, 2, 3, 1, 1))
        self.width = inside  # channels of the dense features for the next level

    def forward(
        self, first: Tensor, second: Tensor, above: tuple[Tensor, Tensor] | None, threshold: float
    ) -> tuple[Tensor, Tensor]:
        if above is None:
            dense = F.leaky_relu(correlate(first, second, REACH), 0.1)
        else:
            flow, feature = self.netUpflow(above[0]), self.netUpfeat(above[1])
            warped = warp_inside(second, flow * self.speed, threshold)
            costs = F.leaky_relu(correlate(first, warped, REACH), 0.1)
            dense = torch.cat([costs, first, flow, feature], 1)
        for name in NAMES[:5]:
            dense = torch.cat([self.get_submodule(f"net{name}")(dense), dense], 1)  # new features come first
        return self.netSix(dense), dense


class Refiner(nn.Module):
    """Dilated convolutions on the finest dense features -> a correction of the flow."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for outside, dilation in REFINER:
            layers += [nn.Conv2d(inside, outside, 3, 1, dilation, dilation), nn.LeakyReLU(0.1)]
            inside = outside
        self.netMain = nn.Sequential(*layers, nn.Conv2d(inside, 2, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.netMain(x)
        return y


class PWCNet(nn.Module):
    """Two pictures, BGR in [0, 1], B 3 H W, sides multiples of 64 -> flow B 2 H/4 W/4 in full pixels.

    `threshold`: the share of a warped pixel that must lie inside the image (0.999 sniklaus, 0.9999 NVlabs).
    """

    def __init__(self, threshold: float = 0.999) -> None:
        super().__init__()
        self.threshold = threshold
        self.netExtractor = Extractor()
        above = 0
        for name, width in reversed(list(zip(NAMES, WIDTHS, strict=True))[1:]):
            decoder = Decoder(name, width, above)
            self.add_module(f"net{name}", decoder)
            above = decoder.width
        self.netRefiner = Refiner(above)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.decode(self.netExtractor(first), self.netExtractor(second))

    def decode(self, first: list[Tensor], second: list[Tensor]) -> Tensor:
        """The flow between two feature pyramids."""
        state: tuple[Tensor, Tensor] | None = None
        for level in range(5, 0, -1):
            decoder = self.get_submodule(f"net{NAMES[level]}")
            state = decoder(first[level], second[level], state, self.threshold)
        assert state is not None, "there are five levels"
        flow, dense = state
        refined: Tensor = 20 * (flow + self.netRefiner(dense))
        return refined


def from_nvlabs(key: str) -> str | None:
    """The key in this network for an official key; None for the one layer that is never used."""
    if key.startswith("deconv2."):
        return None
    rules: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
        (r"conv6aa\.0", lambda m: "netExtractor.netSix.0"),
        (r"conv6a\.0", lambda m: "netExtractor.netSix.2"),
        (r"conv(\d)(a|aa|b)\.0", lambda m: f"netExtractor.net{_name(m[1])}.{ {'a': 0, 'aa': 2, 'b': 4}[m[2]] }"),
        (r"conv(\d)_(\d)\.0", lambda m: f"net{_name(m[1])}.net{NAMES[int(m[2])]}.0"),
        (r"predict_flow(\d)", lambda m: f"net{_name(m[1])}.netSix.0"),
        (r"deconv(\d)", lambda m: f"net{NAMES[int(m[1]) - 2]}.netUpflow"),
        (r"upfeat(\d)", lambda m: f"net{NAMES[int(m[1]) - 2]}.netUpfeat"),
        (r"dc_conv(\d)(?:\.0)?", lambda m: f"netRefiner.netMain.{2 * int(m[1]) - 2}"),
    )
    stem, _, kind = key.rpartition(".")
    for pattern, translate in rules:
        if match := re.fullmatch(pattern, stem):
            return f"{translate(match)}.{kind}"
    return key


def _name(level: str) -> str:
    return NAMES[int(level) - 1]
