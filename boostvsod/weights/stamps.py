"""The stamp of a plugin's part: it changes with the part's options, defaults, files and weights, wherever they are."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boostvsod import registry
from boostvsod.errors.user_code import user_code
from boostvsod.stamps import content_stamp, fingerprint, package_stamp
from boostvsod.weights.cache import cached_weights


def code_stamp() -> str:
    """All installed code that can change a map: the core's, the plugins', and what is bundled with them."""
    return fingerprint([package_stamp(package) for package in registry.packages()])


def part_stamp(kind: registry.Kind, name: str, options: Mapping[str, Any]) -> list[Any]:
    """A part with the options it is built with, defaults included, and the content of every file that they name.

    If the plugin says what else the part is made of, this counts too.
    """
    if not name:
        return []
    entry = registry.entry(kind, name)
    bound = {**_defaults(entry.offer.build), **options}
    stamp = [entry.plugin, name, bound, content_stamp(bound), weights_stamp([name, *texts(bound)])]
    if entry.offer.made_of is None:
        return stamp
    with user_code(name):
        made_of = entry.offer.made_of(**options)
    return [*stamp, made_of, content_stamp(made_of)]


def weights_stamp(names: Iterable[str]) -> dict[str, str]:
    """Of these names, those that weights are cached under, with the hash of the cached file."""
    cached = cached_weights()
    return {name: cached[name].sha256 for name in sorted(set(names)) if name in cached}


def _defaults(builder: Any) -> dict[str, Any]:
    parameters = inspect.signature(builder).parameters.values()
    return {p.name: p.default for p in parameters if p.name != "runtime" and p.default is not p.empty}


def texts(value: object) -> Iterator[str]:
    """Every text in a value, inside lists and tables too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts(one)
