"""Which frames lie between mined ones, and what their neighbours' truths look like from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from boostvsod.flow.tools import check_flow, warp_back
from boostvsod.kinds import Flow, FlowBackend, Frame, Frames, Map, Mined


@dataclass(frozen=True)
class Gap:
    """One frame to be filled in, and the mined frames before and after it."""

    index: int
    before: Mined
    after: Mined

    @property
    def why(self) -> str:
        return f"filled in from frames {self.before.index} and {self.after.index}"


def gaps(mined: Sequence[Mined], between: int, reach: int) -> Iterator[Gap]:
    """`between` evenly spaced frames (0: all) between neighbours at most `reach` frames apart.

    This is the protocol m/l of RCRNet (IV): m made labels in each interval of l frames.
    """
    for before, after in pairwise(mined):
        apart = after.index - before.index
        if apart > reach:
            continue
        count = min(between or apart - 1, apart - 1)
        for k in range(1, count + 1):
            yield Gap(before.index + round(k * apart / (count + 1)), before, after)


@dataclass(frozen=True)
class Seen:
    """A neighbour's truth as the frame between sees it, and the flow that leads there."""

    truth: Map
    flow: Flow


def look(frames: Frames, frame: Frame, neighbour: Mined, flow: FlowBackend) -> Seen:
    """Warp a neighbour's truth to a frame."""
    found = check_flow(flow.estimate(frame, frames[neighbour.index]), frame.rgb.shape[:2], "flow of the densifier")
    return Seen(warp_back(neighbour.truth, found), found)


def in_order(mined: Sequence[Mined], filled: Sequence[Mined]) -> list[Mined]:
    """Both, by frame."""
    return sorted([*mined, *filled], key=lambda m: m.index)
