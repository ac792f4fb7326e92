"""Arithmetic on saliency maps: arrays H x W of floats in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import PluginError
from boostvsod.kinds import Map

Float = TypeVar("Float", bound=np.floating[Any])

VISIBLE = 0.5  # a map shows an object if at least one of its values reaches this
FAINTEST = 1e-4  # lower values count as this in a geometric mean, so that one map alone cannot make a pixel 0
TINY = 1e-4  # prevents divisions by zero


def stretched(
    values: NDArray[Float], *, flat_is_empty: bool = True, least: float = 0.0, eps: float = 0.0
) -> NDArray[Float]:
    """The values moved linearly so that the lowest becomes 0 and the highest 1 (min-max), in their own precision.

    Values are flat if all are equal, or if they span less than `least`. Flat values become zeros or, if not
    `flat_is_empty`, are returned unchanged. `eps` is added to the span before the division, as many published
    networks do; the highest value is then slightly below 1.
    """
    low = values.min()
    span = values.max() - low
    if float(span) == 0 or float(span) < least:
        return np.zeros_like(values) if flat_is_empty else values
    return (values - low) / (span + eps)  # type: ignore[no-any-return]


def shows_object(saliency: Map) -> bool:
    """Whether a map shows an object: whether some value reaches one half."""
    return float(saliency.max()) >= VISIBLE


def sureness(saliency: Map) -> float:
    """The mean value of the object in a map: 1 for a binary mask, x for an even grey x, 0 for an empty map."""
    return float((saliency**2).sum() / max(saliency.sum(), TINY))


def geometric_mean(maps: Sequence[Map]) -> Map:
    """The geometric mean of several maps of one frame: high only where all of them are high.

    Maps that show no object are left out. If no map shows one, all are averaged. The product of up to nine maps fits
    into 32 bits.
    """
    averaged = [m for m in maps if shows_object(m)] or maps
    product = np.maximum(averaged[0], np.float32(FAINTEST))
    for saliency in averaged[1:]:
        product *= np.maximum(saliency, np.float32(FAINTEST))
    return np.asarray(cv2.pow(product, 1 / len(averaged)), np.float32)


def soft_iou(a: Map, b: Map, empty: float) -> float:
    """Intersection over union of two maps of the same size; `empty` is returned if both are zero everywhere."""
    union = float(np.maximum(a, b).sum())
    return float(np.minimum(a, b).sum()) / union if union > 0 else empty


def resize_map(saliency: Map, height: int, width: int) -> Map:
    """A map at another size: averaged over areas when it shrinks, bilinear when it grows. Values stay in [0, 1]."""
    if saliency.shape == (height, width):
        return saliency
    shrinking = height * width < saliency.size
    resized = cv2.resize(saliency, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return np.clip(resized, 0, 1).astype(np.float32, copy=False)


def shrunk(saliency: Map, longest: int, least: int = 1) -> Map:
    """A map whose longer side is at most `longest` pixels and whose shorter side is at least `least`."""
    scale = min(1.0, longest / max(saliency.shape))
    height, width = (max(least, round(side * scale)) for side in saliency.shape)
    return resize_map(saliency, height, width)


def check_map(value: object, shape: tuple[int, int], who: str, frame: str) -> Map:
    """The one check for saliency maps: floats of the given shape, all finite, all within [0, 1].

    `who` and `frame` name the plugin and the frame in error messages.
    """
    array = np.asarray(value)
    where = f"{who}, frame {frame!r}"
    if array.dtype.kind != "f":
        raise PluginError(
            f"{where}: returned {array.dtype}, expected floats in [0, 1]{_DIVIDE if array.dtype.kind in 'iu' else ''}"
        )
    if array.shape != shape:
        raise PluginError(
            f"{where}: returned shape {array.shape}, expected {shape}, the shape of the frame{_reshaped(array, shape)}"
        )
    if not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise PluginError(f"{where}: returned {bad} values that are NaN or infinite")
    low, high = float(array.min()), float(array.max())
    if low < -1e-4 or high > 1 + 1e-4:
        raise PluginError(f"{where}: returned values from {low:.4g} to {high:.4g}, expected [0, 1]{_scaled(low, high)}")
    clipped: Map = np.clip(array, 0, 1).astype(np.float32, copy=False)
    return clipped


_DIVIDE = "; divide by 255"


def _reshaped(array: NDArray[Any], shape: tuple[int, int]) -> str:
    """What to do about a map of the wrong shape."""
    if array.size == shape[0] * shape[1]:
        return "; transpose it" if array.shape == shape[::-1] else f"; use .reshape{shape}"
    return "; resize it: cv2.resize(map, (width, height))" if array.ndim == 2 else ""


def _scaled(low: float, high: float) -> str:
    """What to do about values outside [0, 1]."""
    return _DIVIDE if low >= 0 and 2 < high <= 255 else "; do they still need a sigmoid?"
