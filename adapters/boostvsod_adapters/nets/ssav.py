"""SSAV: pyramid dilated convolutions, then recurrent units in both directions of time.

Paper: Fan et al., CVPR 2019. Repository: github.com/DengPingFan/DAVSOD (no licence stated). PDB-ConvLSTM (Song
et al., ECCV 2018) is the same network without the attention head. Written from the recorded facts for boostvsod
(Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_adapters.nets.caffe import Named

HIDDEN = 32
LAYERS = {2: (64, 3, 1, 1), 3: (128, 4, 2, 1), 4: (256, 6, 1, 2), 5: (512, 3, 1, 4)}  # width, blocks, stride, dilation
PYRAMID = (2, 4, 8, 16)


class ConvLSTM(nn.Module):
    """A recurrent unit with peepholes: one weight per position, multiplied by the previous cell state."""

    def __init__(self, dilation: int, places: tuple[int, int]) -> None:
        super().__init__()
        reach = {"padding": dilation, "dilation": dilation}
        self.x_transform = nn.Conv2d(HIDDEN, 4 * HIDDEN, 3, bias=False, **reach)  # type: ignore[arg-type]
        self.h_transform = nn.Conv2d(HIDDEN, 4 * HIDDEN, 3, **reach)  # type: ignore[arg-type]
        for gate in ("input", "forget", "output"):
            peephole = nn.Module()
            peephole.weight = nn.Parameter(torch.zeros(places))
            self.add_module(f"hadamard_{gate}", peephole)

    def forward(self, frames: Sequence[Tensor]) -> list[Tensor]:
        """The features of each frame in turn, B 32 h w -> the hidden states."""
        h = c = torch.zeros_like(frames[0])
        states = []
        for x in frames:
            i, f, o, g = (self.x_transform(x) + self.h_transform(h)).chunk(4, 1)
            write, remember, read = (
                torch.sigmoid(gate + self._peep(name, c)) for gate, name in ((i, "input"), (f, "forget"), (o, "output"))
            )
            c = remember * c + write * torch.tanh(g)
            h = read * torch.tanh(c)
            states.append(h)
        return states

    def _peep(self, gate: str, cell: Tensor) -> Tensor:
        """The weight of each position times the cell state. At another size the weights are stretched."""
        weight: Tensor = self.get_submodule(f"hadamard_{gate}").weight  # type: ignore[assignment]
        if weight.shape != cell.shape[-2:]:
            weight = F.interpolate(weight[None, None], cell.shape[-2:], mode="bilinear", align_corners=False)[0, 0]
        return weight * cell


class SSAVNet(Named):
    """BGR in [0, 255] minus Caffe's means. The peepholes of the default `places` are those of 473 x 473.

    Without `attention`, this is PDB-ConvLSTM.
    """

    def __init__(self, places: tuple[int, int] = (60, 60), attention: bool = True) -> None:
        super().__init__()
        self._unit("conv1_1_3x3_s2", 3, 64, 3, 2)
        self._unit("conv1_2_3x3", 64, 64, 3)
        self._unit("conv1_3_3x3", 64, 128, 3)
        inside = 128
        for layer, (width, blocks, stride, dilation) in LAYERS.items():
            for block in range(1, blocks + 1):
                name, step = f"conv{layer}_{block}", stride if block == 1 else 1
                self._unit(f"{name}_1x1_reduce", inside, width, 1, step)
                self._unit(f"{name}_3x3", width, width, 3, 1, dilation)
                self._unit(f"{name}_1x1_increase", width, 4 * width, 1)
                if block == 1:
                    self._unit(f"{name}_1x1_proj", inside, 4 * width, 1, step)
                inside = 4 * width
        for dilation in PYRAMID:
            self._unit(f"conv5_3_d{dilation}_conv", inside, 512, 3, 1, dilation)
        self._unit("conv5_4_", inside + 512 * len(PYRAMID), HIDDEN, 1, norm="conv5_4/bn_")
        for i, dilation in enumerate((1, 2, 1, 2), 1):
            self.add_module(f"encode{i}", ConvLSTM(dilation, places))
        self.conv("conv7", 2 * HIDDEN, 2)
        self.attention = attention
        if attention:
            self.conv("conv8", HIDDEN, 2)

    def _unit(
        self, name: str, inside: int, outside: int, kernel: int, stride: int = 1, dilation: int = 1, norm: str = ""
    ) -> None:
        padding = dilation * (kernel // 2)
        self.conv(name, inside, outside, kernel, stride=stride, dilation=dilation, padding=padding, bias=False)
        self.add_module(norm or f"{name}/bn", nn.BatchNorm2d(outside))

    def _pass(self, name: str, x: Tensor, norm: str = "") -> Tensor:
        return self.run(norm or f"{name}/bn", self.run(name, x))

    def embed(self, x: Tensor) -> Tensor:
        """The features of each frame alone, B 3 H W -> B 32 h w."""
        for name in ("conv1_1_3x3_s2", "conv1_2_3x3", "conv1_3_3x3"):
            x = F.relu(self._pass(name, x))
        x = F.max_pool2d(x, 3, 2, 1, ceil_mode=True)
        for layer, (_, blocks, _, _) in LAYERS.items():
            for block in range(1, blocks + 1):
                x = self._block(f"conv{layer}_{block}", x, block == 1)
        pyramid = [F.relu(self._pass(f"conv5_3_d{d}_conv", x)) for d in PYRAMID]
        return F.relu(self._pass("conv5_4_", torch.cat([x, *pyramid], 1), "conv5_4/bn_"))

    def _block(self, name: str, x: Tensor, first: bool) -> Tensor:
        short = self._pass(f"{name}_1x1_proj", x) if first else x
        for part in ("1x1_reduce", "3x3"):
            x = F.relu(self._pass(f"{name}_{part}", x))
        return F.relu(short + self._pass(f"{name}_1x1_increase", x))

    def decode(self, embedded: Sequence[Tensor], size: Sequence[int]) -> list[tuple[Tensor, ...]]:
        """The features of each frame, from `embed` -> the logits of saliency (and attention) of each frame."""
        near, far = self.get_submodule("encode1")(embedded), self.get_submodule("encode2")(embedded)
        near_back = self.get_submodule("encode3")(near[::-1])[::-1]
        far_back = self.get_submodule("encode4")(far[::-1])[::-1]
        logits = []
        for a, b, c, d in zip(near, near_back, far, far_back, strict=True):
            salient = self.run("conv7", torch.cat([a + b, c + d], 1))
            heads = [salient, self.run("conv8", a + b)] if self.attention else [salient]
            logits.append(tuple(enlarge(head[:, 1:], size) for head in heads))
        return logits

    def forward(self, frames: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
        """The frames of a clip, each B 3 H W -> the logits of saliency (and attention) of each frame."""
        return self.decode([self.embed(frame) for frame in frames], frames[0].shape[-2:])


def enlarge(x: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(x, list(size), mode="bilinear", align_corners=True)
