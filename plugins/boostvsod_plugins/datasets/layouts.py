"""The offers of data set layouts: one for each table of layouts.toml, and one for any folder of frames and masks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostvsod.hookspecs import hookimpl
from boostvsod.offer import Offer

if TYPE_CHECKING:
    from boostvsod.kinds import Layout


def build(name: str, facts: dict[str, Any]) -> Layout:
    from boostvsod.kinds import Layout

    fields: dict[str, Any] = {key: tuple(fact) if isinstance(fact, list) else fact for key, fact in facts.items()}
    return Layout(name, **fields)


def any_folder() -> Layout:
    from boostvsod.datasets.layouts import GENERIC_MASKS, GENERIC_PICTURES
    from boostvsod.kinds import Layout

    return Layout("folder", "frames and masks", GENERIC_PICTURES, GENERIC_MASKS)


@hookimpl
def offer_datasets() -> list[Offer[Layout]]:
    from boostvsod.settings import read_toml

    tables = read_toml(Path(__file__).with_suffix(".toml"))
    named = [Offer(name, facts["title"], partial(build, name, facts)) for name, facts in tables.items()]
    return [*named, Offer("folder", "any folder or zip of frames and masks", any_folder)]
