"""Several maps of one frame: how far they agree, what they say together, and a closer look at it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np

from boostvsod.kinds import Map, Proposal, Rgb, Student
from boostvsod.media.maps import geometric_mean, shows_object, shrunk, soft_iou, stretched
from boostvsod.runtime import Runtime
from boostvsod.training.students import for_inference, predict

FLOOR = 1e-4  # keeps ratios of nothing finite
SIDE = 160  # agreement is seen well enough at this size
KEPT = 0.2  # parts of an object are at least this share of its largest part


def consensus(maps: Sequence[Map]) -> Map:
    """The geometric mean, stretched: what most see, drawn as sharply as the sharpest. Empty if nobody sees anything."""
    if not any(map(shows_object, maps)):
        return np.zeros_like(maps[0])
    return stretched(geometric_mean(maps))


def sharpened(saliency: Map, contrast: float) -> Map:
    """x^c / (x^c + (1 - x)^c): 0, one half and 1 stay, the rest goes away from the middle."""
    high, low = saliency**contrast, (1 - saliency) ** contrast
    return np.asarray(high / (high + low), np.float32)


def overlap(a: Map, b: Map) -> float:
    """Of two maps, each stretched; silence on both sides is no agreement."""
    return soft_iou(stretched(a), stretched(b), empty=0.0)


def agreement(maps: Sequence[Map]) -> float:
    """The mean overlap of every two maps that say something; 0 for fewer than two."""
    pairs = [overlap(a, b) for a, b in combinations(map(small, filter(shows_object, maps)), 2)]
    return float(np.mean(pairs)) if pairs else 0.0


def sureness(saliency: Map) -> float:
    """How white what a map shows is: 1 for a mask, the level itself for an even grey, 0 for nothing."""
    return float((saliency**2).sum() / max(saliency.sum(), FLOOR))


def steadiness(areas: Sequence[float], around: int) -> list[float]:
    """By frame, how near an area is to the median of those of so many frames on each side: 1 if it is the same."""
    found = []
    for i, area in enumerate(areas):
        usual = float(np.median(areas[max(0, i - around) : i + around + 1]))
        found.append((min(area, usual) + FLOOR) / (max(area, usual) + FLOOR))
    return found


def small(saliency: Map) -> Map:
    """A map as large as what frames are compared by needs it to be."""
    return shrunk(saliency, SIDE)


def object_box(saliency: Map, margin: float) -> Proposal | None:
    """The box around the large parts of what a map shows, with a margin; None if it shows nothing."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((stretched(saliency) > 0.5).astype(np.uint8))
    if len(stats) < 2:
        return None
    mass = np.bincount(labels.ravel(), saliency.ravel(), len(stats))[1:]
    left, top, width, height, _ = stats[1:][mass >= KEPT * mass.max()].T
    sides = np.array([left.min(), top.min(), (left + width).max(), (top + height).max()])
    reach = margin * (sides[2:] - sides[:2]) + 0.01 * max(saliency.shape)
    low, high = sides[:2] - reach, sides[2:] + reach
    x0, y0 = (int(x) for x in np.maximum(low, 0))
    x1, y1 = (int(x) for x in np.minimum(np.ceil(high), saliency.shape[::-1]))
    return Proposal(x0, y0, x1, y1, 1.0)


class CloserLook:
    """Networks look at the object alone, which fills their whole input then (LIM's patchwise refiner, IV-A)."""

    def __init__(self, students: Sequence[Student], margin: float, runtime: Runtime) -> None:
        self.students = [for_inference(student, runtime) for student in students]
        self.margin, self.runtime = margin, runtime

    def __call__(self, rgb: Rgb, around: Map, *, keep: bool = False) -> Map:
        """Their mean map of the box around what a map shows; outside it nothing or, with `keep`, that map."""
        seen = around.copy() if keep else np.zeros_like(around)
        if (box := object_box(around, self.margin)) is not None:
            inside = np.s_[box.top : box.bottom, box.left : box.right]
            crop = np.ascontiguousarray(rgb[inside])
            seen[inside] = np.mean([predict(student, [crop], self.runtime)[0] for student in self.students], axis=0)
        return seen
