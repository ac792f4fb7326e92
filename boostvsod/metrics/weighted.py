"""Weighted F measure (Margolin et al., CVPR 2014): the weight of an error depends on its place."""

from __future__ import annotations

import math

import cv2
import numpy as np

from boostvsod.metrics.thresholds import EPS, Truth, Values, around

REACH = 3  # radius of the 7 x 7 Gaussian (sigma 5) by which errors inside the object compensate each other
FADE = math.log(0.5) / 5  # the cost of a false alarm grows with its distance from the object, from 1 to 2
FAR = 120  # pixels; from this distance on, that cost is 2 to seven digits


def weighted_f(saliency: Values, truth: Truth) -> float:
    """F (beta = 1) of weighted precision and weighted recall; 0 if the truth has no object."""
    if not truth.any():
        return 0.0
    error = saliency.astype(np.float64)
    np.subtract(1, error, out=error, where=truth)  # |map - truth|, as maps are in [0, 1]
    near, box = around(truth, FAR), around(truth, REACH)
    outside = cv2.distanceTransform((~truth[near]).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    faded = float((error[near] * np.exp(FADE * outside)).sum())  # on the object the distance is 0
    false = 2 * float(error.sum()) - faded - float(error[truth].sum())
    inside = np.minimum(error[box], _blurred_within(error[box], truth[box]))[truth[box]]
    hit = np.count_nonzero(truth) - inside.sum()
    weighted_recall, weighted_precision = 1 - inside.mean(), hit / (hit + false + EPS)
    return float(2 * weighted_recall * weighted_precision / (weighted_recall + weighted_precision + EPS))


def _blurred_within(error: Values, truth: Truth) -> Values:
    """Errors blurred within the object. Pixels around it take the error of the nearest object pixel."""
    line = np.exp(-(np.arange(-REACH, REACH + 1) ** 2) / 50)
    line /= line.sum()
    extended = _extended(error, truth)
    return np.asarray(cv2.sepFilter2D(extended, cv2.CV_64F, line, line, borderType=cv2.BORDER_CONSTANT))


def _extended(error: Values, truth: Truth) -> Values:
    """Errors in which every pixel within reach of the blur takes the error of the nearest object pixel.

    Of equally near pixels the leftmost is taken, and of those the topmost, as in the usual distance transform.
    """
    extended = error.copy()
    reached = cv2.dilate(truth.view(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)) > 0
    y, x = np.nonzero(reached & ~truth)
    for dy, dx in _nearest_first():
        at_y, at_x = y + dy, x + dx
        inside = (at_y >= 0) & (at_y < truth.shape[0]) & (at_x >= 0) & (at_x < truth.shape[1])
        inside[inside] = truth[at_y[inside], at_x[inside]]
        extended[y[inside], x[inside]] = error[at_y[inside], at_x[inside]]
        y, x = y[~inside], x[~inside]
    return extended


def _nearest_first() -> list[tuple[int, int]]:
    """Offsets (dy, dx) within reach, sorted by distance."""
    steps = range(-REACH - 1, REACH + 2)
    offsets = [(dy, dx) for dy in steps for dx in steps if 0 < dy * dy + dx * dx <= 2 * REACH * REACH]
    return sorted(offsets, key=lambda o: (o[0] ** 2 + o[1] ** 2, o[1], o[0]))
