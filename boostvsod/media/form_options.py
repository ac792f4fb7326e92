"""The options of networks that boostvsod knows nothing about: how they take pictures, and which output is the map.

Builders of such networks share these options by `@takes_form`. This module is cheap to import: plugins need it at once.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from boostvsod.errors import ConfigError
from boostvsod.offer import Range, SideOrOwn

LARGEST = 4096  # side of the input
ACTIVATIONS = ("auto", "none", "sigmoid", "softmax")
Fields = dict[str, Any]  # fields of `forms.Form`


def form_options(
    size: SideOrOwn = 0,
    mean: str | Sequence[float] = "",
    std: str | Sequence[float] = "",
    range: Annotated[float, Range(1, 65535, or_zero=True)] = 0.0,
    divide_by_max: bool | None = None,
    output: str | int = "",
    channel: Annotated[int, Range(-1, 9999)] = -1,
    activation: str = "",
    invert: bool | None = None,
    stretch: bool | None = None,
) -> None:
    """What users may set. An option that is not given keeps what the file, the model's card or the default says.

    `size`: side of the input, if the network does not fix it; `mean`, `std`: three numbers each; `range`: 1 or 255, the
    value of a white pixel before `mean` and `std`; `divide_by_max`: divide a picture by its brightest value first;
    `output`: number or name of the output; `channel`: of this output; `activation`: none, sigmoid, softmax or auto;
    `invert`: the channel shows the background; `stretch`: stretch each map to [0, 1].
    """


OPTIONS = inspect.signature(form_options, eval_str=True).parameters


def takes_form(build: Callable[..., Any]) -> Callable[..., Any]:
    """A builder whose argument `form` receives those of the options of `form_options` that the user gave."""
    own = inspect.signature(build).parameters
    parameters = [p for p in own.values() if p.name != "form"]

    @functools.wraps(build)
    def builder(*arguments: Any, **options: Any) -> Any:
        form = {key: options.pop(key) for key in OPTIONS if key in options}
        return build(*arguments, **options, form=given(form))

    builder.__signature__ = inspect.Signature([*parameters, *OPTIONS.values()])  # type: ignore[attr-defined]
    return builder


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that differ from their defaults."""
    return {key: value for key, value in options.items() if value != OPTIONS[key].default}


def fields_of(settings: Mapping[str, Any], where: str = "target.") -> Fields:
    """Fields of a `Form` from options, or from texts of the same names. `where` stands before a name in errors."""
    fields: Fields = {}
    for key, value in settings.items():
        fields |= _READERS[key](value, f"{where}{key}")
    return fields


def three_numbers(value: str | Sequence[float], option: str) -> tuple[float, ...]:
    """Three finite numbers, from a list or from a text with commas. `option` names them, as in `target.std`."""
    parts = value.strip("[]() ").split(",") if isinstance(value, str) else value
    try:
        numbers = tuple(float(x) for x in parts)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)) or (option.endswith("std") and 0 in numbers):
        raise ConfigError(f"{option}={value!r}: expected three numbers, as in 0.485,0.456,0.406")
    return numbers


def _size(value: Any, option: str) -> Fields:
    side = int(_number(value, option, Range(1, LARGEST)))
    return {"height": side, "width": side}


def _number(value: Any, option: str, allowed: Range) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if number not in allowed:
        raise ConfigError(f"{option}={value!r}: expected {allowed}")
    return number


def _activation(value: Any, option: str) -> Fields:
    if value not in ACTIVATIONS:
        raise ConfigError(f"{option}={value!r} is unknown; there are: {', '.join(ACTIVATIONS)}")
    return {"activation": value}


def _output(value: Any, option: str) -> Fields:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ConfigError(f"{option}={value!r}: expected the number or the name of an output")
    return {"output": str(value)}


def _truth(name: str) -> Callable[[Any, str], Fields]:
    def read(value: Any, option: str) -> Fields:
        text = str(value).lower()
        if text not in ("true", "false"):
            raise ConfigError(f"{option}={value!r}: expected true or false")
        return {name: text == "true"}

    return read


_READERS: dict[str, Callable[[Any, str], Fields]] = {
    "size": _size,
    "mean": lambda value, option: {"mean": three_numbers(value, option)},
    "std": lambda value, option: {"std": three_numbers(value, option)},
    "range": lambda value, option: {"white": _number(value, option, Range(1, 65535))},
    "divide_by_max": _truth("by_max"),
    "output": _output,
    "channel": lambda value, option: {"channel": int(_number(value, option, Range(0, 9999)))},
    "activation": _activation,
    "invert": _truth("invert"),
    "stretch": _truth("stretch"),
}
