"""Make the pictures of the demo clip: python cut_demo_pictures.py FOLDER.

The photographs come from `pip install scikit-image scikit-learn`; nothing is downloaded here. The outline of the
astronaut is GrabCut's, from regions that were drawn by hand: surely she, surely not, and a wide outline between.
`boostvsod/media/pictures/ATTRIBUTION.md` names the authors and the licences.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import skimage.data  # type: ignore[import-not-found, unused-ignore]
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image  # type: ignore[import-not-found, unused-ignore]

from boostvsod.kinds import Map, Rgb
from boostvsod.media.composites import foreground

SIDE = 360  # of the stored cut-out; the picture has 512
SOFT = 1.6  # sigma that makes the edge of the cut-out soft, in pixels of 512
AROUND = (
    (12, 512), (18, 430), (35, 330), (40, 280), (75, 240), (112, 225), (106, 180), (130, 150), (175, 142), (160, 120),
    (148, 80), (170, 30), (220, 10), (270, 15), (305, 60), (305, 110), (285, 135), (278, 160), (300, 200), (310, 250),
    (332, 245), (345, 280), (360, 310), (368, 350), (420, 340), (460, 360), (490, 410), (502, 455), (511, 490),
    (511, 512),
)  # fmt: skip
SUIT = (
    (30, 512), (30, 430), (50, 330), (60, 290), (110, 262), (150, 262), (240, 295), (300, 250), (325, 260), (345, 300),
    (352, 345), (340, 512),
)  # fmt: skip
HAIR = ((165, 60), (200, 28), (255, 28), (290, 60), (292, 95), (272, 120), (170, 115), (160, 90))
ELLIPSES = (((225, 110), (50, 85), 0), ((208, 224), (82, 62), 18), ((385, 440), (100, 90), 0))  # face, collar, helmet
BEHIND = (
    ((362, 300), (511, 300), (511, 440), (500, 420), (478, 375), (450, 352), (415, 340), (372, 340)),  # a stand
    ((0, 0), (100, 0), (60, 250), (40, 280), (28, 330), (19, 400), (18, 440), (24, 475), (30, 511), (0, 511)),  # a flag
    ((272, 136), (270, 155), (262, 172), (258, 174), (261, 160), (266, 142)),  # beside the neck
    ((172, 122), (178, 130), (183, 147), (176, 150), (165, 150), (168, 130)),
    ((0, 0), (511, 0), (511, 11), (0, 11)),
    ((365, 0), (511, 0), (511, 319), (365, 319)),
    ((0, 0), (129, 0), (129, 139), (0, 139)),
    ((320, 0), (511, 0), (511, 139), (320, 139)),
)


def main(folder: str) -> None:
    place = Path(folder)
    cv2.imwrite(str(place / "astronaut.webp"), cut_out(skimage.data.astronaut()), [cv2.IMWRITE_WEBP_QUALITY, 88])
    pavilion = cv2.cvtColor(load_sample_image("china.jpg"), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(place / "pavilion.jpg"), pavilion, [cv2.IMWRITE_JPEG_QUALITY, 80])


def cut_out(rgb: Rgb) -> NDArray[np.uint8]:
    """The astronaut alone: SIDE x SIDE x 4, BGR and alpha."""
    alpha = soft(whole(grab_cut(rgb)))
    layers = np.dstack([foreground(rgb, alpha) / 255 * alpha[..., None], alpha])
    small = cv2.resize(layers.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    colours = small[..., 2::-1] / np.maximum(small[..., 3:], 1 / 255)
    return np.asarray(np.rint(255 * np.clip(np.dstack([colours, small[..., 3]]), 0, 1)), np.uint8)


def grab_cut(rgb: Rgb) -> NDArray[np.uint8]:
    """1 on the astronaut, 0 elsewhere."""
    mask = np.full(rgb.shape[:2], cv2.GC_PR_BGD, np.uint8)
    cv2.fillPoly(mask, [np.array(AROUND, np.int32)], cv2.GC_PR_FGD)
    for outline in (SUIT, HAIR):
        cv2.fillPoly(mask, [np.array(outline, np.int32)], cv2.GC_FGD)
    for middle, axes, angle in ELLIPSES:
        cv2.ellipse(mask, middle, axes, angle, 0, 360, cv2.GC_FGD, -1)
    for outline in BEHIND:
        cv2.fillPoly(mask, [np.array(outline, np.int32)], cv2.GC_BGD)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), mask, None, *models, 8, cv2.GC_INIT_WITH_MASK)
    return np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def whole(mask: NDArray[np.uint8], smallest_hole: int = 1500) -> NDArray[np.uint8]:
    """The largest part of the mask, without small holes."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    mask = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask)
    for i in range(1, count):
        if stats[i, cv2.CC_STAT_AREA] < smallest_hole:
            mask[labels == i] = 1
    return mask


def soft(mask: NDArray[np.uint8]) -> Map:
    """The mask with soft edges, moved inwards by part of a pixel, so that nothing of the old background stays."""
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), SOFT)
    return np.asarray(np.clip((blurred - 0.5) * 1.3 + 0.42, 0, 1), np.float32)


if __name__ == "__main__":
    main(*sys.argv[1:])
