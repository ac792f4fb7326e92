"""The common parts of backends with a flow network: batches, and pictures resized to sizes that the network takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod.kinds import Flow, Frame, Rgb
from boostvsod.runtime import Runtime

Run = Callable[[Tensor, Tensor], Tensor]  # two pictures B 3 H W, RGB in [0, 255] -> flow B 2 H W in pixels
GPU_BATCH = 4  # pairs in one batch; a CPU gains nothing from batches, and RAFT's correlations need much memory


class LearntFlow:
    """A flow backend that runs a network. `run` calls it and does the padding or resizing that it needs.

    With `half`, convolutions run in the runtime's precision: for networks that become faster by it and change by
    less than a tenth of a pixel. Coordinates are always float32 (see nets/operators.py).
    """

    def __init__(self, net: nn.Module, run: Run, runtime: Runtime, *, half: bool = True) -> None:
        self.net = net.to(runtime.device).eval()
        self.run, self.runtime = run, runtime if half else replace(runtime, precision="fp32")

    def estimate(self, a: Frame, b: Frame) -> Flow:
        return self.estimate_many([(a, b)])[0]

    def estimate_many(self, pairs: Sequence[tuple[Frame, Frame]]) -> list[Flow]:
        batch = 1 if self.runtime.device == "cpu" else GPU_BATCH
        return [flow for start in range(0, len(pairs), batch) for flow in self._batch(pairs[start : start + batch])]

    def _batch(self, pairs: Sequence[tuple[Frame, Frame]]) -> list[Flow]:
        first, second = (_tensor([pair[i].rgb for pair in pairs]).to(self.runtime.device) for i in (0, 1))
        with torch.inference_mode(), self.runtime.autocast():
            flows = self.run(first, second).permute(0, 2, 3, 1).float().cpu().numpy()
        return [np.ascontiguousarray(flow) for flow in flows]


def _tensor(pictures: Sequence[Rgb]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()


def padded(run: Run, multiple: int, least: int, below: bool = False) -> Run:
    """`run` on padded pictures: their sides become multiples of `multiple` and at least `least`.

    The border is repeated, half of it on each side. With `below`, all added rows are at the bottom, as for driving
    scenes (KITTI). The flow is cropped to the pictures' size.
    """

    def on_padded(first: Tensor, second: Tensor) -> Tensor:
        height, width = first.shape[-2:]
        more_y, more_x = (max(-(-side // multiple) * multiple, least) - side for side in (height, width))
        left, top = more_x // 2, 0 if below else more_y // 2
        frame = (left, more_x - left, top, more_y - top)
        flow = run(*(F.pad(x, frame, mode="replicate") for x in (first, second)))
        return flow[..., top : top + height, left : left + width]

    return on_padded


def on_bgr(run: Run) -> Run:
    """`run` for a network that takes BGR in [0, 1]."""
    return lambda first, second: run(first.flip(1) / 255, second.flip(1) / 255)


def centred(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Both pictures minus their common mean colour."""
    mean = torch.stack([first, second]).mean((0, 3, 4))[..., None, None]
    return first - mean, second - mean


def resized(run: Run, multiple: int, *, twice: bool = False) -> Run:
    """`run` on pictures that are resized to multiples of `multiple`. The flow is resized and rescaled back.

    A coarse flow is resized directly to the pictures' size or, with `twice`, to the network's input size first.
    """

    def on_resized(first: Tensor, second: Tensor) -> Tensor:
        height, width = first.shape[-2:]
        sides = [-(-side // multiple) * multiple for side in (height, width)]
        flow = run(*(F.interpolate(x, sides, mode="bilinear", align_corners=False) for x in (first, second)))
        if twice:
            flow = F.interpolate(flow, sides, mode="bilinear", align_corners=False)
        flow = F.interpolate(flow, (height, width), mode="bilinear", align_corners=False)
        return flow * flow.new_tensor([width / sides[1], height / sides[0]]).view(1, 2, 1, 1)

    return on_resized
