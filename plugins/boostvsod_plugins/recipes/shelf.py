"""The offers of the built-in recipes: one for each TOML file in this folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.offer import Offer

if TYPE_CHECKING:
    from boostvsod.recipe import Recipe


def build(path: Path) -> Recipe:
    from boostvsod.recipe import Recipe

    return Recipe.read(path)


@hookimpl
def offer_recipes() -> list[Offer[Recipe]]:
    from boostvsod.recipe import summary_of

    files = sorted(Path(__file__).parent.glob("*.toml"))
    return [Offer(path.stem, summary_of(path), partial(build, path)) for path in files]
