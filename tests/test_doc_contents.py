"""The documents: their code blocks run, and drawings and numbers agree with their sources."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from made import ROOT
from test_floors import FLOORS

from boostvsod import Offer, hookspecs
from boostvsod.registry import KINDS, Kind, call_builder
from boostvsod.testing import CHECKS, check_flow, check_miner, check_target

pytestmark = pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="needs the source tree")


def code_blocks(name: str) -> list[str]:
    """The Python code of a document, block by block."""
    path = ROOT / name
    return re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL) if path.is_file() else []


def test_the_example_plugins_of_contributing_pass_their_checks() -> None:
    checks: list[tuple[str, Callable[..., None]]] = [
        ("build", check_target),
        ("Shift", check_flow),
        ("build", check_miner),
    ]
    for code, (builder, check) in zip(code_blocks("CONTRIBUTING.md"), checks, strict=True):
        module: dict[str, Any] = {}
        exec(code, module)
        check(module[builder])


def test_the_plugin_and_the_test_of_the_plugin_guide_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin, its_test, *_ = code_blocks("docs/plugins.md")
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "mynet.py").write_text(plugin)
    (package / "net.py").write_text(
        "class MyNetTarget:\n"
        "    window, batch = 1, 8\n"
        "    def __init__(self, weights, device): pass\n"
        "    def predict(self, windows): return [(w.frame.rgb[..., 0] / 255).astype('float32') for w in windows]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module: dict[str, Any] = {}
    exec(its_test, module)
    module["test_mynet"]()


def parts_of(code: str) -> list[tuple[Kind, Offer[Any]]]:
    """The kind and the offer of everything that a module offers."""
    module: dict[str, Any] = {}
    exec(code, module)
    return [(kind, offer) for kind in KINDS if f"offer_{kind}" in module for offer in module[f"offer_{kind}"]()]


@pytest.mark.parametrize("number", range(2, len(code_blocks("docs/plugins.md"))))
def test_the_examples_of_the_plugin_guide_keep_their_contracts(number: int) -> None:
    code = code_blocks("docs/plugins.md")[number]
    for kind, offer in parts_of(code):
        CHECKS[kind](partial(call_builder, offer.build, offer.name, None, {}))
    if "add_commands" in code:
        assert CliRunner().invoke(group_with(code), ["hello"]).output == "hello\n"
    else:
        assert parts_of(code)


def group_with(code: str) -> click.Group:
    """A program with the commands of a module."""
    module: dict[str, Any] = {}
    exec(code, module)
    program = click.Group()
    module["add_commands"](program)
    return program


def test_the_plugin_guide_has_an_example_of_every_hook() -> None:
    text = "".join(code_blocks("docs/plugins.md")[2:])
    hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "boostvsod_spec")]
    assert len(hooks) == len(KINDS) + 1
    assert not [hook for hook in hooks if f"@hookimpl\ndef {hook}(" not in text]


def test_architecture_draws_the_floors_as_they_are() -> None:
    drawn = re.findall(r"^ *(\d+)  (.*?) *\|", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    floors = {int(number): set(rooms.split()) for number, rooms in drawn}
    assert floors == {number: set(floor.split()) for number, floor in enumerate(FLOORS, 1)}


def test_files_that_the_architecture_page_names_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    paths = re.findall(r"`((?:boostvsod|adapters|plugins|tests|docs)/[a-z_/]+\.[a-z]+)`", text)
    assert paths
    assert not [path for path in paths if not (ROOT / path).is_file()]


def measurements() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((ROOT / "benchmarks").glob("*.json"))]


def test_measurements_have_protocol_command_and_source() -> None:
    assert measurements()
    for table in measurements():
        assert {"what", "protocol", "command", "source", "columns", "rows"} <= set(table)
        assert all(set(table["columns"]) <= set(row) for row in table["rows"]), table["what"]


def test_measured_numbers_are_in_the_document_that_is_named() -> None:
    for table in measurements():
        for row in table["rows"]:
            text = (ROOT / (row.get("stated_in") or table["stated_in"])).read_text()
            numbers = [value for value in row.values() if isinstance(value, int | float)]
            absent = [value for value in numbers if f"{value:g}".lstrip("0") not in text]
            assert not absent, f"{table['what']}: {row}: {absent} are not in the document"
