"""Motion saliency without weights: a pixel stands out if it moves differently from the pixels around it.

This is Eq. 4 of the NR paper. A trained network is better: the paper's Table I has a maxF of .804 against .645 on
DAVIS.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, Map, MotionSaliency, Rgb
from boostvsod.offer import Offer, Positive, Range

if TYPE_CHECKING:
    import numpy as np

    Offsets = list[tuple[int, int, float]]


class Contrast:
    """MS(p) = sum over q around p of |flow(p) - flow(q)| / (w |p - q|), with w such that the weights add up to 1.

    It is computed on a grid of at most `grid` cells per side. There, a neighbourhood of `radius` cells takes a few
    hundred differences of shifted small arrays.
    """

    def __init__(self, grid: int, radius: int, least: float) -> None:
        self.grid, self.radius, self.least = grid, radius, least

    def saliency(self, rgb: Rgb, flow: Flow) -> Map:
        import cv2
        import numpy as np

        height, width = flow.shape[:2]
        scale = min(1.0, self.grid / max(height, width))
        cells = (max(1, round(width * scale)), max(1, round(height * scale)))
        small: Flow = np.asarray(cv2.resize(flow, cells, interpolation=cv2.INTER_AREA), np.float32)
        contrast = _contrast(small, self.radius)
        top = max(float(contrast.max()), self.least)  # so that noise in a still scene is not stretched to 1
        full = cv2.resize(contrast / top, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.clip(full, 0, 1).astype(np.float32)


def _contrast(flow: Flow, radius: int) -> np.ndarray:
    import numpy as np

    height, width = flow.shape[:2]
    total, weights = np.zeros((height, width)), np.full((height, width), 1e-9)
    for dy, dx, weight in _half_disc(radius):
        if dy >= height or abs(dx) >= width:
            continue
        here = np.s_[: height - dy, max(0, -dx) : width - max(0, dx)]
        there = np.s_[dy:, max(0, dx) : width + min(0, dx)]
        difference = weight * np.linalg.norm(flow[here] - flow[there], axis=2)
        for one in here, there:  # the difference counts for both pixels of the pair
            total[one] += difference
            weights[one] += weight
    mean: np.ndarray = total / weights
    return mean


@cache
def _half_disc(radius: int) -> Offsets:
    """The offsets of one half of the neighbourhood, each with 1 / distance. The other half mirrors them."""
    disc = ((dy, dx) for dy in range(radius + 1) for dx in range(-radius, radius + 1))
    half = ((dy, dx) for dy, dx in disc if dy > 0 or dx > 0)
    return [(dy, dx, (dy * dy + dx * dx) ** -0.5) for dy, dx in half if dy * dy + dx * dx <= radius * radius]


def build(
    grid: Annotated[int, Range(4, 512)] = 64,
    radius: Annotated[int, Range(1, 512)] = 20,
    least: Positive = 0.5,
) -> MotionSaliency:
    """`grid`: cells along the longer side; `radius`: in cells; `least`: the smallest contrast, in pixels, that is 1."""
    return Contrast(grid, radius, least)


@hookimpl
def offer_motion() -> list[Offer[MotionSaliency]]:
    return [Offer("contrast", "motion contrast to the surroundings (NR Eq. 4); no weights", build)]
