"""The flow backend of Farneback (SCIA 2003) from OpenCV: smooth, with blurred edges and without weights."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, FlowBackend, Frame
from boostvsod.offer import Offer, Range


class Farneback:
    """The backend of polynomial expansion over a pyramid."""

    def __init__(self, **settings: float) -> None:
        self.settings = settings

    def estimate(self, a: Frame, b: Frame) -> Flow:
        import cv2

        from boostvsod_plugins.flow.grey import on_grey

        return on_grey(partial(cv2.calcOpticalFlowFarneback, **self.settings), a.rgb, b.rgb, smallest=16)


def build(
    levels: Annotated[int, Range(1, 20)] = 5,
    window: Annotated[int, Range(3, 255)] = 13,
    iterations: Annotated[int, Range(1, 100)] = 10,
) -> FlowBackend:
    """`levels` of the pyramid; `window`: of the average, in pixels; `iterations` on each level."""
    return Farneback(
        pyr_scale=0.5,
        levels=levels,
        winsize=window,
        iterations=iterations,
        poly_n=5,
        poly_sigma=1.1,
        flags=0,
    )


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("farneback", "OpenCV's polynomial expansion; no weights", build)]
