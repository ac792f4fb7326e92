"""The densifier FGPLG: a network predicts the truth of a frame from both mined neighbours (RCRNet, III-C).

Paper: Yan et al., ICCV 2019. Repository: github.com/Kinpzz/RCRNet-Pytorch (MIT). Its network is RCRNet with
seven input channels: the picture, both warped truths, and the length of the flow to each neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Densifier, Flow, FlowBackend, Frame, Frames, Map, Mined, Student
from boostvsod.offer import Card, Count, CountOrZero, Offer, Side
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn

    from boostvsod_plugins.densify.gaps import Gap, WarpedTruth

SIDE = 448
CHANNELS = 7
INPUTS = {"Gb": 3, "Gc": 5, "Gd": CHANNELS}  # Table 4: the picture; and both truths; and these warped, with flow
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the picture: ImageNet's


def magnitude(flow: Flow) -> Map:
    """The length of the flow, with its components as shares of the picture's sides (Eq. 4)."""
    import numpy as np

    height, width = flow.shape[:2]
    length: Map = np.hypot(flow[..., 0] / width, flow[..., 1] / height).astype(np.float32)
    return length


def seven_channels(frame: Frame, before: WarpedTruth, after: WarpedTruth, side: int) -> Tensor:
    """The input of the network, 1 7 S S."""
    return channels(frame, [before.truth, after.truth, magnitude(before.flow), magnitude(after.flow)], side)


def channels(frame: Frame, planes: Sequence[Map], side: int) -> Tensor:
    """The picture and further planes, 1 3+N S S."""
    import cv2
    import torch

    from boostvsod.training.students import as_batch

    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    rgb = (as_batch([frame.rgb], side, side) - mean) / std
    small = [cv2.resize(plane, (side, side), interpolation=cv2.INTER_LINEAR) for plane in planes]
    return torch.cat([rgb, *(torch.from_numpy(plane)[None, None] for plane in small)], 1)


class Fgplg:
    """The pseudo-label generator."""

    def __init__(
        self, net: nn.Module, between: int, reach: int, side: int, runtime: Runtime, given: str = "Gd"
    ) -> None:
        self.net, self.runtime, self.given = net.to(runtime.device).eval(), runtime, given
        self.between, self.reach, self.side = between, reach, side

    def fill(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> list[Mined]:
        from boostvsod_plugins.densify.gaps import by_frame, gaps

        filled = []
        for gap in gaps(mined, self.between, self.reach):
            label = self._label(self._input(frames, gap, flow), frames[gap.index])
            filled.append(Mined(gap.index, label, min(gap.before.score, gap.after.score), gap.why))
        return by_frame(mined, filled)

    def student(self) -> Student:
        return Student(self.net, self.side, lr=1e-5, sgd_lr=1e-4)  # IV-A

    def inputs(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> Iterator[tuple[int, Tensor]]:
        from boostvsod_plugins.densify.gaps import gaps

        return ((gap.index, self._input(frames, gap, flow)[0]) for gap in gaps(mined, self.between, self.reach))

    def _input(self, frames: Frames, gap: Gap, flow: FlowBackend) -> Tensor:
        from boostvsod_plugins.densify.gaps import warp_truth

        frame = frames[gap.index]
        if self.given != "Gd":
            truths = [gap.before.truth, gap.after.truth] if self.given == "Gc" else []
            return channels(frame, truths, self.side)
        before, after = (warp_truth(frames, frame, neighbour, flow) for neighbour in (gap.before, gap.after))
        return seven_channels(frame, before, after, self.side)

    def _label(self, x: Tensor, frame: Frame) -> Map:
        import torch

        from boostvsod.media.maps import resize_map

        with torch.inference_mode():
            label = torch.sigmoid(self.net(x.to(self.runtime.device)).float())[0, 0].cpu().numpy()
        return resize_map(label, *frame.rgb.shape[:2])


def generator(channels: int = CHANNELS) -> nn.Module:
    """The network without weights: the student `rcrnet` with more channels in its first convolution."""
    from torch import nn

    from boostvsod import registry

    net = registry.build("students", "rcrnet", weights="none").core
    assert net is not None, "the student rcrnet wraps the network that its weights belong to"
    encoder = net.get_submodule("backbone.resnet")
    encoder.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    return net


def without_flow(key: str) -> str | None:
    """The network's key for a key of the published file; None for the keys of the flow network in that file."""
    return None if key.startswith("flownet.") else key


REPOSITORY = "https://github.com/Kinpzz/RCRNet-Pytorch"
CARD = Card(
    "Yan et al., ICCV 2019",
    2019,
    REPOSITORY,
    "MIT",
    REPOSITORY,
    "MIT; Google Drive, from the page of the repository",
    "pseudo_label_generator.pth",
    45.28,
    f"{SIDE} x {SIDE}, RGB, white is 1",
    source=f"{REPOSITORY}/tree/8d9f0fe0c7ad651db7578b2d96741de11036ef82",
    net=generator,
    rename=without_flow,
)


def build(
    runtime: Runtime,
    weights: str = "fgplg",
    between: CountOrZero = 1,
    reach: Count = 10,
    side: Side = SIDE,
    inputs: str = "Gd",
) -> Densifier:
    """`weights`: a file or cached weights; `between`, `reach`: as for warp (the paper's best is 1 in 5); `inputs`: Gb,
    Gc or Gd of the paper's Table 4, what the network sees.
    """
    from boostvsod.errors import ConfigError
    from boostvsod.weights.files import load_weights

    if inputs not in INPUTS:
        raise ConfigError(f"fgplg.inputs {inputs!r} is unknown; there are: {', '.join(INPUTS)}")
    net = generator(INPUTS[inputs])
    load_weights(net, weights, rename=without_flow)
    return Fgplg(net, between, reach, side, runtime, inputs)


@hookimpl
def offer_densifiers() -> list[Offer[Densifier]]:
    return [Offer("fgplg", "RCRNet's pseudo-label generator", build, "MIT (weights)", CARD)]
