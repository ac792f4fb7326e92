"""Is what was learnt better than the target's own maps? An estimate without ground truth, and what follows of it.

The maps differ, and the boosted ones have taken something away that the target saw. If that is scenery, it moves
less than what the boosted maps show, and they are right; if it is a part of the object, or one of several, it
moves as much, and they are wrong. The numbers of `expected_gain` were fitted where ground truth is known;
examples/calibrate_gate.py does that again, and docs/default.md says on what.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from boostvsod.kinds import Map, Maps
from boostvsod.media.maps import shrunk, soft_iou, stretched

SIDE, LEAST = 240, 16  # the longer side of what the gate looks at, and the least of the shorter one
FAINT = 0.1  # motion of less than this is as good as none
BLUR = 8  # pixels of that size: motion ends where flow does, not at outlines, and thin parts have none of their own

EVEN, LENIENCE = 0.425, 0.195  # what moves so much, as a share, is as often object as scenery; more if maps are apart
WORTH = 1.03  # S gained or lost for what moves less or more
KEEP, REJECT = 0.012, 0.0065  # expected gain in S from which boosted maps are taken, and up to which they are not


def stamp() -> tuple[float, ...]:
    """What the decision hangs on, besides the maps."""
    return FAINT, BLUR, EVEN, LENIENCE, WORTH, KEEP, REJECT


def features_of(target: Maps, boosted: Maps, motion: Maps) -> dict[str, float]:
    """What tells whose maps are better, over the frames of a piece.

    apart   how little target and boosted maps overlap: 0 if they are the same
    moving  motion where the boosted maps have taken something away, as a share of that where they show something
    """
    overlaps: list[float] = []
    sums = np.zeros(4)
    for own, other, moving in zip(target, boosted, motion, strict=True):
        a, b, m = (shrunk(each, SIDE, LEAST) for each in (own, other, moving))
        a, b = stretched(a), stretched(b)
        lost, m = np.maximum(a - b, 0), np.asarray(cv2.GaussianBlur(m, (0, 0), BLUR), np.float32)
        overlaps.append(soft_iou(a, b, empty=1.0))
        sums += [(lost * m).sum(), lost.sum(), (b * m).sum(), b.sum()]
    taken, shown = (moved / max(total, 1e-6) + FAINT for moved, total in (sums[:2], sums[2:]))
    return {"apart": round(1 - float(np.mean(overlaps)), 4), "moving": round(float(taken / shown), 4)}


def expected_gain(features: Mapping[str, float]) -> float:
    """By how much S would rise if the boosted maps were taken: nothing if they are the same.

    Maps that have little in common with the boosted ones are mostly wrong ones: more may move of what was taken away.
    """
    even = EVEN + LENIENCE * features["apart"]
    return WORTH * features["apart"] * (even - features["moving"])


def judge(gain: float) -> tuple[str, str]:
    """What is kept, and the reason in words."""
    told = f"expected gain in S {gain:+.3f}"
    if gain >= KEEP:
        return "boosted", f"{told} >= {KEEP:g}"
    if gain <= REJECT:
        return "baseline", f"{told} <= {REJECT:g}: the target's own maps are probably as good or better"
    return "blend", f"{told} between {REJECT:g} and {KEEP:g}: the mean of both"


def chosen(kept: str, target: Map, boosted: Map) -> Map:
    """The final map of one frame."""
    if kept == "blend":
        return np.asarray((target + boosted) / 2, np.float32)
    return boosted if kept == "boosted" else target
