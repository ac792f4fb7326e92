"""Saliency without learning: regions that differ from the picture's border and are separated from it.

This is the MB+ method of "Minimum Barrier Salient Object Detection at 80 FPS" (Zhang et al., ICCV 2015).
It adds each pixel's barrier distance to the border and the distance of its colour to the border's colours.
The sum is smoothed, weighted towards the centre and sharpened. Written from the paper, without its authors' code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Map, Rgb, Target, Window
from boostvsod.offer import Offer

if TYPE_CHECKING:
    import numpy as np

SIDE = 160  # pixels of the longer side of the small picture that everything is computed on
PASSES = 3  # sweeps in each of the four directions; the paper has three raster scans
STRIP = 0.1  # width of the border, as a share of the picture's side
STEEPNESS = 10.0  # of the final contrast curve


class Classic:
    """A target that adds barrier distance and colour distance to the border."""

    window = 1
    batch = 1

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [saliency(window.frame.rgb) for window in windows]


def saliency(rgb: Rgb) -> Map:
    """The map of one picture, H W in [0, 1]."""
    import cv2
    import numpy as np

    from boostvsod.media.images import resize_rgb
    from boostvsod.media.maps import resize_map

    height, width = rgb.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    small = resize_rgb(rgb, max(4, round(height * scale)), max(4, round(width * scale)))
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    joined = _stretch(barrier_distance(lab)) + _stretch(border_unlikeness(lab))
    smooth = _stretch(_open_and_close(joined.astype(np.float32)))
    centred = _stretch(smooth * _centre(*smooth.shape))
    sharp = 1 / (1 + np.exp(-STEEPNESS * (centred - 0.5)))
    return resize_map(_stretch(sharp).astype(np.float32), height, width)


def barrier_distance(lab: np.ndarray) -> np.ndarray:
    """The minimum barrier distance of each pixel to the border, summed over the channels of `lab`, H W.

    The barrier of a path is its highest value minus its lowest value. The distance is the smallest barrier of
    all paths from the pixel to the border. Sweeps go row by row and column by column, one whole line at a time.
    """
    import numpy as np

    total = np.zeros(lab.shape[:2])
    for channel in np.moveaxis(lab, 2, 0):
        distance = np.full(channel.shape, np.inf)
        distance[[0, -1]], distance[:, [0, -1]] = 0, 0
        state = [channel, distance, channel.copy(), channel.copy()]  # value, distance, highest, lowest
        for _ in range(PASSES):
            for turn in range(4):
                _sweep(*(np.rot90(array, turn) for array in state))
        total += state[1]
    return total


def _sweep(value: np.ndarray, distance: np.ndarray, high: np.ndarray, low: np.ndarray) -> None:
    """Try to extend the paths of each line by one pixel to the next line; changes the arrays in place."""
    import numpy as np

    for y in range(1, len(value) - 1):
        top = np.maximum(high[y - 1], value[y])
        bottom = np.minimum(low[y - 1], value[y])
        better = np.flatnonzero(top - bottom < distance[y])
        distance[y, better] = (top - bottom)[better]
        high[y, better], low[y, better] = top[better], bottom[better]


def border_unlikeness(lab: np.ndarray) -> np.ndarray:
    """The colour distance of each pixel to the four borders, H W.

    For each pixel the border with the largest distance is left out: the object may touch that border.
    """
    import numpy as np

    height, width = lab.shape[:2]
    deep, wide = max(1, round(STRIP * height)), max(1, round(STRIP * width))
    strips = (lab[:deep], lab[-deep:], lab[:, :wide], lab[:, -wide:])
    distances = np.stack([_stretch(_mahalanobis(lab, strip.reshape(-1, 3))) for strip in strips])
    farthest: np.ndarray = distances.sum(0) - distances.max(0)
    return farthest


def _mahalanobis(lab: np.ndarray, sample: np.ndarray) -> np.ndarray:
    import numpy as np

    difference = lab - sample.mean(0)
    inverse = np.linalg.inv(np.cov(sample.T) + 10 * np.eye(3))  # the covariance of a flat border is zero
    distance: np.ndarray = np.sqrt(np.einsum("hwi,ij,hwj->hw", difference, inverse, difference))
    return distance


def _open_and_close(values: np.ndarray) -> np.ndarray:
    import cv2
    import numpy as np

    reach = max(3, round(0.04 * float(np.sqrt(values.size))) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    opened = cv2.morphologyEx(values, cv2.MORPH_OPEN, kernel)
    return cv2.GaussianBlur(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, kernel), (3, 3), 0)


def _centre(height: int, width: int) -> np.ndarray:
    """Weights H W: 1 in the middle, 0.5 in the corners."""
    import numpy as np

    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    weight: np.ndarray = 1 - 0.5 * np.sqrt((y**2 + x**2) / 2)
    return weight


def _stretch(values: np.ndarray) -> np.ndarray:
    """The values stretched to [0, 1]; a flat picture becomes zeros."""
    from boostvsod.media.maps import stretched

    return stretched(values, least=1e-6)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("classic", "boundary prior and barrier distance (MB+); no weights", Classic)]
