"""Masks that a user drew for some frames of a video. They are the truth of these frames.

The student learns them more often than mined frames, and learns more thoroughly than without them. Each mask is carried
along the flow to the frames around it, where it replaces what was mined. The final maps of the corrected frames are the
masks themselves; in those of the others the student counts more than usual, because it has learnt the corrections.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.flow.tools import check_flow, warp_back
from boostvsod.kinds import FlowBackend, Map, Mined, Mining, Verdict
from boostvsod.media.video import Piece, Video
from boostvsod.recipe import Recipe
from boostvsod.stamps import fingerprint

REACH = 3  # frames on each side to which a mask is carried: further away, errors of the flow add up
REPEATS = 4  # how often a corrected frame is learnt while a mined one is learnt once
PASSES = 7  # over the mined frames, at least
BATCH, SIZE = 0.25, 1.25  # of learning, as multiples of what the recipe says
SIDES = 32  # networks take sizes that are multiples of this
BY_HAND = "corrected by hand"


@dataclass(frozen=True)
class Corrections:
    """Frame number in the video -> its mask, H x W floats in [0, 1]."""

    masks: Mapping[int, Map] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[int, NDArray[Any]]) -> Corrections:
        """From masks as users have them: booleans, bytes from 0 to 255, or floats in [0, 1]."""
        return cls({int(i): _as_map(int(i), np.asarray(mask)) for i, mask in sorted(given.items())})

    @property
    def stamp(self) -> str:
        """A text that changes when any mask does."""
        hashes = {i: hashlib.sha256(mask.tobytes()).hexdigest() for i, mask in self.masks.items()}
        return fingerprint([[i, self.masks[i].shape, value] for i, value in hashes.items()])

    def check(self, video: Video) -> None:
        """Raise an error if a mask has no frame, or another size than its frame."""
        height, width = video.shape
        for i, mask in self.masks.items():
            if not 0 <= i < len(video):
                raise InputError(f"a mask is for frame {i}, but {video.where} has the frames 0 to {len(video) - 1}")
            if mask.shape != video.shape:
                sizes = f"{mask.shape[1]}x{mask.shape[0]}, and the frame is {width}x{height}"
                raise InputError(f"the mask of frame {i} is {sizes}; it must have the same size")

    def inside(self, piece: Piece) -> dict[int, Map]:
        """The masks of a piece, by the number of their frame within it."""
        return {i - piece.start: mask for i, mask in self.masks.items() if piece.start <= i < piece.stop}


def _as_map(i: int, mask: NDArray[Any]) -> Map:
    if mask.ndim != 2 or (mask.dtype.kind not in "bf" and mask.dtype != np.uint8):
        kinds = "booleans, bytes or floats of shape H x W"
        raise InputError(f"the mask of frame {i} is {mask.dtype} {mask.shape}; expected {kinds}")
    scaled = np.asarray(mask / np.float32(255 if mask.dtype == np.uint8 else 1), np.float32)
    if not ((scaled >= 0) & (scaled <= 1)).all():
        raise InputError(f"the mask of frame {i} has values outside of [0, 1]")
    return scaled


def with_corrections(mining: Mining, masks: Mapping[int, Map]) -> Mining:
    """A miner's result in which the corrected frames of a piece are mined, with their masks as truth."""
    if not masks:
        return mining
    own = [Mined(i, mask, 1.0, BY_HAND) for i, mask in masks.items()]
    others = [mined for mined in mining.mined if mined.index not in masks]
    verdicts = list(mining.verdicts)
    for i in masks:
        verdicts[i] = Verdict(True, verdicts[i].scores, BY_HAND)
    return Mining(tuple(sorted([*others, *own], key=lambda mined: mined.index)), tuple(verdicts))


def repeated_and_carried(
    piece: Piece, truths: Sequence[Mined], masks: Mapping[int, Map], flow: FlowBackend
) -> list[Mined]:
    """The truths to learn from: masks come several times, and their neighbours have the masks carried to them."""
    carried = _carried(piece, masks, flow)
    others = [mined for mined in truths if mined.index not in masks and mined.index not in carried]
    own = [mined for mined in truths if mined.index in masks]
    return sorted([*others, *carried.values(), *(own * REPEATS)], key=lambda mined: mined.index)


def thorough(recipe: Recipe) -> Recipe:
    """The recipe for a piece with corrections: more passes of smaller batches, also over mirrored frames.

    The size is larger too, if the recipe gives one.
    """
    train = recipe.train
    size = round(train.size * SIZE / SIDES) * SIDES if train.size >= SIDES else train.size
    options = replace(train, batch=max(1, round(train.batch * BATCH)), size=size)
    return replace(recipe, train=options, per_frame=max(recipe.per_frame, PASSES), mirror=True)


def mixed(student: Map, fused: Map, without_target: Map) -> Map:
    """The final map of a frame of a corrected piece: the mean of the student's and of two fused maps."""
    return np.asarray((student + fused + without_target) / 3, np.float32)


def _carried(piece: Piece, masks: Mapping[int, Map], flow: FlowBackend) -> dict[int, Mined]:
    """The masks at the frames around theirs. Between two masks, the nearer one counts."""
    carried: dict[int, Mined] = {}
    now = {(i, step): mask for i, mask in masks.items() for step in (-1, 1)}
    for distance in range(1, REACH + 1):
        for (origin, step), mask in list(now.items()):
            i = origin + step * distance
            if i in masks or i in carried or not 0 <= i < len(piece):
                del now[origin, step]
                continue
            moved = check_flow(flow.estimate(piece[i], piece[i - step]), mask.shape, "flow to a corrected frame")
            now[origin, step] = np.asarray(warp_back(mask, moved), np.float32)
            carried[i] = Mined(i, now[origin, step], 1.0, f"carried from frame {origin}, which is {BY_HAND}")
    return carried
