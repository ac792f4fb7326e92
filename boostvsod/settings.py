"""Settings from TOML files and from `TABLE.KEY=VALUE` texts, checked against types and ranges."""

from __future__ import annotations

import functools
import inspect
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from boostvsod.errors import ConfigError
from boostvsod.offer import ANY_NUMBER, Formerly, Range

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # damaged TOML, and text that is not UTF-8, are ValueErrors
        raise ConfigError(f"{path}: {error}") from error


def parse_setting(text: str) -> tuple[str, str, Any]:
    """`"train.lr=1e-5"` as `("train", "lr", 1e-5)`. A value that is not valid TOML is taken as a string."""
    path, equals, value = text.partition("=")
    table, dot, key = path.strip().partition(".")
    if not (equals and dot and table and key):
        raise ConfigError(f"--set {text!r}: expected TABLE.KEY=VALUE, as in train.lr=1e-5")
    try:
        return table, key, tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
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
        raise ConfigError(f"{where}={_shown(new)}: expected {type(old).__name__}, got {type(new).__name__}")
    return new


def check_fields(settings: object, table: str) -> None:
    """Check the numbers of a dataclass against the ranges in its annotations; `table` is named in the error."""
    kind: Any = type(settings)
    for key, allowed in field_ranges(kind).items():
        check_numbers(getattr(settings, key), allowed, f"{table}.{key}")


@functools.cache
def field_ranges(settings: type) -> dict[str, Range]:
    """Field -> range, for the fields of a dataclass that have a range."""
    hints = get_type_hints(settings, include_extras=True)
    ranges = {key: _noted(hints[key], Range) for key in hints}
    return {key: allowed for key, allowed in ranges.items() if allowed is not None}


@dataclass(frozen=True)
class Option:
    """One option of a builder. `hint` is its annotation; None allows any value."""

    name: str
    hint: Any
    default: Any = inspect.Parameter.empty

    @property
    def is_required(self) -> bool:
        """Whether users must set it."""
        return self.default is inspect.Parameter.empty

    @property
    def kind(self) -> str:
        """The type of its values, in words."""
        return _in_words(self.hint)

    @property
    def range(self) -> Range | None:
        """The allowed numbers; None if it is no number or has no range."""
        return _noted(self.hint, Range)

    @property
    def formerly(self) -> Formerly | None:
        """Its earlier name, if that still works."""
        return _noted(self.hint, Formerly)

    def check(self, value: Any, table: str) -> None:
        """Refuse a value of another type or outside the range; `table` is named in the error."""
        where = f"{table}.{self.name}"
        if not (_fits(value, self.hint) or value is self.default):
            raise ConfigError(f"{where}={_shown(value)}: expected {self.kind}, got {type(value).__name__}")
        check_numbers(value, self.range or ANY_NUMBER, where)


def options_of(builder: Callable[..., Any]) -> dict[str, Option]:
    """The options of a builder by name: its parameters without `runtime`, `*args` and `**kwargs`.

    The type of an option without an annotation is that of its default, if that is a number, a text or a bool.
    """
    hints = annotations_of(builder)
    return {
        name: Option(name, hints.get(name, type(each.default) if type(each.default) in LEGAL else None), each.default)
        for name, each in inspect.signature(builder).parameters.items()
        if name != "runtime" and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    }


def fields_as_options(settings: Any) -> list[Option]:
    """The fields of a dataclass as options whose defaults are its values."""
    hints = get_type_hints(type(settings), include_extras=True)
    return [Option(each.name, hints[each.name], getattr(settings, each.name)) for each in fields(settings)]


def annotations_of(builder: Callable[..., Any]) -> dict[str, Any]:
    """Parameter -> annotation, for annotations that exist at run time.

    Others name types that are imported for type checkers alone. They are left out.
    """
    function: Any = inspect.unwrap(builder)
    while isinstance(function, functools.partial):
        function = function.func
    names = getattr(getattr(function, "__init__", None) if isinstance(function, type) else function, "__globals__", {})
    hints = {}
    for key, parameter in inspect.signature(builder).parameters.items():
        try:
            hint = parameter.annotation
            hints[key] = eval(hint, dict(names)) if isinstance(hint, str) else hint
        except Exception:
            continue
    return {key: hint for key, hint in hints.items() if hint is not inspect.Parameter.empty}


Note = TypeVar("Note")


def _noted(hint: Any, kind: type[Note]) -> Note | None:
    """What an annotation notes beside the type, such as a range, also inside `... | None`."""
    inside = [_noted(one, kind) for one in get_args(hint) if get_origin(one) is Annotated]
    own = [one for one in get_args(hint)[1:] if isinstance(one, kind)] if get_origin(hint) is Annotated else inside
    return next((one for one in own if one is not None), None)


LEGAL: dict[Any, tuple[type, ...]] = {
    int: (int,),
    float: (int, float),
    bool: (bool,),
    str: (str, os.PathLike),
    Path: (str, os.PathLike),
    NoneType: (NoneType,),
}
UNIONS, LISTS, TABLES = (Union, UnionType), (list, tuple, Sequence), (dict, Mapping)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value has the type in an annotation. An annotation of another kind than these allows anything."""
    inside, outside = get_args(hint), get_origin(hint) or hint
    if outside is Annotated:
        return _fits(value, inside[0])
    if outside in UNIONS:
        return any(_fits(value, one) for one in inside)
    if outside is Literal:
        return any(type(value) is type(one) and value == one for one in inside)
    if outside in LISTS:
        return isinstance(value, (list, tuple)) and all(_fits(one, inside[0]) for one in value if inside)
    if outside in TABLES:
        return isinstance(value, Mapping)
    if not isinstance(outside, type) or outside not in LEGAL:
        return True
    return isinstance(value, LEGAL[outside]) and (outside is bool or not isinstance(value, bool))


def _in_words(hint: Any) -> str:
    """The type in an annotation, in words."""
    inside, outside = get_args(hint), get_origin(hint) or hint
    if outside is Annotated:
        return _in_words(inside[0])
    if outside in UNIONS:
        return " or ".join(_in_words(one) for one in inside if one is not NoneType)
    if outside is Literal:
        return f"one of {', '.join(map(repr, inside))}"
    if outside in LISTS:
        return f"a list of {_in_words(inside[0])}" if inside else "a list"
    if outside in TABLES:
        return "a table"
    return outside.__name__ if outside in LEGAL else "any value"


def check_choice(value: Any, allowed: Sequence[str], where: str) -> None:
    """Refuse a text that is not one of those allowed; `where` names the setting."""
    if value not in allowed:
        raise ConfigError(f"{where}={_shown(value)}: expected one of: {', '.join(allowed)}")


def check_numbers(value: Any, allowed: Range, where: str) -> None:
    """Refuse a number outside its range, also inside a list; `where` names the setting."""
    if any(number not in allowed for number in _numbers_in(value)):
        raise ConfigError(f"{where}={_shown(value)}: expected {allowed}")


def _numbers_in(value: Any) -> Iterator[float]:
    """The numbers in a value, also inside lists."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _numbers_in(one)


def _shown(value: Any) -> str:
    """A value for an error message, not too long."""
    try:
        text = repr(value)
    except ValueError:  # Python does not print integers of more than 4300 digits
        text = "a huge number"
    return text if len(text) <= 80 else f"{text[:77]}..."
