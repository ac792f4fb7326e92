"""How a network takes pictures, and how its output becomes a map: for networks that boostvsod knows nothing about.

picture H W 3 bytes -> size, white, mean, std -> the network -> one output -> activation -> one channel -> map H W
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import PluginError
from boostvsod.kinds import Map, Rgb, Window
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map, stretched

log = logging.getLogger("boostvsod")
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Numbers = NDArray[np.generic]


@dataclass(frozen=True)
class Form:
    """What is assumed of a network. `str` says it in words. `form_options` explains the fields to users.

    `activation` is what the output still needs to be a map in [0, 1]: none, sigmoid, softmax over the channels, or
    auto, which leaves the decision to `activation_for`.
    """

    height: int = 320
    width: int = 320
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    white: float = 1.0  # the value of a white pixel before mean and std
    by_max: bool = False  # divide by the brightest value of the picture first
    output: str = ""  # number or name; empty: the first
    channel: int | None = None  # None: the only one, or the second of two
    activation: str = "auto"
    invert: bool = False  # the channel shows the background
    stretch: bool = False  # to [0, 1], each map

    def __str__(self) -> str:
        mean, std = (",".join(f"{x:g}" for x in numbers) for numbers in (self.mean, self.std))
        return f"RGB, {self.height} x {self.width}, white is {self.white:g}, mean {mean}, std {std}"

    def picture(self, rgb: Rgb) -> NDArray[np.float32]:
        """A picture as the network takes it, H W 3 floats at its size."""
        x = resize_rgb(rgb, self.height, self.width).astype(np.float32)
        brightest = max(float(x.max()), 1.0) if self.by_max else 255.0
        x *= np.float32(self.white / brightest)
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
        return "softmax" if len(values) > 1 else "sigmoid"


class NetTarget(ABC):
    """A network in a known form, as a target. Subclasses run the network. `who` names it in messages."""

    window = 1
    batch = 1

    def __init__(self, form: Form, who: str) -> None:
        self.form, self.who, self.flatness = form, who, Flatness(who)
        raw = self.raw(form.noise())
        self.form = replace(form, activation=form.activation_for(raw, who))
        to_map(raw, form.noise(), self.form, who)  # tells at once if no channel can be chosen
        self.seen = f"for noise it gives {raw.min():.3g} to {raw.max():.3g}, so activation is {self.form.activation}"

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._map(window.frame.rgb) for window in windows]

    @abstractmethod
    def raw(self, rgb: Rgb) -> Numbers:
        """The chosen output of the network for one picture."""

    def _map(self, rgb: Rgb) -> Map:
        saliency = to_map(self.raw(rgb), rgb, self.form, self.who)
        if warning := self.flatness.look(saliency):
            log.warning(warning)
        return saliency


def to_map(raw: Numbers, rgb: Rgb, form: Form, who: str) -> Map:
    """The map of a picture, at the picture's size, from an output of a network."""
    values = channels_of(raw, who).astype(np.float32)
    if form.activation == "softmax":
        values = np.exp(values - values.max(0))
        values = values / values.sum(0)
    saliency = values[_channel(form, len(values), who)]
    if form.activation == "sigmoid":
        saliency = 1 / (1 + np.exp(-np.clip(saliency, -80, 80)))
    saliency = 1 - saliency if form.invert else saliency
    saliency = stretched(saliency, eps=1e-8) if form.stretch else saliency
    return resize_map(np.ascontiguousarray(saliency, np.float32), *rgb.shape[:2])


def _channel(form: Form, count: int, who: str) -> int:
    """Which of `count` channels is the map. Of background and object, the object is the second."""
    if form.channel is None and count <= 2:
        return count - 1
    if form.channel is None:
        raise PluginError(f"{who}: its output has {count} channels; choose one: --set target.channel=0 to {count - 1}")
    if form.channel >= count:
        raise PluginError(f"{who}: target.channel={form.channel}, but its output has {count} channels, from 0 on")
    return form.channel


def channels_of(raw: Numbers, who: str) -> Numbers:
    """The output of a network for one picture as C H W. Channels may come last. Bytes become shares of 255."""
    array = np.asarray(raw)
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] < min(array.shape[:2]):
        array = array.transpose(2, 0, 1)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or min(array.shape) < 1:
        raise PluginError(
            f"{who}: its output has shape {np.shape(raw)}; expected a map, 1 x channels x height x width; "
            "if it has others, choose one: --set target.output=1"
        )
    return array.astype(np.float32) / np.float32(255) if array.dtype == np.uint8 else array


def chosen_output(outputs: Any, output: str, who: str) -> Any:
    """The tensor of that number or name among those that a network returned; without one, the first.

    Networks return tensors in lists, in tables, and in these inside one another.
    """
    if output:
        outputs = _named(outputs, output, who)
    while not hasattr(outputs, "shape"):
        parts = list(outputs.values()) if isinstance(outputs, Mapping) else outputs
        if not (isinstance(parts, (list, tuple)) and parts):
            raise PluginError(f"{who}: it returned {type(outputs).__name__}, expected a tensor or several")
        outputs = parts[0]
    return outputs


def _named(outputs: Any, output: str, who: str) -> Any:
    """One of several outputs, by its name in a table or by its number, which counts from the end if it is negative."""
    table = outputs if isinstance(outputs, Mapping) else {}
    parts = list(table.values()) if table else outputs if isinstance(outputs, (list, tuple)) else [outputs]
    if output in table:
        return table[output]
    number = int(output) if output.removeprefix("-").isdecimal() else len(parts)
    if not -len(parts) <= number < len(parts):
        names = ", ".join(f"{i} ({name})" for i, name in enumerate(table)) or f"0 to {len(parts) - 1}"
        raise PluginError(f"{who}: it has no output {output!r}; target.output may be: {names}")
    return parts[number]


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
            "normalisation right? If not, set target.mean, target.std, target.range or target.activation"
        )
