"""Settings from TOML files and from `TABLE.KEY=VALUE` texts, checked against the types of the defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from boostvsod.errors import ConfigError

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_setting(text: str) -> tuple[str, str, Any]:
    """`"train.lr=1e-5"` as `("train", "lr", 1e-5)`. A value that is not valid TOML is taken as a string."""
    path, equals, value = text.partition("=")
    table, dot, key = path.strip().partition(".")
    if not (equals and dot and table and key):
        raise ConfigError(f"--set {text!r}: expected TABLE.KEY=VALUE, as in train.lr=1e-5")
    try:
        return table, key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return table, key, value.strip()


def override(settings: T, table: str, key: str, value: Any, legal: Iterable[str] = ()) -> T:
    """A copy of a dataclass with one field changed, after a check of the field's name and the value's type."""
    legal = list(legal) or [f.name for f in fields(settings)]  # type: ignore[arg-type]
    if key not in legal:
        raise ConfigError(f"{table}.{key} is unknown; there are: {', '.join(sorted(legal))}")
    return replace(settings, **{key: typed_like(getattr(settings, key), value, f"{table}.{key}")})  # type: ignore[type-var]


def typed_like(old: Any, new: Any, where: str) -> Any:
    """`new` if it has the type of `old`, else an error. An int is accepted for a float, a list for a tuple."""
    if isinstance(old, float) and isinstance(new, int) and not isinstance(new, bool):
        return float(new)
    if isinstance(old, tuple) and isinstance(new, list) and len(old) == len(new):
        return tuple(typed_like(a, b, where) for a, b in zip(old, new, strict=True))
    if type(old) is not type(new):
        raise ConfigError(f"{where}={new!r}: expected {type(old).__name__}, got {type(new).__name__}")
    return new
