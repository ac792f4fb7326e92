"""Farneback's polynomial flow (SCIA 2003), as OpenCV has it: smooth, blurred edges, no weights."""

from __future__ import annotations

from functools import partial

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, FlowBackend, Frame
from boostvsod.offer import Offer


class Farneback:
    """Polynomial expansion over a pyramid."""

    def __init__(self, **settings: float) -> None:
        self.settings = settings

    def estimate(self, a: Frame, b: Frame) -> Flow:
        import cv2

        from boostvsod_plugins.flow.grey import on_grey

        return on_grey(partial(cv2.calcOpticalFlowFarneback, **self.settings), a.rgb, b.rgb, smallest=16)


def build(levels: int = 5, window: int = 13, iterations: int = 10) -> FlowBackend:
    """The pyramid's levels, the averaging window in pixels, the iterations on each level."""
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
