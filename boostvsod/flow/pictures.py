"""Flow as the two pictures that the network of `video-lite` sees.

The first picture shows the flow in Middlebury colours, the second what remains without the camera's motion. Almost
all vectors count for the strength of the colours; the fastest hundredth does not, unlike in `colour_flow`.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.flow.camera import FAST, FLOOR, camera_motion
from boostvsod.flow.colour import WHEEL
from boostvsod.kinds import Flow

REST = 0.05  # the remaining motion is shown at full saturation from this share of the whole speed on
STEPS = 4096  # of the table of colours

Picture = NDArray[np.float32]  # H W 6 in [0, 1]


def flow_pictures(flow: Flow, height: int, width: int) -> Picture:
    """Both pictures of a flow field, as one array `height` x `width` x 6 of values in [0, 1]."""
    small = np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA), np.float32) / flow.shape[1]
    rest = small - camera_motion(small)
    fast = max(_speed(small), FLOOR)
    slow = max(_speed(rest), FLOOR, REST * fast)
    pictures = np.empty((height, width, 6), np.float32)
    pictures[..., :3], pictures[..., 3:] = _colours(small / fast), _colours(rest / slow)
    return pictures


def _speed(flow: Flow) -> float:
    """The speed that only the fastest hundredth of the pixels exceeds."""
    sampled = flow[::4, ::4]
    return float(np.quantile(np.hypot(sampled[..., 0], sampled[..., 1]), FAST))


def _colours(flow: Flow) -> NDArray[np.float32]:
    """Colours H W 3 in [0, 1]: whiter for slow vectors, darker beyond length 1."""
    radius, angle = cv2.cartToPolar(-flow[..., 0], -flow[..., 1])
    index = (angle * (STEPS / (2 * np.pi)) + 0.5).astype(np.int32)
    white = np.where(radius > 1, np.float32(0.75), np.float32(1))
    colours = np.take(_missing(), index, axis=0)  # what white loses at full strength
    colours *= -np.minimum(radius, white)[..., None]
    colours += white[..., None]
    return colours


@cache
def _missing() -> NDArray[np.float32]:
    """What white has more than the pure colour of each of STEPS directions, counted from the negative x axis.

    The last of the STEPS + 1 rows is the first one again.
    """
    turn = ((np.arange(STEPS + 1) / STEPS + 0.5) % 1) * (len(WHEEL) - 1)
    lower = turn.astype(np.intp)
    share = (turn - lower)[:, None]
    pure = ((1 - share) * WHEEL[lower] + share * WHEEL[(lower + 1) % len(WHEEL)]) / 255
    return np.asarray(1 - pure, np.float32)
