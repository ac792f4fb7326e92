"""`video-lite`, the built-in network for a frame and its optical flow: as a target, and as motion saliency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import MotionSaliency, Target
from boostvsod.offer import Offer, Range, Side
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod_adapters.moving import FrameAndFlow

SIZE = 288  # the network sees about 288 x 288 pixels: 256 x 320 of a wide frame
LONGER = 428  # the longer side of the pictures that the target computes flow on, as in training


def network(runtime: Runtime, weights: str = "video-lite", size: Side = SIZE) -> FrameAndFlow:
    """The network, ready to predict."""
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.lite import BUNDLED
    from boostvsod_adapters.moving import FrameAndFlow
    from boostvsod_adapters.nets.video_lite import TwoStream

    net = TwoStream()
    return FrameAndFlow(net, load_weights(net, weights, BUNDLED), size, runtime)


def target(
    runtime: Runtime,
    weights: str = "video-lite",
    flow: str = "dis",
    views: Annotated[int, Range(1, 2)] = 2,
    size: Side = SIZE,
    longer: Side = LONGER,
) -> Target:
    """`flow`: the flow backend; `longer`: the longer side of the pictures that it gets; `views`: 1 uses the flow to
    the next frame, 2 also the flow to the previous frame.
    """
    from boostvsod import registry
    from boostvsod_adapters.moving import FlowTarget

    return FlowTarget(network(runtime, weights, size), registry.build("flows", flow, runtime), views, longer)


def motion(runtime: Runtime, weights: str = "video-lite", size: Side = SIZE) -> MotionSaliency:
    """`weights`: a file or a bundled name; `size`: the network sees about `size` x `size` pixels."""
    return network(runtime, weights, size)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("video-lite", "the built-in small network for a frame and its flow", target, weights="bundled")]


@hookimpl
def offer_motion() -> list[Offer[MotionSaliency]]:
    return [Offer("video-lite", "a trained network that sees the frame and its flow", motion)]
