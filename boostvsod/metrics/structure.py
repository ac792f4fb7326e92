"""Structure measure S (Fan et al., ICCV 2017): similarity of objects and of regions."""

from __future__ import annotations

import cv2
import numpy as np

from boostvsod.metrics.thresholds import EPS, Truth, Values


def s_measure(saliency: Values, truth: Truth, alpha: float = 0.5) -> float:
    """alpha * object similarity + (1 - alpha) * region similarity; without an object in the truth, 1 - mean."""
    share = float(truth.mean())
    if share == 0:
        return 1 - float(saliency.mean())
    if share == 1:
        return float(saliency.mean())
    exact = np.ascontiguousarray(saliency, np.float64)
    mask = truth.view(np.uint8)
    inside, outside = _moments(exact, mask), _moments(exact, 1 - mask)
    objects = share * _object_similarity(*inside) + (1 - share) * _object_similarity(1 - outside[0], outside[1])
    return max(0.0, alpha * objects + (1 - alpha) * _region_similarity(exact, mask))


def motion_consistency(saliency: Values, motion: Values) -> float:
    """How well a map fits a motion map: S of the map against the motion map binarised at one half.

    This is the consistency of MQP (V-B) and LIM (IV-B). S needs a binary truth, therefore the motion map is
    binarised. If nothing moves, there is nothing to compare with, and 0 is returned.
    """
    moving: Truth = motion >= 0.5
    return s_measure(saliency, moving) if moving.any() else 0.0


def _moments(values: Values, mask: np.ndarray) -> tuple[float, float]:
    """Mean and sample standard deviation of the values inside a mask."""
    count = np.count_nonzero(mask)
    mean, deviation = (float(x.item()) for x in cv2.meanStdDev(values, mask=mask))
    return mean, deviation * np.sqrt(count / (count - 1)) if count > 1 else 0.0


def _object_similarity(mean: float, spread: float) -> float:
    """Object similarity from mean and deviation: high if the values are high and even."""
    return 2 * mean / (mean * mean + 1 + spread + EPS)


def _region_similarity(saliency: Values, truth: np.ndarray) -> float:
    """Region similarity: of the four blocks around the centroid of the truth, weighted by their areas."""
    rows, columns = (cv2.reduce(truth, i, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for i in (1, 0))
    y, x = (int(np.rint((line * np.arange(line.size)).sum() / line.sum())) + 1 for line in (rows, columns))
    score = 0.0
    for block in np.s_[:y, :x], np.s_[:y, x:], np.s_[y:, :x], np.s_[y:, x:]:
        if truth[block].size:
            score += truth[block].size / truth.size * _block_similarity(saliency[block], truth[block])
    return score


def _block_similarity(saliency: Values, truth: np.ndarray) -> float:
    """Structural similarity (SSIM) of two blocks, each as one window."""
    n, salient = truth.size, cv2.countNonZero(truth)
    rest, y = max(n - 1, 1), salient / n
    x, deviation = (float(value.item()) for value in cv2.meanStdDev(saliency))
    var_x, var_y = n * deviation * deviation / rest, n * y * (1 - y) / rest
    on_truth = salient * cv2.mean(saliency, mask=truth)[0] if salient else 0.0
    covariance = (on_truth - salient * x) / rest
    top, bottom = 4 * x * y * covariance, (x * x + y * y) * (var_x + var_y)
    if top != 0:
        return top / (bottom + EPS)
    return 1.0 if bottom == 0 else 0.0
