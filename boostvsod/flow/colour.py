"""The Middlebury colour coding of optical flow: hue shows direction, saturation shows speed.

Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011. The motion networks of
all three papers take flow as such pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from boostvsod.kinds import Flow, Rgb

# Number of colours from each corner of the wheel to the next: red, yellow, green, cyan, blue, magenta.
SEGMENTS = (15, 6, 4, 11, 13, 6)
CORNERS = ((255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255), (255, 0, 255))
UNKNOWN = 1e9  # larger components mean that the flow is unknown


def colour_wheel() -> NDArray[np.float64]:
    """The 55 colours of full saturation as an array 55 x 3 in [0, 255]."""
    wheel = []
    for i, length in enumerate(SEGMENTS):
        start, end = np.array(CORNERS[i]), np.array(CORNERS[(i + 1) % len(CORNERS)])
        ramp = np.floor(255 * np.arange(length) / length)[:, None]
        wheel.append(start + np.sign(end - start) * ramp)
    return np.concatenate(wheel)


WHEEL = colour_wheel()


def colour_flow(flow: Flow, largest: float | None = None) -> Rgb:
    """Flow H x W x 2 as an RGB picture.

    `largest` is the speed shown at full saturation; the default is the largest speed of the field. Unknown flow
    (NaN, or beyond 1e9) is black and does not count for the largest speed.
    """
    known: NDArray[np.bool_] = np.all(np.abs(np.nan_to_num(flow, nan=np.inf)) <= UNKNOWN, axis=2)
    flow = np.where(known[..., None], flow, 0)
    speed = np.hypot(flow[..., 0], flow[..., 1])
    scale = (float(speed.max()) if largest is None else largest) + 1e-5
    picture = _colours(flow / scale, speed / scale)
    picture[~known] = 0
    return picture


def _colours(direction: NDArray[np.floating], radius: NDArray[np.floating]) -> Rgb:
    """Colours interpolated on the wheel, whiter towards its centre, darker beyond full saturation."""
    turn = (np.arctan2(-direction[..., 1], -direction[..., 0]) / np.pi + 1) / 2 * (len(WHEEL) - 1)
    lower = np.floor(turn).astype(np.intp)
    share = (turn - lower)[..., None]
    pure = ((1 - share) * WHEEL[lower] + share * WHEEL[(lower + 1) % len(WHEEL)]) / 255
    radius = radius[..., None]
    colour = np.where(radius <= 1, 1 - radius * (1 - pure), 0.75 * pure)
    picture: Rgb = np.floor(255 * colour).astype(np.uint8)
    return picture
