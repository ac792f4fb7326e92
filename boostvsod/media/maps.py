"""Arithmetic on saliency maps, H x W floats in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from boostvsod.errors import PluginError
from boostvsod.kinds import Map

SAYS = 0.5  # a map that nowhere reaches this says nothing
FAINTEST = 1e-4  # no single map may rule a pixel out for good


def stretched(saliency: Map) -> Map:
    """From 0 to 1; a map without any contrast becomes empty."""
    low, high = float(saliency.min()), float(saliency.max())
    if high <= low:
        return np.zeros_like(saliency)
    return np.asarray((saliency - low) / (high - low), np.float32)


def says_something(saliency: Map) -> bool:
    """Whether a map sees an object at all."""
    return float(saliency.max()) >= SAYS


def in_common(maps: Sequence[Map]) -> Map:
    """What maps of one frame see together: the geometric mean of those that say something.

    A silent map is no evidence against the others; if all are silent, it is the mean of all.
    """
    speaking = [m for m in maps if says_something(m)] or maps
    logs = [np.log(np.maximum(m, FAINTEST)) for m in speaking]
    return np.asarray(np.exp(np.mean(logs, axis=0)), np.float32)


def soft_iou(a: Map, b: Map, empty: float) -> float:
    """Intersection over union of two maps of one size; `empty` if both are."""
    either = float(np.maximum(a, b).sum())
    return float(np.minimum(a, b).sum()) / either if either > 0 else empty


def resize_map(saliency: Map, height: int, width: int) -> Map:
    """Bilinear, or by area when shrinking; values stay in [0, 1]."""
    if saliency.shape == (height, width):
        return saliency
    shrinking = height * width < saliency.size
    resized = cv2.resize(saliency, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return np.clip(resized, 0, 1).astype(np.float32, copy=False)


def shrunk(saliency: Map, longest: int, least: int = 1) -> Map:
    """A map whose longer side is at most `longest` and whose shorter one is at least `least`."""
    scale = min(1.0, longest / max(saliency.shape))
    height, width = (max(least, round(side * scale)) for side in saliency.shape)
    return resize_map(saliency, height, width)


def check_map(value: object, shape: tuple[int, int], who: str, frame: str) -> Map:
    """The one gate a saliency map passes: float, `shape`, finite, within [0, 1]."""
    array = np.asarray(value)
    where = f"{who}, frame {frame!r}"
    if array.dtype.kind != "f":
        raise PluginError(f"{where}: returned {array.dtype}, expected floats in [0, 1]")
    if array.shape != shape:
        raise PluginError(f"{where}: returned shape {array.shape}, expected {shape}, the frame's own")
    if not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise PluginError(f"{where}: returned {bad} values that are NaN or infinite")
    low, high = float(array.min()), float(array.max())
    if low < -1e-4 or high > 1 + 1e-4:
        raise PluginError(f"{where}: returned values from {low:.4g} to {high:.4g}, expected [0, 1]")
    clipped: Map = np.clip(array, 0, 1).astype(np.float32, copy=False)
    return clipped
