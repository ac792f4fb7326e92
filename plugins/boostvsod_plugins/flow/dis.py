"""The flow backend DIS (Kroeger et al., ECCV 2016) from OpenCV: fast, with good edges and without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.errors import ConfigError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, FlowBackend, Frame
from boostvsod.offer import Offer

if TYPE_CHECKING:
    import cv2

PRESETS = ("ultrafast", "fast", "medium")


class Dis:
    """The backend of dense inverse search."""

    def __init__(self, solver: cv2.DISOpticalFlow) -> None:
        self.solver = solver

    def estimate(self, a: Frame, b: Frame) -> Flow:
        from boostvsod_plugins.flow.grey import on_grey

        return on_grey(self.solver.calc, a.rgb, b.rgb, smallest=16)


def build(preset: str = "medium") -> FlowBackend:
    """`preset`: ultrafast, fast or medium; 3 to 24 ms for a 480p pair on two cores."""
    import cv2

    if preset not in PRESETS:
        raise ConfigError(f"dis.preset {preset!r} is unknown; there are: {', '.join(PRESETS)}")
    return Dis(cv2.DISOpticalFlow.create(PRESETS.index(preset)))


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("dis", "OpenCV's dense inverse search; no weights", build)]
