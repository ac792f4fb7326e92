"""The FlowNet2 family: C, S, SD, and the stacks CS, CSS and FlowNet2 itself.

Ilg et al., "FlowNet 2.0: Evolution of Optical Flow Estimation with Deep Networks", CVPR 2017. Official
PyTorch code: NVIDIA/flownet2-pytorch @ bce69c8 (Apache-2.0); weights for research only. Written for boostvsod
from facts about that code; key names are the official ones (without batch norm, as released).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_plugins.flow.nets.operators import correlate, warp

SCALE = 20.0  # pixels per unit of the network's flow
WIDTHS = {3: 256, 4: 512, 5: 512, 6: 1024}  # channels of the encoder's levels; level n has 1/2**n of the size
DECONVS = {5: (1024, 512), 4: (1026, 256), 3: (770, 128), 2: (386, 64)}  # channels in and out
MERGED = {6: 1024, 5: 1026, 4: 770, 3: 386, 2: 194}  # channels of skip, deconvolution and upsampled flow, joined


def conv(inside: int, outside: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, kernel, stride, kernel // 2), nn.LeakyReLU(0.1))


def deconv(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(inside, outside, 4, 2, 1), nn.LeakyReLU(0.1))


def plain(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, 1, 1))


class Hourglass(nn.Module):
    """The common parts of C, S and SD: the deep half of the encoder, and the decoder up to a quarter of the size."""

    def __init__(self, third: int, *, between: bool = False, flow_bias: bool = True) -> None:
        super().__init__()
        self.between = between  # a convolution between merged features and prediction
        self.conv3_1 = conv(third, WIDTHS[3])
        for level in (4, 5, 6):
            self.add_module(f"conv{level}", conv(WIDTHS[level - 1], WIDTHS[level], stride=2))
            self.add_module(f"conv{level}_1", conv(WIDTHS[level], WIDTHS[level]))
        for level, (inside, outside) in DECONVS.items():
            self.add_module(f"deconv{level}", deconv(inside, outside))
            up = nn.ConvTranspose2d(2, 2, 4, 2, 1, bias=flow_bias)
            self.add_module(f"upsampled_flow{level + 1}_to_{level}", up)
            if between:
                self.add_module(f"inter_conv{level}", plain(MERGED[level], DECONVS[level][1]))
        for level, merged in MERGED.items():
            inside = DECONVS[level][1] if between and level < 6 else merged
            self.add_module(f"predict_flow{level}", nn.Conv2d(inside, 2, 3, 1, 1))

    def through(self, second: Tensor, third: Tensor) -> Tensor:
        """The features of level 2 and the inputs of conv3_1 -> the flow of level 2."""
        skips = {2: second, 3: self.conv3_1(third)}
        for level in (4, 5, 6):
            deeper = self.get_submodule(f"conv{level}")(skips[level - 1])
            skips[level] = self.get_submodule(f"conv{level}_1")(deeper)
        merged = skips[6]
        flow: Tensor = self.get_submodule("predict_flow6")(merged)
        for level in (5, 4, 3, 2):
            up = self.get_submodule(f"upsampled_flow{level + 1}_to_{level}")(flow)
            merged = torch.cat([skips[level], self.get_submodule(f"deconv{level}")(merged), up], 1)
            features = self.get_submodule(f"inter_conv{level}")(merged) if self.between else merged
            flow = self.get_submodule(f"predict_flow{level}")(features)
        return flow


class FlowNetC(Hourglass):
    """Two pictures, B 6 H W, compared by correlation -> flow at a quarter of the size, in units of 20 pixels."""

    def __init__(self) -> None:
        super().__init__(32 + 441)
        self.conv1 = conv(3, 64, 7, 2)
        self.conv2 = conv(64, 128, 5, 2)
        self.conv3 = conv(128, 256, 5, 2)
        self.conv_redir = conv(256, 32, 1)

    def forward(self, both: Tensor) -> Tensor:
        second = self.conv2(self.conv1(both[:, :3]))
        a, b = self.conv3(second), self.conv3(self.conv2(self.conv1(both[:, 3:])))
        costs = F.leaky_relu(correlate(a, b, 20, step=2), 0.1)
        return self.through(second, torch.cat([self.conv_redir(a), costs], 1))


class FlowNetS(Hourglass):
    """Stacked pictures (6 channels alone, 12 within FlowNet2) -> flow, as FlowNetC."""

    def __init__(self, inside: int = 6) -> None:
        super().__init__(256, flow_bias=False)
        self.conv1 = conv(inside, 64, 7, 2)
        self.conv2 = conv(64, 128, 5, 2)
        self.conv3 = conv(128, 256, 5, 2)

    def forward(self, stacked: Tensor) -> Tensor:
        second = self.conv2(self.conv1(stacked))
        return self.through(second, self.conv3(second))


class FlowNetSD(Hourglass):
    """A network for small displacements: it has small kernels and starts at full size."""

    def __init__(self) -> None:
        super().__init__(256, between=True)
        self.conv0 = conv(6, 64)
        self.conv1, self.conv1_1 = conv(64, 64, stride=2), conv(64, 128)
        self.conv2, self.conv2_1 = conv(128, 128, stride=2), conv(128, 128)
        self.conv3 = conv(128, 256, stride=2)

    def forward(self, both: Tensor) -> Tensor:
        second = self.conv2_1(self.conv2(self.conv1_1(self.conv1(self.conv0(both)))))
        return self.through(second, self.conv3(second))


class FlowNetFusion(nn.Module):
    """First picture, two flows, their lengths and their warping errors, B 11 H W -> one flow, in pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = conv(11, 64)
        self.conv1, self.conv1_1 = conv(64, 64, stride=2), conv(64, 128)
        self.conv2, self.conv2_1 = conv(128, 128, stride=2), conv(128, 128)
        self.deconv1, self.deconv0 = deconv(128, 32), deconv(162, 16)
        self.inter_conv1, self.inter_conv0 = plain(162, 32), plain(82, 16)
        self.predict_flow2 = nn.Conv2d(128, 2, 3, 1, 1)
        self.predict_flow1 = nn.Conv2d(32, 2, 3, 1, 1)
        self.predict_flow0 = nn.Conv2d(16, 2, 3, 1, 1)
        self.upsampled_flow2_to_1 = nn.ConvTranspose2d(2, 2, 4, 2, 1)
        self.upsampled_flow1_to_0 = nn.ConvTranspose2d(2, 2, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        full = self.conv0(x)
        half = self.conv1_1(self.conv1(full))
        quarter = self.conv2_1(self.conv2(half))
        up = self.upsampled_flow2_to_1(self.predict_flow2(quarter))
        merged = torch.cat([half, self.deconv1(quarter), up], 1)
        up = self.upsampled_flow1_to_0(self.predict_flow1(self.inter_conv1(merged)))
        merged = torch.cat([full, self.deconv0(merged), up], 1)
        flow: Tensor = self.predict_flow0(self.inter_conv0(merged))
        return flow


class FlowNet2(nn.Module):
    """A stack of networks, each of which corrects the one before: C, then S `stacked` times.

    With `whole`, the stack's flow is fused with that of SD. Two pictures minus their mean, B 6 H W in [-1, 1], sides
    multiples of 64 -> flow B 2 H W in pixels.
    """

    def __init__(self, stacked: int = 2, whole: bool = True) -> None:
        super().__init__()
        self.stacked, self.whole = stacked, whole
        self.flownetc = FlowNetC()
        for i in range(1, stacked + 1):
            self.add_module(f"flownets_{i}", FlowNetS(12))
        if whole:
            self.flownets_d = FlowNetSD()
            self.flownetfusion = FlowNetFusion()

    def forward(self, both: Tensor) -> Tensor:
        flow = enlarge(SCALE * self.flownetc(both))
        for i in range(1, self.stacked + 1):
            warped, error = explained(both, flow)
            correction = self.get_submodule(f"flownets_{i}")(torch.cat([both, warped, flow / SCALE, error], 1))
            flow = enlarge(SCALE * correction, "nearest" if i == 2 else "bilinear")
        return self.fused(both, flow) if self.whole else flow

    def fused(self, both: Tensor, large: Tensor) -> Tensor:
        """The fusion of the stack's flow and SD's flow. SD's weights in FlowNet2 have another scale than alone."""
        small = enlarge(self.flownets_d(both) / SCALE, "nearest")
        speeds = [magnitude(flow) for flow in (small, large)]
        errors = [explained(both, flow)[1] for flow in (small, large)]
        flow: Tensor = self.flownetfusion(torch.cat([both[:, :3], small, large, *speeds, *errors], 1))
        return flow


class Alone(nn.Module):
    """C, S or SD alone, with its flow at full size. Weights are loaded into `net`."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, both: Tensor) -> Tensor:
        return enlarge(SCALE * self.net(both))


def enlarge(flow: Tensor, mode: str = "bilinear") -> Tensor:
    """A flow at four times the size, with unchanged values."""
    return F.interpolate(flow, scale_factor=4, mode=mode, align_corners=False if mode == "bilinear" else None)


def magnitude(x: Tensor) -> Tensor:
    """The norm over the channels, B 1 H W."""
    return x.pow(2).sum(1, keepdim=True).sqrt()


def explained(both: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
    """The second picture, warped back by the flow, and its distance from the first picture."""
    warped = warp(both[:, 3:], flow, "border")
    return warped, magnitude(both[:, :3] - warped)
