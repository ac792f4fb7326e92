"""How a network takes pictures, and how its output becomes a map: for networks that boostvsod knows nothing about.

picture H W 3 bytes -> size, range, mean, std -> the network -> one of its outputs, one channel, activation -> map H W
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import ConfigError, PluginError
from boostvsod.kinds import Map, Rgb
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map, stretched

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ACTIVATIONS = ("auto", "none", "sigmoid", "softmax", "stretch")
ROUNDING = 1e-3  # a network of half precision may leave [0, 1] by this much
FIRST = ""  # as `output`: the first one
Numbers = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Form:
    """What is assumed of a network. `str` says it in words.

    `activation` is what the output still needs to be a map in [0, 1]: none, sigmoid, softmax over the channels, or
    stretch (the lowest value becomes 0, the highest 1). auto decides it per network: see `activation_for`.
    """

    height: int = 320
    width: int = 320
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    white: float = 1.0  # the value of a white pixel before mean and std
    activation: str = "auto"
    output: str = FIRST  # the number or the name of the output
    channel: int | None = None  # of the output; None: it has one channel, or two, of which the last is the object
    by_max: bool = False  # divide by the brightest value of the picture first

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ConfigError(f"activation {self.activation!r} is unknown; there are: {', '.join(ACTIVATIONS)}")

    def __str__(self) -> str:
        mean, std = (",".join(f"{x:g}" for x in numbers) for numbers in (self.mean, self.std))
        return f"RGB, {self.height} x {self.width}, white is {self.white:g}, mean {mean}, std {std}"

    def picture(self, rgb: Rgb) -> NDArray[np.float32]:
        """A picture as the network takes it, H W 3 floats at its size."""
        x = resize_rgb(rgb, self.height, self.width).astype(np.float32)
        white = max(float(x.max()), 1e-6) if self.by_max else 255.0
        x = x * np.float32(self.white / white)
        return np.asarray((x - np.array(self.mean, np.float32)) / np.array(self.std, np.float32), np.float32)

    def to_map(self, raw: Numbers, rgb: Rgb, activation: str, who: str) -> Map:
        """The map of a picture, at the picture's size, from the output of a network."""
        values: NDArray[Any] = np.asarray(channels_of(raw, who), np.float32)
        if activation == "softmax":
            values = np.exp(values - values.max(0))
            values = values / values.sum(0)
        saliency = self.one_channel(values, who)
        if activation == "sigmoid":
            saliency = 1 / (1 + np.exp(-np.clip(saliency, -80, 80)))
        if activation == "stretch":
            saliency = stretched(saliency)
        return resize_map(np.ascontiguousarray(saliency, np.float32), *rgb.shape[:2])

    def one_channel(self, values: NDArray[Any], who: str) -> NDArray[Any]:
        """The channel that holds the map: the chosen one, the only one, or of background and object the object."""
        count, chosen = len(values), self.channel
        if chosen is None:
            if count > 2:
                raise PluginError(f"{who}: its output has {count} channels; choose one: --set target.channel=NUMBER")
            chosen = count - 1
        if not -count <= chosen < count:
            raise ConfigError(f"target.channel={chosen}: {who} has {count} channels, 0 to {count - 1}")
        return np.asarray(values[chosen])

    def activation_for(self, raw: Numbers, who: str) -> str:
        """The activation that the network still needs, from its output for noise: one outside [0, 1] needs one."""
        if self.activation != "auto":
            return self.activation
        values = channels_of(raw, who)
        if values.min() >= -ROUNDING and values.max() <= 1 + ROUNDING:
            return "none"
        return "softmax" if len(values) == 2 else "sigmoid"


def noise(height: int, width: int) -> Rgb:
    """A picture of noise, always the same."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def channels_of(raw: Numbers, who: str) -> Numbers:
    """The output of a network for one picture as C H W. Channels may come last."""
    array = np.asarray(raw)
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] <= 4 < min(array.shape[:2]):
        array = array.transpose(2, 0, 1)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or min(array.shape) < 1:
        raise PluginError(f"{who}: its output has shape {np.shape(raw)}; expected a map, 1 x channels x height x width")
    return array


def chosen_output(outputs: Any, output: str, who: str) -> Any:
    """One of the outputs of a network: a tensor, or a list or table of them, also inside one another."""
    named = _named_outputs(outputs)
    if not named:
        raise PluginError(f"{who}: it returned {type(outputs).__name__}, expected a tensor or several")
    if output == FIRST:
        return next(iter(named.values()))
    names = list(named)
    if output.lstrip("-").isdecimal() and -len(names) <= int(output) < len(names):
        return named[names[int(output)]]
    if output in named:
        return named[output]
    raise ConfigError(f"target.output={output!r}: {who} has these outputs: {', '.join(names)}")


def _named_outputs(outputs: Any) -> dict[str, Any]:
    if hasattr(outputs, "shape"):
        return {"0": outputs}
    if isinstance(outputs, Mapping):
        pairs = [(str(key), value) for key, value in outputs.items()]
    elif isinstance(outputs, (list, tuple)):
        pairs = [(str(number), value) for number, value in enumerate(outputs)]
    else:
        pairs = []
    named: dict[str, Any] = {}
    for key, value in pairs:
        inner = _named_outputs(value)
        named |= {key if len(inner) == 1 else f"{key}.{name}": one for name, one in inner.items()}
    return named


def three_numbers(value: str | Sequence[float], where: str, zero: bool = True) -> tuple[float, ...]:
    """Three finite numbers, from a list or from a text with commas; `where` names the option."""
    parts = value.strip("[]() ").split(",") if isinstance(value, str) else value
    try:
        numbers = tuple(float(x) for x in parts)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)) or (not zero and 0 in numbers):
        rest = "" if zero else ", none of them 0"
        raise ConfigError(f"{where}={value!r}: expected three numbers, as in 0.485,0.456,0.406{rest}")
    return numbers


@dataclass
class Flatness:
    """Counts maps that are nearly empty or nearly full, so that a wrong normalisation is told."""

    who: str
    seen: int = 0
    flat: int = 0
    told: bool = field(default=False)

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
            f"{self.who}: {self.flat} of its first {self.seen} maps are nearly empty or nearly full; "
            "is the normalisation right? Try --set target.mean=, target.std=, target.range=1 or 255, target.activation="
        )
