"""How a network takes pictures, and how its output becomes a map: for networks that boostvsod knows nothing about.

picture H W 3 bytes -> size, white, mean, std -> the network -> its first output -> activation -> map H W
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import ConfigError, PluginError
from boostvsod.kinds import Map, Rgb
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Numbers = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Form:
    """What is assumed of a network. `str` says it in words.

    `activation` is what the output still needs to be a map in [0, 1]: none, sigmoid, softmax over the channels, or
    auto, which leaves the decision to `activation_for`.
    """

    height: int = 320
    width: int = 320
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    white: float = 1.0  # the value of a white pixel before mean and std
    activation: str = "auto"

    def __str__(self) -> str:
        mean, std = (",".join(f"{x:g}" for x in numbers) for numbers in (self.mean, self.std))
        return f"RGB, {self.height} x {self.width}, white is {self.white:g}, mean {mean}, std {std}"

    def picture(self, rgb: Rgb) -> NDArray[np.float32]:
        """A picture as the network takes it, H W 3 floats at its size."""
        x = resize_rgb(rgb, self.height, self.width).astype(np.float32) * np.float32(self.white / 255)
        return np.asarray((x - np.array(self.mean, np.float32)) / np.array(self.std, np.float32), np.float32)

    def noise(self) -> Rgb:
        """A picture of noise, of the network's size. It is always the same."""
        return np.random.default_rng(0).integers(0, 256, (self.height, self.width, 3), np.uint8)

    def activation_for(self, raw: Numbers, who: str) -> str:
        """The activation that the network still needs, from its output for noise: one outside [0, 1] needs one."""
        if self.activation != "auto":
            return self.activation
        values = channels_of(raw, who)
        if values.min() >= 0 and values.max() <= 1:
            return "none"
        return "softmax" if len(values) == 2 else "sigmoid"


def to_map(raw: Numbers, rgb: Rgb, activation: str, who: str) -> Map:
    """The map of a picture, at the picture's size, from the output of a network."""
    values = np.asarray(channels_of(raw, who), np.float32)
    if activation == "softmax":
        values = np.exp(values - values.max(0))
        values = values / values.sum(0)
    saliency = values[-1]  # of background and object, the object is the last
    if activation == "sigmoid":
        saliency = 1 / (1 + np.exp(-np.clip(saliency, -80, 80)))
    return resize_map(np.ascontiguousarray(saliency, np.float32), *rgb.shape[:2])


def channels_of(raw: Numbers, who: str) -> Numbers:
    """The output of a network for one picture as C H W, with one or two channels. Channels may come last."""
    array = np.asarray(raw)
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] <= 4 < min(array.shape[:2]):
        array = array.transpose(2, 0, 1)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or min(array.shape) < 1:
        raise PluginError(f"{who}: its output has shape {np.shape(raw)}; expected a map, 1 x channels x height x width")
    if len(array) > 2:
        raise PluginError(f"{who}: its output has {len(array)} channels; wrap it in a function that returns one map")
    return array


def first_output(outputs: Any, who: str) -> Any:
    """The first tensor that a network returned, also from a list, a table, or these inside one another."""
    while not hasattr(outputs, "shape"):
        parts = list(outputs.values()) if isinstance(outputs, Mapping) else outputs
        if not (isinstance(parts, (list, tuple)) and parts):
            raise PluginError(f"{who}: it returned {type(outputs).__name__}, expected a tensor or several")
        outputs = parts[0]
    return outputs


def three_numbers(value: str | Sequence[float], option: str) -> tuple[float, ...]:
    """Three finite numbers, from a list or from a text with commas. `option` names them, as in `onnx.std`."""
    parts = value.strip("[]() ").split(",") if isinstance(value, str) else value
    try:
        numbers = tuple(float(x) for x in parts)
    except ValueError:
        numbers = ()
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)) or (option.endswith(".std") and 0 in numbers):
        raise ConfigError(f"{option}={value!r}: expected three numbers, as in 0.485,0.456,0.406")
    return numbers


@dataclass
class Flatness:
    """Counts maps that are nearly empty or nearly full, so that a wrong normalisation is told."""

    who: str
    seen: int = 0
    flat: int = 0
    told: bool = False

    ENOUGH = 8  # maps before anything is said
    EMPTY, FULL, MOST = 0.01, 0.99, 0.9  # mean of a map; share of such maps

    def look(self, saliency: Map) -> str:
        """A warning, once, if nearly all maps are empty or full; else an empty text."""
        self.seen += 1
        self.flat += not self.EMPTY <= float(saliency.mean()) <= self.FULL
        if self.told or self.seen < self.ENOUGH or self.flat < self.MOST * self.seen:
            return ""
        self.told = True
        return (
            f"{self.who}: {self.flat} of its first {self.seen} maps are nearly empty or nearly full; is the "
            "normalisation right? If not, wrap the network in a function that normalises the frame itself"
        )
