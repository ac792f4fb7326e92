"""The common part of proposers: arrays to boxes, the best first, without duplicates."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.kinds import Proposal


def best_boxes(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], shape: tuple[int, ...], most: int, overlap: float
) -> list[Proposal]:
    """The best boxes of N 4 (left, top, right, bottom) as at most `most` proposals, clipped to the picture.

    If the intersection over union of two boxes exceeds `overlap`, the box with the lower score is dropped.
    """
    height, width = shape[:2]
    clipped = np.rint(np.clip(boxes, 0, [width, height, width, height])).astype(int)
    large = (clipped[:, 2] - clipped[:, 0] >= 2) & (clipped[:, 3] - clipped[:, 1] >= 2)
    clipped, scores = clipped[large], np.asarray(scores)[large]
    corners = np.concatenate([clipped[:, :2], clipped[:, 2:] - clipped[:, :2]], 1)
    rows = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), 0.0, overlap) if len(corners) else ()
    best = np.asarray(rows, int).ravel()[:most]
    boxed = zip(*clipped[best].T.tolist(), scores[best].tolist(), strict=True)
    return [Proposal(left, top, right, bottom, score) for left, top, right, bottom, score in boxed]
