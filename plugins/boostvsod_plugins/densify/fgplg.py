"""FGPLG: a network makes the truth between two mined frames from what both look like there (RCRNet, III-C).

Paper: Yan et al., ICCV 2019. Repository: github.com/Kinpzz/RCRNet-Pytorch (MIT). Its network is RCRNet with
seven input channels: the picture, both warped truths, and how far the flow to each goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Densifier, Flow, FlowBackend, Frame, Frames, Map, Mined, Student
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn

    from boostvsod_plugins.densify.gaps import Gap, Seen

SIDE = 448


def magnitude(flow: Flow) -> Map:
    """How far the flow goes, its components as shares of the picture's sides (Eq. 4)."""
    import numpy as np

    height, width = flow.shape[:2]
    length: Map = np.hypot(flow[..., 0] / width, flow[..., 1] / height).astype(np.float32)
    return length


def seven_channels(frame: Frame, before: Seen, after: Seen, side: int) -> Tensor:
    """What the network eats, 1 7 S S."""
    import cv2
    import numpy as np
    import torch

    from boostvsod_adapters.rcrnet import FORM
    from boostvsod_adapters.running import to_tensor

    planes = [before.truth, after.truth, magnitude(before.flow), magnitude(after.flow)]
    small = [cv2.resize(plane, (side, side), interpolation=cv2.INTER_LINEAR) for plane in planes]
    rgb = to_tensor([frame.rgb], FORM, (side, side))
    return torch.cat([rgb, torch.from_numpy(np.stack(small))[None]], 1)


class Fgplg:
    """The generator, at work."""

    def __init__(self, net: nn.Module, between: int, reach: int, side: int, runtime: Runtime) -> None:
        self.net, self.runtime = net.to(runtime.device).eval(), runtime
        self.between, self.reach, self.side = between, reach, side

    def fill(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> list[Mined]:
        from boostvsod_plugins.densify.gaps import gaps, in_order

        filled = []
        for gap in gaps(mined, self.between, self.reach):
            label = self._label(self._look(frames, gap, flow), frames[gap.index])
            filled.append(Mined(gap.index, label, min(gap.before.score, gap.after.score), gap.why))
        return in_order(mined, filled)

    def student(self) -> Student:
        return Student(self.net, self.side, lr=1e-5, sgd_lr=1e-4)  # IV-A

    def inputs(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> Iterator[tuple[int, Tensor]]:
        from boostvsod_plugins.densify.gaps import gaps

        return ((gap.index, self._look(frames, gap, flow)[0]) for gap in gaps(mined, self.between, self.reach))

    def _look(self, frames: Frames, gap: Gap, flow: FlowBackend) -> Tensor:
        from boostvsod_plugins.densify.gaps import look

        frame = frames[gap.index]
        before, after = (look(frames, frame, neighbour, flow) for neighbour in (gap.before, gap.after))
        return seven_channels(frame, before, after, self.side)

    def _label(self, seen: Tensor, frame: Frame) -> Map:
        import torch

        from boostvsod.media.maps import resize_map

        with torch.inference_mode():
            label = torch.sigmoid(self.net(seen.to(self.runtime.device)).float())[0, 0].cpu().numpy()
        return resize_map(label, *frame.rgb.shape[:2])


def build(runtime: Runtime, weights: str = "fgplg", between: int = 1, reach: int = 10, side: int = SIDE) -> Densifier:
    """`weights`: a file, or those kept as fgplg; `between`, `reach`: as for warp (the paper's best is 1 in 5)."""
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.rcrnet import generator, without_flow

    net = generator()
    load_weights(net, weights, rename=without_flow)
    return Fgplg(net, between, reach, side, runtime)


@hookimpl
def offer_densifiers() -> list[Offer[Densifier]]:
    from boostvsod_adapters.rcrnet import GENERATOR

    return [Offer("fgplg", "RCRNet's pseudo-label generator", build, "MIT (weights)", GENERATOR)]
