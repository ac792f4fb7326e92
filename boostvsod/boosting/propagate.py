"""Carrying the mined frames' maps to the others along the flow: no training, the control for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from boostvsod.boosting.parts import Parts
from boostvsod.boosting.store import Store
from boostvsod.flow.tools import check_flow, resize_flow, warp_back
from boostvsod.kinds import Map, Mined
from boostvsod.media.maps import resize_map
from boostvsod.media.video import Piece

SHRINK = 2  # maps are carried at half size: a piece of them stays small, and warping blurs anyway


class Propagation:
    """Answers for a learner: each frame's map is carried from the nearest mined frames on both sides."""

    def __init__(self, piece: Piece, mined: Sequence[Mined], parts: Parts, store: Store) -> None:
        self.piece, self.parts, self.store = piece, parts, store
        self.truths = {m.index: m.truth for m in mined}

    def __call__(self, piece: Piece, numbers: Sequence[int]) -> list[Map]:
        height, width = piece[0].rgb.shape[:2]
        return [self.truths.get(i, resize_map(self.carried[i], height, width)) for i in numbers]

    @cached_property
    def carried(self) -> list[Map]:
        """What both sweeps bring to each frame, weighed by how near it was mined."""
        with self.store.timed("learn"):
            onward, back = self._sweep(1), self._sweep(-1)
            return [_blend(a, b) for a, b in zip(onward, back, strict=True)]

    def _sweep(self, step: int) -> list[tuple[Map | None, int]]:
        """Frame by frame in one direction: the last mined map, warped along, and how old it is."""
        swept: list[tuple[Map | None, int]] = [(None, 0)] * len(self.piece)
        current: Map | None = None
        age = 0
        order = range(len(self.piece)) if step > 0 else range(len(self.piece) - 1, -1, -1)
        for i in order:
            if i in self.truths:
                current, age = self._small(self.truths[i]), 0
            elif current is not None:
                current, age = self._carry(current, i, i - step), age + 1
            swept[i] = current, age
            self.store.progress("learn", len(self.piece) - abs(i - order[-1]), len(self.piece))
        return swept

    def _carry(self, earlier: Map, i: int, origin: int) -> Map:
        """The map of frame `origin` as frame i sees it."""
        frame, other = self.piece[i], self.piece[origin]
        flow = check_flow(self.parts.flow.estimate(frame, other), frame.rgb.shape[:2], "flow")
        return np.asarray(warp_back(earlier, resize_flow(flow, *earlier.shape)), np.float32)

    def _small(self, saliency: Map) -> Map:
        return resize_map(saliency, -(-saliency.shape[0] // SHRINK), -(-saliency.shape[1] // SHRINK))


def _blend(one: tuple[Map | None, int], other: tuple[Map | None, int]) -> Map:
    (a, age_a), (b, age_b) = one, other
    if a is None or b is None:
        found = a if b is None else b
        assert found is not None, "somewhere in the piece a frame was mined"
        return found
    share = (age_b + 1) / (age_a + age_b + 2)
    return np.asarray(share * a + (1 - share) * b, np.float32)
