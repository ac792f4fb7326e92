"""What proposers share: numbers to boxes, the best first, none twice."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.kinds import Proposal


def best_boxes(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], shape: tuple[int, ...], most: int, overlap: float
) -> list[Proposal]:
    """Boxes N 4 (left, top, right, bottom) as proposals: clipped to the picture, the best `most`, greedily.

    Of two whose intersection over union exceeds `overlap` the one with the lower score is dropped.
    """
    height, width = shape[:2]
    clipped = np.rint(np.clip(boxes, 0, [width, height, width, height])).astype(int)
    there = (clipped[:, 2] - clipped[:, 0] >= 2) & (clipped[:, 3] - clipped[:, 1] >= 2)
    clipped, scores = clipped[there], np.asarray(scores)[there]
    corners = np.concatenate([clipped[:, :2], clipped[:, 2:] - clipped[:, :2]], 1)
    kept = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), 0.0, overlap) if len(corners) else ()
    best = np.asarray(kept, int).ravel()[:most]
    found = zip(*clipped[best].T.tolist(), scores[best].tolist(), strict=True)
    return [Proposal(left, top, right, bottom, score) for left, top, right, bottom, score in found]
