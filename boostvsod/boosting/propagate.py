"""Propagation: the maps of mined frames are carried to the others along the flow. It is the control for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from boostvsod.boosting.parts import Learning
from boostvsod.boosting.store import Store
from boostvsod.errors.user_code import user_code
from boostvsod.flow.tools import check_flow, resize_flow, warp_back
from boostvsod.kinds import Map, Mined
from boostvsod.media.maps import resize_map
from boostvsod.media.video import Piece

SHRINK = 2  # maps are carried at half size: it saves memory, and warping blurs them anyway


class Propagation:
    """A learner that learns nothing: each map is carried from the nearest mined frames before and after it."""

    def __init__(self, piece: Piece, parts: Learning, store: Store) -> None:
        self.piece, self.parts, self.progress = piece, parts, store.progress
        self.truths: dict[int, Map] = {}
        self.carried: list[Map] = []

    def fit(self, truths: Sequence[Mined]) -> None:
        """Carry the mined maps through the piece in both directions, and blend them by distance in time."""
        self.truths = {mined.index: mined.truth for mined in truths}
        onward, back = self._sweep(1), self._sweep(-1)
        self.carried = [_blend(a, b) for a, b in zip(onward, back, strict=True)]

    def predict(self, piece: Piece, numbers: Sequence[int]) -> list[Map]:
        """The truth of mined frames, and the carried maps of the others; `fit` comes first."""
        assert self.carried, "a learner is fitted before it predicts"
        height, width = piece[0].rgb.shape[:2]
        return [self.truths.get(i, resize_map(self.carried[i], height, width)) for i in numbers]

    def _sweep(self, step: int) -> list[tuple[Map | None, int]]:
        """Per frame, in one direction: the last mined map, warped to this frame, and its age in frames."""
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
            self.progress("learn", len(self.piece) - abs(i - order[-1]), len(self.piece))
        return swept

    def _carry(self, earlier: Map, i: int, origin: int) -> Map:
        """The map of frame `origin`, warped to frame i."""
        frame, other = self.piece[i], self.piece[origin]
        who = f"flow {self.parts.recipe.flow}"
        with user_code(who, frame.name):
            flow = self.parts.flow.estimate(frame, other)
        flow = check_flow(flow, frame.rgb.shape[:2], who)
        return np.asarray(warp_back(earlier, resize_flow(flow, *earlier.shape)), np.float32)

    def _small(self, saliency: Map) -> Map:
        return resize_map(saliency, -(-saliency.shape[0] // SHRINK), -(-saliency.shape[1] // SHRINK))


def _blend(one: tuple[Map | None, int], other: tuple[Map | None, int]) -> Map:
    (a, age_a), (b, age_b) = one, other
    if a is None or b is None:
        found = a if b is None else b
        assert found is not None, "at least one frame of the piece was mined"
        return found
    share = (age_b + 1) / (age_a + age_b + 2)
    return np.asarray(share * a + (1 - share) * b, np.float32)
