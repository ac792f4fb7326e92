"""RAFT and RAFT-small: recurrent updates of the flow from the correlations of all pairs of pixels.

Teed & Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow", ECCV 2020.
Official code: princeton-vl/RAFT @ 2888e15 (BSD-3-Clause). Written for boostvsod from facts about that code; key
names are the official ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod_plugins.flow.nets.operators import in_turn, pixel_grid, sample

Norm = Callable[[int], nn.Module]
LEVELS = 4  # of the correlation pyramid


def instance_norm(channels: int) -> nn.Module:
    return nn.InstanceNorm2d(channels)  # has no affine parameters and no running statistics, so it has no keys


def no_norm(channels: int) -> nn.Module:
    return nn.Identity()


class Residual(nn.Module):
    """A residual block: two 3x3 convolutions (RAFT), or 1x1, 3x3, 1x1 with a quarter of the channels (RAFT-small)."""

    def __init__(self, inside: int, outside: int, stride: int, norm: Norm, bottleneck: bool) -> None:
        super().__init__()
        narrow = outside // 4 if bottleneck else outside
        shapes = (
            [(inside, narrow, 1, 1), (narrow, narrow, 3, stride), (narrow, outside, 1, 1)]
            if bottleneck
            else [(inside, outside, 3, stride), (outside, outside, 3, 1)]
        )
        self.depth = len(shapes)
        for i, (a, b, kernel, step) in enumerate(shapes, 1):
            self.add_module(f"conv{i}", nn.Conv2d(a, b, kernel, step, kernel // 2))
            self.add_module(f"norm{i}", norm(b))
        self.downsample: nn.Sequential | None = None
        if stride != 1:
            last = norm(outside)
            self.add_module(f"norm{self.depth + 1}", last)  # official files contain it under both names
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride), last)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for i in range(1, self.depth + 1):
            y = F.relu(self.get_submodule(f"norm{i}")(self.get_submodule(f"conv{i}")(y)))
        return F.relu(y + (self.downsample(x) if self.downsample is not None else x))


class Encoder(nn.Module):
    """The encoder: features at an eighth of the size."""

    def __init__(self, widths: Sequence[int], outside: int, norm: Norm, bottleneck: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3)
        self.norm1 = norm(widths[0])
        inside = widths[0]
        for i, (width, stride) in enumerate(zip(widths, (1, 2, 2), strict=True), 1):
            first = Residual(inside, width, stride, norm, bottleneck)
            self.add_module(f"layer{i}", nn.Sequential(first, Residual(width, width, 1, norm, bottleneck)))
            inside = width
        self.conv2 = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm1(self.conv1(x)))
        y: Tensor = self.conv2(in_turn(self, ("layer1", "layer2", "layer3"), x)[-1])
        return y


class Correlations:
    """The correlations of all pairs of features, which are read in windows around each pixel's estimated target."""

    def __init__(self, first: Tensor, second: Tensor, radius: int) -> None:
        batch, channels, height, width = first.shape
        pairs = torch.einsum("bchw,bcyx->bhwyx", first.float(), second.float()) / channels**0.5
        level = pairs.reshape(batch * height * width, 1, height, width)
        self.pyramid, self.shape = [level], (batch, height, width)
        for _ in range(LEVELS - 1):
            level = F.avg_pool2d(level, 2)
            self.pyramid.append(level)
        reach = torch.arange(-radius, radius + 1, device=first.device, dtype=torch.float32)
        # the slow index is x and the fast index is y, as in the official code, because the weights depend on it
        self.window = torch.stack(torch.meshgrid(reach, reach, indexing="ij"))[None]

    def __call__(self, places: Tensor) -> Tensor:
        """The windows around the coordinates `places`, B 2 H W, on every level: B L*D*D H W."""
        batch, height, width = self.shape
        centres = places.permute(0, 2, 3, 1).reshape(-1, 2, 1, 1)
        levels = [sample(level, centres / 2**i + self.window) for i, level in enumerate(self.pyramid)]
        flat = [level.reshape(batch, height, width, -1) for level in levels]
        return torch.cat(flat, 3).permute(0, 3, 1, 2)


class MotionEncoder(nn.Module):
    """Features of the correlations and of the current flow; the flow itself is appended."""

    def __init__(self, correlations: int, corr: Sequence[int], flow: Sequence[int], outside: int) -> None:
        super().__init__()
        self.convc1 = nn.Conv2d(correlations, corr[0], 1)
        self.convc2 = nn.Conv2d(corr[0], corr[1], 3, padding=1) if len(corr) > 1 else None
        self.convf1 = nn.Conv2d(2, flow[0], 7, padding=3)
        self.convf2 = nn.Conv2d(flow[0], flow[1], 3, padding=1)
        self.conv = nn.Conv2d(corr[-1] + flow[1], outside - 2, 3, padding=1)

    def forward(self, flow: Tensor, correlations: Tensor) -> Tensor:
        c = F.relu(self.convc1(correlations))
        if self.convc2 is not None:
            c = F.relu(self.convc2(c))
        f = F.relu(self.convf2(F.relu(self.convf1(flow))))
        return torch.cat([F.relu(self.conv(torch.cat([c, f], 1))), flow], 1)


