"""RCRNet, and its recurrent version for video (NER).

Paper: Yan et al., ICCV 2019. Repository: github.com/Kinpzz/RCRNet-Pytorch (MIT). Written from the recorded
facts for boostvsod (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.resnet import Bottleneck, ResNet

DEEP, SKIP, REFINED = 256, 96, 128


def unit(inside: int, outside: int, kernel: int, dilation: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU, with the repository's names."""
    block = nn.Sequential()
    padding = dilation * (kernel // 2)
    block.add_module("conv", nn.Conv2d(inside, outside, kernel, padding=padding, dilation=dilation, bias=False))
    block.add_module("bn", nn.BatchNorm2d(outside))
    block.add_module("relu", nn.ReLU(inplace=True))
    return block


class ASPP(nn.Module):
    """Convolutions with four dilations and the mean of the whole picture, joined."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        self.stages = nn.Module()
        for i, dilation in enumerate((0, 6, 12, 18)):
            self.stages.add_module(f"c{i}", unit(inside, DEEP, 3 if dilation else 1, dilation or 1))
        self.imagepool = nn.Sequential()
        self.imagepool.add_module("pool", nn.AdaptiveAvgPool2d(1))
        self.imagepool.add_module("conv", unit(inside, DEEP, 1))
        self.fire = nn.Sequential()
        self.fire.add_module("conv", unit(5 * DEEP, DEEP, 3))
        self.fire.add_module("dropout", nn.Dropout2d(0.1))

    def forward(self, x: Tensor) -> Tensor:
        whole = F.interpolate(self.imagepool(x), x.shape[-2:], mode="bilinear", align_corners=False)
        y: Tensor = self.fire(torch.cat([whole, *(stage(x) for stage in self.stages.children())], 1))
        return y


class Refinement(nn.Module):
    """Joins the decoder's feature with the encoder's, which passes through a small residual block first."""

    def __init__(self, encoder: int, decoder: int) -> None:
        super().__init__()
        self.skip = Bottleneck(encoder, SKIP // 2, SKIP)
        self.refine = unit(decoder + SKIP, REFINED, 3)

    def forward(self, encoded: Tensor, decoded: Tensor) -> Tensor:
        y: Tensor = self.refine(torch.cat([decoded, self.skip(encoded)], 1))
        return y


class RCRNet(nn.Module):
    """RGB, normalised, B C H W -> logits B 1 H W. The pseudo-label generator has 7 input `channels`."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.resnet = ResNet(50, channels, (1, 2, 2, 1), (1, 1, 1, 2), classes=1000)
        self.aspp = ASPP(2048)
        self.refinement1 = Refinement(1024, DEEP)
        self.refinement2 = Refinement(512, REFINED)
        self.refinement3 = Refinement(256, REFINED)
        self.decoder = nn.Sequential()
        self.decoder.add_module("conv1", unit(REFINED, 256, 3))
        self.decoder.add_module("conv2", nn.Conv2d(256, 1, 1))

    def features(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The deep feature, B 256 H/16 W/16, and the other features of the encoder, shallow first."""
        *shallow, deep = self.resnet(x)
        return self.aspp(deep), tuple(shallow)

    def decode(self, deep: Tensor, shallow: tuple[Tensor, ...], size: Sequence[int]) -> Tensor:
        """The logits at `size`."""
        for i, encoded in enumerate(reversed(shallow), 1):
            deep = at_size(deep, encoded.shape[-2:])
            deep = self.get_submodule(f"refinement{i}")(encoded, deep)
        logits: Tensor = self.decoder(at_size(deep, size))
        return logits

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(*self.features(x), x.shape[-2:])


class ImageModel(nn.Module):
    """RCRNet under the name that it has in its checkpoints."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.backbone = RCRNet(channels)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.backbone(x)
        return logits


class NonLocal(nn.Module):
    """Attention between all positions of all frames, by plain dot products divided by the number of positions."""

    def __init__(self, channels: int = DEEP) -> None:
        super().__init__()
        self.g, self.theta, self.phi = (nn.Conv3d(channels, channels // 2, 1) for _ in range(3))
        self.W = nn.Conv3d(channels // 2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """B C T H W -> the same shape."""
        theta, phi, g = (branch(x).flatten(2) for branch in (self.theta, self.phi, self.g))
        # (theta phi^T) g = theta (phi^T g): the large matrix of all pairs is never computed.
        mixed = torch.einsum("bcn,bck->bkn", theta, torch.einsum("bcn,bkn->bck", phi, g)) / theta.shape[-1]
        y: Tensor = self.W(mixed.unflatten(-1, x.shape[2:])) + x
        return y


class ConvGRU(nn.Module):
    """A gated recurrent unit whose gates are convolutions."""

    def __init__(self, channels: int = DEEP) -> None:
        super().__init__()
        self.reset_gate, self.update_gate, self.output_gate = (
            nn.Conv2d(2 * channels, channels, 3, padding=1) for _ in range(3)
        )

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        both = torch.cat([x, state], 1)
        reset, update = torch.sigmoid(self.reset_gate(both)), torch.sigmoid(self.update_gate(both))
        new = torch.tanh(self.output_gate(torch.cat([x, reset * state], 1)))
        return (1 - update) * new + update * state


class Parts(NamedTuple):
    """The parts of NER: attention before and after recurrence in one direction of time, or in both."""

    before: bool
    directions: int
    after: bool


PARTS = {  # Table 3 of the paper; Re is NER
    "Ra": Parts(False, 0, False),
    "Rb": Parts(True, 0, False),
    "Rc": Parts(True, 2, False),
    "Rd": Parts(True, 1, True),
    "Re": Parts(True, 2, True),
}


class VideoModel(nn.Module):
    """T frames, each B 3 H W, normalised -> T logits, each B 1 H W. The parts have the names of the paper's Table 3."""

    def __init__(self, parts: str = "Re") -> None:
        super().__init__()
        self.parts = PARTS[parts]
        self.backbone = RCRNet()
        if self.parts.directions:
            self.convgru_forward = ConvGRU()
        if self.parts.directions == 2:
            self.convgru_backward = ConvGRU()
            self.bidirection_conv = nn.Conv2d(2 * DEEP, DEEP, 3, padding=1)
        if self.parts.before:
            self.non_local_block = NonLocal()
        if self.parts.after:
            self.non_local_block2 = NonLocal()

    def forward(self, frames: Sequence[Tensor]) -> list[Tensor]:
        features = [self.backbone.features(frame) for frame in frames]
        deep = self.mix_in_time([deep for deep, _ in features])
        size = frames[0].shape[-2:]
        return [self.backbone.decode(d, shallow, size) for d, (_, shallow) in zip(deep, features, strict=True)]

    def mix_in_time(self, deep: Sequence[Tensor]) -> list[Tensor]:
        """The deep features of a clip, B 256 h w each, after attention and recurrence between the frames."""
        x = list(deep)
        if self.parts.before:
            x = list(self.non_local_block(torch.stack(x, 2)).unbind(2))
        if self.parts.directions:
            x = self._pass(self.convgru_forward, x, x[0])
        if self.parts.directions == 2:
            backward = self._pass(self.convgru_backward, x[::-1], x[-1])[::-1]
            x = [torch.tanh(self.bidirection_conv(torch.cat(pair, 1))) for pair in zip(x, backward, strict=True)]
        return list(self.non_local_block2(torch.stack(x, 2)).unbind(2)) if self.parts.after else x

    def _pass(self, unit: nn.Module, inputs: Sequence[Tensor], state: Tensor) -> list[Tensor]:
        states = []
        for x in inputs:
            state = unit(x, state)
            states.append(state)
        return states


def at_size(x: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(x, list(size), mode="bilinear", align_corners=False)
