"""Structure measure (Fan et al., ICCV 2017): likeness of objects and of regions."""

from __future__ import annotations

import cv2
import numpy as np

from boostvsod.measures.thresholds import EPS, Truth, Values


def s_measure(saliency: Values, truth: Truth, alpha: float = 0.5) -> float:
    """alpha * object likeness + (1 - alpha) * region likeness; without an object, 1 - mean."""
    share = float(truth.mean())
    if share == 0:
        return 1 - float(saliency.mean())
    if share == 1:
        return float(saliency.mean())
    exact = saliency.astype(np.float64, copy=False)
    mask = truth.view(np.uint8)
    objects = share * _object(exact, mask) + (1 - share) * _object(1 - exact, 1 - mask)
    return max(0.0, alpha * objects + (1 - alpha) * _regions(exact, mask))


def _object(values: Values, mask: np.ndarray) -> float:
    """How evenly high the values inside a mask are."""
    count = int(mask.sum())
    mean, deviation = (float(x.item()) for x in cv2.meanStdDev(np.ascontiguousarray(values), mask=mask))
    spread = deviation * np.sqrt(count / (count - 1)) if count > 1 else 0.0
    return 2 * mean / (mean * mean + 1 + spread + EPS)


def _regions(saliency: Values, truth: np.ndarray) -> float:
    """Likeness of the four blocks around the truth's centroid, weighed by their area."""
    rows, columns = truth.sum(1, dtype=np.int64), truth.sum(0, dtype=np.int64)
    y, x = (int(np.rint((line * np.arange(line.size)).sum() / line.sum())) + 1 for line in (rows, columns))
    score = 0.0
    for block in np.s_[:y, :x], np.s_[:y, x:], np.s_[y:, :x], np.s_[y:, x:]:
        if truth[block].size:
            score += truth[block].size / truth.size * _likeness(saliency[block], truth[block])
    return score


def _likeness(saliency: Values, truth: np.ndarray) -> float:
    """Structural similarity of two blocks, each taken as one window."""
    n, x, y = truth.size, float(saliency.mean()), float(truth.mean())
    rest, away = max(n - 1, 1), saliency - x
    var_x = float(np.vdot(away, away)) / rest
    var_y = n * y * (1 - y) / rest
    covariance = float(away[truth.view(np.bool_)].sum()) / rest  # sum (s - x)(t - y), and sum (s - x) is 0
    top, bottom = 4 * x * y * covariance, (x * x + y * y) * (var_x + var_y)
    if top != 0:
        return top / (bottom + EPS)
    return 1.0 if bottom == 0 else 0.0
