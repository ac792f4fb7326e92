"""The frames between mined frames, and the truths of their mined neighbours warped to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from boostvsod.flow.tools import check_flow, warp_back
from boostvsod.kinds import Flow, FlowBackend, Frame, Frames, Map, Mined


@dataclass(frozen=True)
class Gap:
    """One frame without truth, and the mined frames before and after it."""

    index: int
    before: Mined
    after: Mined

    @property
    def why(self) -> str:
        return f"filled in from frames {self.before.index} and {self.after.index}"


def gaps(mined: Sequence[Mined], between: int, reach: int) -> Iterator[Gap]:
    """`between` evenly spaced frames (0: all) between neighbours that are at most `reach` frames apart.

    This is the protocol m/l of RCRNet (IV): m generated labels in each interval of l frames.
    """
    for before, after in pairwise(mined):
        distance = after.index - before.index
        if distance > reach:
            continue
        count = min(between or distance - 1, distance - 1)
        for k in range(1, count + 1):
            yield Gap(before.index + round(k * distance / (count + 1)), before, after)


@dataclass(frozen=True)
class WarpedTruth:
    """The truth of a mined neighbour, warped to a frame, and the flow from this frame to the neighbour."""

    truth: Map
    flow: Flow


def warp_truth(frames: Frames, frame: Frame, neighbour: Mined, backend: FlowBackend) -> WarpedTruth:
    """Warp a neighbour's truth to a frame."""
    flow = check_flow(backend.estimate(frame, frames[neighbour.index]), frame.rgb.shape[:2], "flow of the densifier")
    return WarpedTruth(warp_back(neighbour.truth, flow), flow)


def by_frame(mined: Sequence[Mined], filled: Sequence[Mined]) -> list[Mined]:
    """Mined and filled frames in one list, in the order of the frames."""
    return sorted([*mined, *filled], key=lambda m: m.index)
