"""F measure and E measure. Both need only two numbers per threshold: salient pixels of the map, and correct ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.bool_]
Values = NDArray[np.floating]
Curve = NDArray[np.float64]
EPS = float(np.spacing(1))
BETA2 = 0.3  # beta^2: precision weighs more than recall, as usual since Achanta et al. 2009


@dataclass(frozen=True)
class Counts:
    """Pixel counts of a binarised map, for one threshold or for each of many."""

    hit: Curve  # salient in the map and in the truth
    called: Curve  # salient in the map
    salient: int  # salient in the truth
    pixels: int


def at_levels(saliency: Values, truth: Truth) -> Counts:
    """Counts at the 256 thresholds 0/255 ... 255/255. A pixel is salient if it reaches the threshold."""
    level = (saliency * 255).astype(np.uint8)  # floor: level >= t exactly when map >= t/255
    hit, called = _reaching(level, truth.view(np.uint8)), _reaching(level, None)
    return Counts(hit, called, int(np.count_nonzero(truth)), truth.size)


def _reaching(level: NDArray[np.uint8], mask: NDArray[np.uint8] | None) -> Curve:
    """How many pixels reach each level. OpenCV counts in float32, which is exact below 2^24 pixels."""
    if level.size < 2**24:
        counts = cv2.calcHist([level], [0], mask, [256], [0, 256]).ravel().astype(np.float64)
    else:
        counts = np.bincount(level[mask > 0] if mask is not None else level.ravel(), minlength=256).astype(np.float64)
    reached: Curve = counts[::-1].cumsum()[::-1]
    return reached


def at_twice_the_mean(saliency: Values, truth: Truth) -> Counts:
    """Counts at the adaptive threshold, min(2 * mean, 1)."""
    called = saliency >= min(2 * saliency.mean(), 1)
    hit, total = np.count_nonzero(called & truth), np.count_nonzero(called)
    return Counts(np.float64(hit), np.float64(total), int(np.count_nonzero(truth)), truth.size)  # type: ignore[arg-type]


def precision(counts: Counts) -> Curve:
    """The share of the map's salient pixels that are correct; 0 if the map has none."""
    return counts.hit / np.maximum(counts.called, 1)


def recall(counts: Counts) -> Curve:
    """The share of the truth's salient pixels that the map finds; 0 if the truth has none."""
    return counts.hit / max(counts.salient, 1)


def f_measure(counts: Counts) -> Curve:
    """F = (1 + beta^2) P R / (beta^2 P + R), 0 where P and R are 0 (Achanta et al., CVPR 2009)."""
    p, r = precision(counts), recall(counts)
    bottom = BETA2 * p + r
    curve: Curve = np.divide((1 + BETA2) * p * r, bottom, out=np.zeros_like(bottom), where=bottom > 0)
    return curve


def e_measure(counts: Counts) -> Curve:
    """Enhanced alignment measure (Fan et al., IJCAI 2018) of a binarised map and its truth.

    The alignment 2ab / (a^2 + b^2) of the maps without their means has only four values: one for each
    combination of salient or not in the map and in the truth. Counting the pixels of each is enough.
    """
    n = counts.pixels
    if counts.salient in (0, n):
        right = counts.called if counts.salient else n - counts.called
        return right / (n - 1 + EPS)
    called, salient = counts.called / n, counts.salient / n
    miss, false = counts.salient - counts.hit, counts.called - counts.hit
    rest = n - counts.called - miss
    total = sum(
        pixels * _enhanced(a, b)
        for pixels, a, b in (
            (counts.hit, 1 - called, 1 - salient),
            (false, 1 - called, -salient),
            (miss, -called, 1 - salient),
            (rest, -called, -salient),
        )
    )
    return np.asarray(total / (n - 1 + EPS))


def _enhanced(a: Curve, b: float) -> Curve:
    """The enhanced alignment of one combination."""
    enhanced: Curve = (2 * a * b / (a * a + b * b + EPS) + 1) ** 2 / 4
    return enhanced


def around(mask: Truth, margin: int) -> tuple[slice, ...]:
    """The bounding box of a mask plus a margin, as slices. The mask must not be empty."""
    lines = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return tuple(slice(max(0, line[0] - margin), line[-1] + 1 + margin) for line in lines)
