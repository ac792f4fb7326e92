"""The gate estimates without ground truth whether the boosted maps are better than the target's own, and chooses.

The boosted maps have removed something that the target showed. If that is scenery, it moves less than what the
boosted maps show, and they are right. If it is a part of the object, or one of several objects, it moves as
much, and they are wrong. The numbers of `expected_gain` were fitted on clips with ground truth;
examples/calibrate_gate.py fits them again, and docs/default.md names the clips.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from boostvsod.kinds import Map, Maps
from boostvsod.media.maps import shrunk, soft_iou, stretched

SIDE, LEAST = 240, 16  # the longer side of the maps that are compared, and the least shorter side
FAINT = 0.1  # motion below this counts as none
BLUR = 8  # pixels at that size: motion does not end at outlines, and thin parts have no motion of their own

EVEN, LENIENCE = 0.425, 0.195  # a removed region with this share of motion is as often object as scenery; the
# share rises if the maps differ much
WORTH = 1.03  # S gained or lost per unit of motion below or above that share
ACCEPT, REJECT = 0.012, 0.0065  # expected gain in S from which the boosted maps are taken, and up to which not


def stamp() -> tuple[float, ...]:
    """All that the decision depends on, besides the maps."""
    return FAINT, BLUR, EVEN, LENIENCE, WORTH, ACCEPT, REJECT


def features_of(target: Maps, boosted: Maps, motion: Maps) -> dict[str, float]:
    """Two features that say which maps are better, over the frames of a piece.

    apart   1 minus the overlap of the target's and the boosted maps: 0 if they are the same
    moving  motion where the boosted maps removed something, as a share of the motion where they show something
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
    """The expected rise of S if the boosted maps are taken: 0 if they are the same.

    A target whose maps overlap little with the boosted ones is mostly wrong. Then more of what was removed may move.
    """
    even = EVEN + LENIENCE * features["apart"]
    return WORTH * features["apart"] * (even - features["moving"])


def decide(gain: float) -> tuple[str, str]:
    """Which maps become the final ones ("boosted", "baseline" or "blend"), and the reason in words."""
    if gain >= ACCEPT:
        return "boosted", f"expected gain in S {gain:+.3f}"
    if gain <= REJECT:
        return "baseline", f"boosting would probably not help (expected gain in S {gain:+.3f})"
    return "blend", f"boosting may or may not help (expected gain in S {gain:+.3f})"


def chosen(choice: str, target: Map, boosted: Map) -> Map:
    """The final map of one frame."""
    if choice == "blend":
        return np.asarray((target + boosted) / 2, np.float32)
    return boosted if choice == "boosted" else target