class Gru(nn.Module):
    """A convolutional GRU. RAFT has two in a row, first along x and then along y."""

    def __init__(self, hidden: int, inside: int, kernels: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        self.suffixes = tuple(kernels)
        for suffix, kernel in kernels.items():
            padding = kernel[0] // 2, kernel[1] // 2
            for gate in "zrq":
                conv = nn.Conv2d(hidden + inside, hidden, kernel, padding=padding)
                self.add_module(f"conv{gate}{suffix}", conv)

    def forward(self, h: Tensor, x: Tensor) -> Tensor:
        for suffix in self.suffixes:
            z, r, q = (self.get_submodule(f"conv{gate}{suffix}") for gate in "zrq")
            both = torch.cat([h, x], 1)
            update = torch.sigmoid(z(both))
            fresh = torch.tanh(q(torch.cat([torch.sigmoid(r(both)) * h, x], 1)))
            h = (1 - update) * h + update * fresh
        return h


class FlowHead(nn.Module):
    def __init__(self, inside: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv2(F.relu(self.conv1(x)))
        return y


class Update(nn.Module):
    """One update: hidden state and flow -> new hidden state and a correction of the flow."""

    def __init__(self, small: bool) -> None:
        super().__init__()
        if small:
            self.encoder = MotionEncoder(LEVELS * 7 * 7, (96,), (64, 32), 82)
            self.gru = Gru(96, 64 + 82, {"": (3, 3)})
            self.flow_head = FlowHead(96, 128)
        else:
            self.encoder = MotionEncoder(LEVELS * 9 * 9, (256, 192), (128, 64), 128)
            self.gru = Gru(128, 128 + 128, {"1": (1, 5), "2": (5, 1)})
            self.flow_head = FlowHead(128, 256)
            self.mask = nn.Sequential(nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 576, 1))

    def forward(self, hidden: Tensor, context: Tensor, correlations: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.cat([context, self.encoder(flow, correlations)], 1)
        hidden = self.gru(hidden, features)
        return hidden, self.flow_head(hidden)


class RAFT(nn.Module):
    """Two pictures, RGB in [0, 255], B 3 H W, sides multiples of 8 and at least 128 -> flow B 2 H W in pixels."""

    def __init__(self, small: bool) -> None:
        super().__init__()
        self.small, self.hidden = small, 96 if small else 128
        widths, features, context = ((32, 64, 96), 128, 160) if small else ((64, 96, 128), 256, 256)
        self.fnet = Encoder(widths, features, instance_norm, small)
        self.cnet = Encoder(widths, context, no_norm if small else nn.BatchNorm2d, small)
        self.update_block = Update(small)

    def forward(self, first: Tensor, second: Tensor, iterations: int = 12) -> Tensor:
        low, hidden = self.low_resolution(first, second, iterations)
        if self.small:
            return 8 * F.interpolate(low, scale_factor=8, mode="bilinear", align_corners=True)
        return convex_upsample(low, 0.25 * self.update_block.mask(hidden))

    def low_resolution(self, first: Tensor, second: Tensor, iterations: int) -> tuple[Tensor, Tensor]:
        """The flow at an eighth of the size, in pixels of that size, and the last hidden state."""
        first, second = 2 * first / 255 - 1, 2 * second / 255 - 1
        a, b = self.fnet(torch.cat([first, second])).chunk(2)  # one batch: instance norm treats samples separately
        correlations = Correlations(a, b, 3 if self.small else 4)
        context = self.cnet(first)
        hidden, context = torch.tanh(context[:, : self.hidden]), F.relu(context[:, self.hidden :])
        start = pixel_grid(a).expand(len(a), -1, -1, -1)
        places = start
        for _ in range(iterations):
            hidden, change = self.update_block(hidden, context, correlations(places), places - start)
            places = places + change
        return places - start, hidden


def convex_upsample(flow: Tensor, mask: Tensor) -> Tensor:
    """A flow at eight times the size: every fine pixel is a convex combination of its nine coarse neighbours."""
    batch, _, height, width = flow.shape
    weights = mask.view(batch, 1, 9, 8, 8, height, width).softmax(2)
    near = F.unfold(8 * flow, 3, padding=1).view(batch, 2, 9, 1, 1, height, width)
    fine = (weights * near).sum(2).permute(0, 1, 4, 2, 5, 3)
    return fine.reshape(batch, 2, 8 * height, 8 * width)
