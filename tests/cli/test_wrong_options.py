"""Every option of every offer and every key of a recipe: a wrong one is one line and exit code 2, before any work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import pytest
from made import call, sets

from boostvsod import offers
from boostvsod.boosting.plan import find_recipe
from boostvsod.recipe import EFFORTS, PASSES, Recipe, TrainOptions
from boostvsod.recipe import NOT_SET as RECIPE_ALONE
from boostvsod.registry import KINDS, Kind
from boostvsod.settings import Option, field_ranges, options_of

KEYS = {"students": "student", "flows": "flow", "motion": "motion", "miners": "miner", "densifiers": "densifier"}
KEYS |= {"fusers": "fuser"}  # the keys of a recipe that choose a part of each kind
PLAIN = ("freeze",)  # keys of a recipe that may be any text
NOT_SET: tuple[Kind, ...] = ("recipes", "datasets")  # their builders have no options
WRONG_TYPES = ("true", "7", "1.5", "'text'", "[true]", "{a = 1}")
FITTING = {"int": ("7",), "float": ("7", "1.5"), "str": ("'text'",), "bool": ("true",), "a table": ("{a = 1}",)}
FITTING["str or a list of float"] = ("'text'",)


def test_every_kind_with_options_is_walked() -> None:
    assert set(KEYS) | set(NOT_SET) | {"targets", "proposals"} == set(KINDS)
    assert not [name for kind in NOT_SET for name, offer in offers(kind).items() if options_of(offer.build)]
    kinds = {
        option.kind for kind in KINDS for offer in offers(kind).values() for option in options_of(offer.build).values()
    }
    assert kinds == set(FITTING), "an option has a type that this walk does not know"


def wrong_values(option: Option) -> Iterator[str]:
    """Values of other types, and numbers outside the range, as a user writes them."""
    yield from (text for text in WRONG_TYPES if text not in FITTING[option.kind])
    if option.kind in ("int", "float"):
        assert option.range is not None
        yield from ("nan", "inf", str(2**70), f"{-1 if option.range.or_zero else option.range.least - 1:g}")
        yield f"{option.range.most * 2 + 1:.0f}" + ("" if option.kind == "int" else ".0")


def words_for(kind: Kind, name: str, option: str, value: str) -> tuple[list[str], str]:
    """The words that set an option of a part, and how the error names the option."""
    if kind == "targets":
        return ["--target", name, *sets((f"target.{option}={value}",))], f"target.{option}"
    if kind == "proposals":
        through = (f"longterm.proposals='{name}'", f"longterm.proposal_options={{{option} = {value}}}")
        return ["--recipe", "longterm", *sets(through)], f"{name}.{option}"
    return sets((f"recipe.{KEYS[kind]}='{name}'", f"{name}.{option}={value}")), f"{name}.{option}"


def refusal(folder: Path, *words: str) -> str:
    """The one line that a run prints before it ends with exit code 2, without any output."""
    done = call("run", folder, *words, "-o", folder.parent / "out")
    lines = [line for line in done.stderr.splitlines() if line.startswith("boostvsod: ")]
    assert (done.exit_code, len(lines)) == (2, 1), f"{words}: exit {done.exit_code}\n{done.output}"
    assert "Traceback" not in done.output
    assert not (folder.parent / "out").exists(), words
    return lines[0].removeprefix("boostvsod: ")


PARTS = [(kind, name) for kind in KINDS if kind not in NOT_SET for name in offers(kind)]


@pytest.mark.parametrize(("kind", "name"), [pytest.param(*each, id="/".join(each)) for each in PARTS])
def test_wrong_options_of_a_part(kind: Kind, name: str, pictures: Path) -> None:
    words, _ = words_for(kind, name, "nosuch", "1")
    assert refusal(pictures, *words).startswith(f"{name} has no option 'nosuch'; ")
    for option in options_of(offers(kind)[name].build).values():
        for value in wrong_values(option):
            words, where = words_for(kind, name, option.name, value)
            line = refusal(pictures, *words)
            assert line.startswith(f"{where}="), line
            assert "expected" in line


def recipe_keys() -> Iterator[tuple[str, str, Any, Any]]:
    """Table, key, default and range of every key of a recipe and of its table `train`."""
    tables: tuple[tuple[str, type, Any], ...] = (
        ("recipe", Recipe, Recipe("x")),
        ("train", TrainOptions, TrainOptions()),
    )
    for table, kind, settings in tables:
        for each in fields(kind):
            if table == "train" or each.name not in RECIPE_ALONE:
                yield table, each.name, getattr(settings, each.name), field_ranges(kind).get(each.name)
    yield from (("train", key, Recipe.per_frame, field_ranges(Recipe)["per_frame"]) for key in PASSES)


RECIPE_KEYS = [pytest.param(*each, id=".".join(each[:2])) for each in recipe_keys()]


@pytest.mark.parametrize(("table", "key", "default", "allowed"), RECIPE_KEYS)
def test_wrong_keys_of_a_recipe(table: str, key: str, default: Any, allowed: Any, pictures: Path) -> None:
    hint: Any = type(default) if allowed is None else Annotated[type(default), allowed]
    wrong = [*wrong_values(Option(key, hint)), *(["'nosuch'"] if isinstance(default, str) and key not in PLAIN else [])]
    for value in wrong:
        line = refusal(pictures, "--target", "classic", *sets((f"{table}.{key}={value}",)))
        if value == "'nosuch'":
            assert "nosuch" in line
        else:
            assert line.startswith(f"{table}.{key}="), line
            assert "expected" in line


@pytest.mark.parametrize("recipe", offers("recipes"))
@pytest.mark.parametrize("table", ["recipe", "train", "nosuch"])
def test_keys_that_no_recipe_has(recipe: str, table: str, pictures: Path) -> None:
    line = refusal(pictures, "--recipe", recipe, "--target", "classic", *sets((f"{table}.nosuch=1",)))
    unknown, no_part = f"{table}.nosuch is unknown; there are: ", f"--set {table}.nosuch: recipe {recipe!r} has no part"
    assert line.startswith(no_part if table == "nosuch" else unknown)


def test_wrong_efforts(pictures: Path) -> None:
    for value in ("7", "'nosuch'", "[true]"):
        line = refusal(pictures, "--recipe", "nr", *sets((f"recipe.effort={value}",)))
        assert line.startswith("recipe.effort: recipe 'nr' has no effort "), line


@pytest.mark.parametrize("name", offers("recipes"))
def test_every_recipe_has_only_legal_options(name: str) -> None:
    for effort in EFFORTS:
        if effort == "balanced" or effort in find_recipe(name).efforts:
            assert find_recipe(name, [f"recipe.effort={effort}"]).effort == effort
