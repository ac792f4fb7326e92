"""The densifier warp: the truth of a frame is the mean of its neighbours' truths, warped along the flow."""

from __future__ import annotations

from collections.abc import Sequence

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Densifier, FlowBackend, Frames, Mined
from boostvsod.offer import Count, CountOrZero, Offer


class Warp:
    """A densifier without weights. The truth is grey where the two neighbours disagree."""

    def __init__(self, between: int, reach: int) -> None:
        self.between, self.reach = between, reach

    def fill(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> list[Mined]:
        import numpy as np

        from boostvsod_plugins.densify.gaps import by_frame, gaps, warp_truth

        filled = []
        for gap in gaps(mined, self.between, self.reach):
            frame = frames[gap.index]
            a, b = (warp_truth(frames, frame, neighbour, flow).truth for neighbour in (gap.before, gap.after))
            filled.append(
                Mined(gap.index, np.asarray((a + b) / 2, np.float32), min(gap.before.score, gap.after.score), gap.why)
            )
        return by_frame(mined, filled)


def build(between: CountOrZero = 0, reach: Count = 10) -> Densifier:
    """`between`: frames to fill between two mined ones, 0 for all; `reach`: the largest gap that is filled."""
    return Warp(between, reach)


@hookimpl
def offer_densifiers() -> list[Offer[Densifier]]:
    return [Offer("warp", "the mean of both neighbours' truths, warped along the flow; no weights", build)]
