"""Truth between mined frames without weights: both neighbours' warped along the flow, and their mean."""

from __future__ import annotations

from collections.abc import Sequence

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Densifier, FlowBackend, Frames, Mined
from boostvsod.offer import Offer


class Warp:
    """Where the two disagree the truth is soft."""

    def __init__(self, between: int, reach: int) -> None:
        self.between, self.reach = between, reach

    def fill(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> list[Mined]:
        import numpy as np

        from boostvsod_plugins.densify.gaps import gaps, in_order, look

        filled = []
        for gap in gaps(mined, self.between, self.reach):
            frame = frames[gap.index]
            a, b = (look(frames, frame, neighbour, flow).truth for neighbour in (gap.before, gap.after))
            filled.append(
                Mined(gap.index, np.asarray((a + b) / 2, np.float32), min(gap.before.score, gap.after.score), gap.why)
            )
        return in_order(mined, filled)


def build(between: int = 0, reach: int = 10) -> Densifier:
    """`between`: frames filled in between two mined ones, 0 for all; `reach`: how far apart these may be."""
    return Warp(between, reach)


@hookimpl
def offer_densifiers() -> list[Offer[Densifier]]:
    return [Offer("warp", "the mean of both neighbours' truths, warped along the flow; no weights", build)]
