"""A click grows a region: how far every pixel is from the clicked one if edges of the map and of the picture cost.

The distance is geodesic: the cost of the cheapest path of steps to the right, left, up and down. A step costs a
little by itself, more where the colour changes, and most where the map changes. So a region around the click fills
an object before it crosses the object's edge. The page shows the pixels that are nearer than a limit.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.kinds import Map, Rgb
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map

Cost = NDArray[np.float64]
LONGEST = 384  # pixels of the longer side on which distances are computed
GROUND = 0.25  # the cost of crossing the longer side where nothing changes
COLOUR = 0.5  # the cost of a change from black to white
UNSEEN = 0.02  # a change of colour below this share costs nothing: it is texture
SWEEPS = 40  # at most; paths that turn more often are rare


def distances(rgb: Rgb, saliency: Map, x: int, y: int) -> Map:
    """How far each pixel is from the clicked one, H x W from 0 (there) to 1 (behind a full edge of the map)."""
    height, width = saliency.shape
    if not (0 <= x < width and 0 <= y < height):
        raise InputError(f"the click ({x}, {y}) is outside of the frame, which has {width} x {height} pixels")
    scale = min(1.0, LONGEST / max(height, width))
    small = max(1, round(height * scale)), max(1, round(width * scale))
    seed = min(small[0] - 1, int(y * scale)), min(small[1] - 1, int(x * scale))
    far = geodesic(*step_costs(resize_rgb(rgb, *small), resize_map(saliency, *small)), seed)
    return resize_map(np.clip(far, 0, 1).astype(np.float32), height, width)


def step_costs(rgb: Rgb, saliency: Map) -> tuple[Cost, Cost]:
    """The costs of all steps to the right, H x (W - 1), and down, (H - 1) x W."""
    smooth = cv2.cvtColor(cv2.bilateralFilter(rgb, 5, 40, 3), cv2.COLOR_RGB2LAB).astype(np.float64) / 255
    return _changes(smooth, saliency, 1), _changes(smooth, saliency, 0)


def _changes(lab: NDArray[np.float64], saliency: Map, axis: int) -> Cost:
    """The costs of all steps along an axis."""
    colour = np.linalg.norm(np.diff(lab, axis=axis), axis=2)
    edge = np.abs(np.diff(saliency, axis=axis))
    cost: Cost = GROUND / max(saliency.shape) + COLOUR * np.maximum(colour - UNSEEN, 0) + edge
    return cost


def geodesic(right: Cost, down: Cost, seed: tuple[int, int]) -> Cost:
    """The cost of the cheapest path from the pixel `seed` (row, column) to every pixel, H x W.

    Sweeps along all rows and columns, in both directions, until nothing becomes cheaper. Within a sweep, the cheapest
    way along a line is a running minimum: d[j] = min over k <= j of d[k] + c[k] + ... + c[j - 1].
    """
    far = np.full((right.shape[0], down.shape[1]), np.inf)
    far[seed] = 0
    across, along = np.pad(np.cumsum(right, 1), ((0, 0), (1, 0))), np.pad(np.cumsum(down, 0), ((1, 0), (0, 0)))
    for _ in range(SWEEPS):
        before = far
        far = _swept(_swept(far, across, 1), along, 0)
        if np.array_equal(far, before):
            break
    return far


def _swept(far: Cost, travelled: Cost, axis: int) -> Cost:
    """The distances after a sweep forwards and one backwards along an axis. `travelled` is the cost from the edge."""
    forwards = np.minimum.accumulate(far - travelled, axis) + travelled
    backwards = np.flip(np.minimum.accumulate(np.flip(far + travelled, axis), axis), axis) - travelled
    return np.minimum(far, np.minimum(forwards, backwards))
