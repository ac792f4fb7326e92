"""Weighted F measure (Margolin et al., CVPR 2014): errors count by where they are."""

from __future__ import annotations

import math

import cv2
import numpy as np

from boostvsod.metrics.thresholds import EPS, Truth, Values, around

REACH = 3  # of the 7 x 7 Gaussian, sigma 5, that lets errors inside the object make up for each other
FADE = math.log(0.5) / 5  # how the cost of a false alarm grows with its distance from the object, from 1 to 2
FAR = 120  # pixels from which on that cost is 2, to seven digits


def weighted_f(saliency: Values, truth: Truth) -> float:
    """F with beta = 1 of weighted precision and recall; 0 without an object."""
    if not truth.any():
        return 0.0
    error = saliency.astype(np.float64)
    np.subtract(1, error, out=error, where=truth)  # |map - truth|, as maps are in [0, 1]
    near, box = around(truth, FAR), around(truth, REACH)
    outside = cv2.distanceTransform((~truth[near]).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    faded = float((error[near] * np.exp(FADE * outside)).sum())  # on the object nothing fades
    false = 2 * float(error.sum()) - faded - float(error[truth].sum())
    inside = np.minimum(error[box], _shared(error[box], truth[box]))[truth[box]]
    hit = np.count_nonzero(truth) - inside.sum()
    weighted_recall, weighted_precision = 1 - inside.mean(), hit / (hit + false + EPS)
    return float(2 * weighted_recall * weighted_precision / (weighted_recall + weighted_precision + EPS))


def _shared(error: Values, truth: Truth) -> Values:
    """Errors blurred within the object; around it, those of the nearest object pixels stand in."""
    line = np.exp(-(np.arange(-REACH, REACH + 1) ** 2) / 50)
    line /= line.sum()
    spread = _carried_out(error, truth)
    return np.asarray(cv2.sepFilter2D(spread, cv2.CV_64F, line, line, borderType=cv2.BORDER_CONSTANT))


def _carried_out(error: Values, truth: Truth) -> Values:
    """Every pixel the blur can reach from the object takes the error of the object pixel nearest to it.

    Of equally near ones it is the leftmost, and of those the topmost, as in the usual distance transform.
    """
    spread = error.copy()
    reached = cv2.dilate(truth.view(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)) > 0
    y, x = np.nonzero(reached & ~truth)
    for dy, dx in _nearest_first():
        at_y, at_x = y + dy, x + dx
        inside = (at_y >= 0) & (at_y < truth.shape[0]) & (at_x >= 0) & (at_x < truth.shape[1])
        inside[inside] = truth[at_y[inside], at_x[inside]]
        spread[y[inside], x[inside]] = error[at_y[inside], at_x[inside]]
        y, x = y[~inside], x[~inside]
    return spread


def _nearest_first() -> list[tuple[int, int]]:
    steps = range(-REACH - 1, REACH + 2)
    offsets = [(dy, dx) for dy in steps for dx in steps if 0 < dy * dy + dx * dx <= 2 * REACH * REACH]
    return sorted(offsets, key=lambda o: (o[0] ** 2 + o[1] ** 2, o[1], o[0]))
