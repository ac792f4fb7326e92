"""docs/papers.md names only what exists: functions, tables, presets, and files."""

from __future__ import annotations

import importlib
import re
from functools import reduce

import pytest
from made import ROOT

from boostvsod.bench.papers import table_names

PAGE = ROOT / "docs" / "papers.md"
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="needs the source tree")
NAMES = re.compile(r"`(boostvsod[\w.]*):([\w.]+)`")


def test_every_function_of_the_page_exists() -> None:
    names = NAMES.findall(PAGE.read_text())
    assert len(names) > 50
    for module, name in names:
        assert reduce(getattr, name.split("."), importlib.import_module(module)) is not None, f"{module}:{name}"


def test_every_equation_and_table_is_there() -> None:
    parts = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:5]
    for part, equations, tables in zip(parts, (11, 7, 19, 4), (6, 8, 8, 5), strict=True):
        first_cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| ")]
        assert _numbers("Eq", first_cells) == set(range(1, equations + 1)), part.splitlines()[0]
        assert _numbers("Table", first_cells) == set(range(1, tables + 1)), part.splitlines()[0]


def _numbers(what: str, cells: list[str]) -> set[int]:
    """The numbers after "Eq." or "Table" in the cells, with ranges filled."""
    found: set[int] = set()
    for cell in cells:
        match = re.match(rf" {what}s?\.? ([\dIVX]+)(?:(,| to) ([\dIVX]+))?", cell)
        if match:
            first, last = _number(match[1]), _number(match[3] or match[1])
            found |= set(range(first, last + 1))
    return found


def _number(text: str) -> int:
    return int(text) if text.isdigit() else ["I", "II", "III", "IV", "V", "VI", "VII", "VIII"].index(text) + 1


def test_every_table_that_the_benchmark_knows_is_named() -> None:
    text = PAGE.read_text()
    assert not [name for name in table_names() if f"`{name}`" not in text and f"--paper {name}`" not in text]
