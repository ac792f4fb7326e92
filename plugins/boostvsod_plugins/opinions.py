"""Arithmetic on opinions. An opinion is the map of one frame from one source: target, motion, student, closer look."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import cv2
import numpy as np

from boostvsod import registry
from boostvsod.kinds import Map, Proposal, Rgb, Student
from boostvsod.media.maps import TINY, geometric_mean, resize_map, shows_object, shrunk, soft_iou, stretched
from boostvsod.media.recent import Recent
from boostvsod.runtime import Runtime
from boostvsod.stamps import fingerprint
from boostvsod.training.students import as_batch, for_inference, predict_batch
from boostvsod.weights.stamps import part_stamp

SIDE = 160  # the longer side of the small maps that are compared
BOX_SIDE = 320  # the longer side of the map whose parts are found: its pixels are small against the margin
FEATHER = 0.08  # of the box's side: where a closer look begins to count
REMEMBERED = 128  # maps that a closer look remembers: those of a whole piece
REMEMBERED_BYTES = 64 * 2**20
LEAST_PART = 0.2  # parts of the object are at least this share of its largest part


def consensus(maps: Sequence[Map]) -> Map:
    """The geometric mean of the maps, stretched to [0, 1]. It is empty if no map shows an object."""
    if not any(map(shows_object, maps)):
        return np.zeros_like(maps[0])
    return stretched(geometric_mean(maps))


def object_of(maps: Sequence[Map], motion: Map) -> Map:
    """The map that shows where the object is: the motion map, or the consensus if the motion map shows nothing."""
    return motion if shows_object(motion) else consensus(maps)


def sharpened(saliency: Map, contrast: float) -> Map:
    """x^c / (x^c + (1 - x)^c): 0, 1/2 and 1 do not change; other values move away from 1/2 for c > 1."""
    high, low = cv2.pow(saliency, contrast), cv2.pow(1 - saliency, contrast)
    return np.asarray(high / (high + low), np.float32)


def overlap(a: Map, b: Map) -> float:
    """The soft intersection over union of two maps, each stretched to [0, 1]; 0 if both are empty."""
    return soft_iou(stretched(a), stretched(b), empty=0.0)


def agreement(maps: Sequence[Map]) -> float:
    """The mean overlap of all pairs of maps that show an object; 0 if there is no pair."""
    pairs = [overlap(a, b) for a, b in combinations(map(small, filter(shows_object, maps)), 2)]
    return float(np.mean(pairs)) if pairs else 0.0


def steadiness(areas: Sequence[float], around: int) -> list[float]:
    """For each frame, the ratio in (0, 1] of its area and the median area of the `around` frames on each side."""
    ratios = []
    for i, area in enumerate(areas):
        usual = float(np.median(areas[max(0, i - around) : i + around + 1]))
        ratios.append((min(area, usual) + TINY) / (max(area, usual) + TINY))
    return ratios


def small(saliency: Map) -> Map:
    """A map at the size at which maps are compared."""
    return shrunk(saliency, SIDE)


def object_box(saliency: Map, margin: float) -> Proposal | None:
    """The box around the large parts of the object, with `margin` as a share of its sides; None for an empty map."""
    coarse = shrunk(saliency, BOX_SIDE)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((stretched(coarse) > 0.5).astype(np.uint8))
    if len(stats) < 2:
        return None
    mass = np.bincount(labels.ravel(), coarse.ravel(), len(stats))[1:]
    left, top, width, height, _ = stats[1:][mass >= LEAST_PART * mass.max()].T
    scale = np.divide(saliency.shape[::-1], coarse.shape[::-1])
    sides = np.array([[left.min(), top.min()], [(left + width).max(), (top + height).max()]]) * scale
    reach = margin * (sides[1] - sides[0]) + 0.01 * max(saliency.shape)
    low, high = sides[0] - reach, sides[1] + reach
    x0, y0 = (int(x) for x in np.maximum(low, 0))
    x1, y1 = (int(x) for x in np.minimum(np.ceil(high), saliency.shape[::-1]))
    return Proposal(x0, y0, x1, y1, 1.0)


def feather(box: Proposal, shape: tuple[int, ...]) -> Map:
    """The share of a closer look in each pixel of its box. It rises from the edges of the box, not of the picture."""
    rows = _rise(box.top, box.bottom, shape[0])
    columns = _rise(box.left, box.right, shape[1])
    return np.asarray(rows[:, None] * columns, np.float32)


def _rise(start: int, stop: int, end: int) -> np.ndarray:
    width = max(1.0, FEATHER * (stop - start))
    place = np.arange(start, stop) + 0.5
    before = np.ones_like(place) if start == 0 else np.minimum((place - start) / width, 1)
    after = np.ones_like(place) if stop == end else np.minimum((stop - place) / width, 1)
    return np.asarray(before * after)


class CloserLook:
    """A network that sees the crop around the object at its full input size (LIM's patchwise refiner, IV-A).

    It remembers its last maps, because the miner and the fuser look at the same crops.
    """

    def __init__(self, student: Student, margin: float, runtime: Runtime) -> None:
        self.student, self.margin, self.runtime = for_inference(student, runtime), margin, runtime
        self.remembered: Recent[bytes] = Recent(REMEMBERED_BYTES, REMEMBERED)

    def __call__(self, rgb: Rgb, saliency: Map, *, copy_outside: bool = False) -> Map:
        """The network's map in the box around the object that `saliency` shows.

        Outside the box the result is 0 or, with `copy_outside`, equal to `saliency`. Near the box's edges the two are
        blended, so that no seam shows.
        """
        closer = saliency.copy() if copy_outside else np.zeros_like(saliency)
        if (box := object_box(saliency, self.margin)) is not None:
            inside = np.s_[box.top : box.bottom, box.left : box.right]
            share = feather(box, saliency.shape)
            seen = self._seen(np.ascontiguousarray(rgb[inside]))
            closer[inside] = share * seen + (1 - share) * closer[inside]
        return closer

    def _seen(self, crop: Rgb) -> Map:
        """The map of a crop, from memory if exactly this crop was seen lately."""
        key = hashlib.blake2b(crop.data, digest_size=16).digest() + str(crop.shape).encode()
        saliency = self.remembered.get(key)
        if saliency is None:
            size = self.student.size
            saliency = predict_batch(self.student, as_batch([crop], size, size), self.runtime)[0]
            self.remembered.put(key, saliency)
        return resize_map(saliency, *crop.shape[:2])


def closer_look(student: str, weights: str, margin: float, runtime: Runtime) -> CloserLook:
    """A closer look with the student of that name. Parts of one process that ask for the same get the same one."""
    stamp = fingerprint(part_stamp("students", student, {"weights": weights}))
    return _closer_look(student, weights, margin, runtime, stamp)


@lru_cache(maxsize=1)
def _closer_look(student: str, weights: str, margin: float, runtime: Runtime, stamp: str) -> CloserLook:
    return CloserLook(registry.build("students", student, runtime, weights=weights), margin, runtime)
