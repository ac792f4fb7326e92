"""J and contour F of DAVIS (Perazzi et al., CVPR 2016). Maps are binarised at one half first."""

from __future__ import annotations

import cv2
import numpy as np

from boostvsod.metrics.thresholds import Truth, Values, around

CUT = 0.5
REACH = 0.008  # allowed distance between contours, as a share of the picture's diagonal


def jaccard(saliency: Values, truth: Truth) -> float:
    """J, the intersection over union; 1 if map and truth are both empty."""
    salient = saliency >= CUT
    union = np.count_nonzero(salient | truth)
    return np.count_nonzero(salient & truth) / union if union else 1.0


def contour_f(saliency: Values, truth: Truth) -> float:
    """F measure of the contours, with a small allowed distance; 1 if both are empty, 0 if only one is."""
    ours, theirs = _contour(saliency >= CUT), _contour(truth)
    if not (ours.any() and theirs.any()):
        return float(not ours.any() and not theirs.any())
    reach = np.ceil(REACH * np.hypot(*truth.shape))
    precision, recall = _share_near(ours, theirs, reach), _share_near(theirs, ours, reach)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _contour(mask: Truth) -> Truth:
    """The pixels that differ from their right, lower or lower right neighbour."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    edges: Truth = (mask ^ padded[:-1, 1:]) | (mask ^ padded[1:, :-1]) | (mask ^ padded[1:, 1:])
    return edges


def _share_near(contour: Truth, other: Truth, reach: float) -> float:
    """The share of a contour whose distance to the other contour is at most `reach` pixels."""
    near = around(other, int(reach))
    away = cv2.distanceTransform((~other[near]).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.count_nonzero(away[contour[near]] <= reach + 1e-3) / np.count_nonzero(contour)
