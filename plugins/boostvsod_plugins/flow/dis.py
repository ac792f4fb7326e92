"""The flow backend DIS (Kroeger et al., ECCV 2016) from OpenCV: fast, with good edges and without weights."""

from __future__ import annotations

from threading import local

from boostvsod.errors import ConfigError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, FlowBackend, Frame
from boostvsod.offer import Offer

PRESETS = ("ultrafast", "fast", "medium")
SMALL = 128  # pixels of the shorter side: a solver adapts itself to smaller pictures, and then stays adapted


class Dis(local):
    """The backend of dense inverse search. Each thread has a solver of its own, because a solver has a state."""

    concurrent = True

    def __init__(self, preset: int) -> None:
        import cv2

        self.preset, self.solver = preset, cv2.DISOpticalFlow.create(preset)

    def estimate(self, a: Frame, b: Frame) -> Flow:
        import cv2

        from boostvsod_plugins.flow.grey import on_grey

        small = min(a.rgb.shape[:2]) < SMALL  # a new solver, so that no flow depends on the pictures before
        solver = cv2.DISOpticalFlow.create(self.preset) if small else self.solver
        return on_grey(solver.calc, a.rgb, b.rgb, smallest=16)


def build(preset: str = "medium") -> FlowBackend:
    """`preset`: ultrafast, fast or medium; 3 to 24 ms for a 480p pair on two cores."""
    if preset not in PRESETS:
        raise ConfigError(f"dis.preset {preset!r} is unknown; there are: {', '.join(PRESETS)}")
    return Dis(PRESETS.index(preset))


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("dis", "OpenCV's dense inverse search; no weights", build)]
