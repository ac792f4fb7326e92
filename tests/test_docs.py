"""The documents: printed tables, links, code blocks and numbers are checked against the program."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_floors import FLOORS

from boostvsod.testing import check_flow, check_miner, check_target

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="needs the source tree")
PRINTED = re.compile(r"<!-- printed by: boostvsod (.*?) -->\n(.*?)<!-- end -->", re.DOTALL)


def test_printed_tables_are_up_to_date(tmp_path: Path) -> None:
    tables = [
        pair
        for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
        for pair in PRINTED.findall(path.read_text())
    ]
    assert tables
    env = {**os.environ, "BOOSTVSOD_HOME": str(tmp_path)}  # the weights cached on this machine must not matter
    code = "import sys; from boostvsod.cli import main; sys.argv[0] = 'boostvsod'; main()"
    for command, table in tables:
        done = subprocess.run([sys.executable, "-c", code, *command.split()], capture_output=True, text=True, env=env)
        assert done.stdout == table, f"the table is old: replace it by the output of `boostvsod {command}`"


def test_every_link_leads_somewhere() -> None:
    for folder in (ROOT, ROOT / "docs", ROOT / "benchmarks"):
        for path in folder.glob("*.md"):
            for link in re.findall(r"\]\(([^)#:]+)[#)]", path.read_text()):
                assert (path.parent / link).exists(), f"{path.name}: {link}"


def code_blocks(name: str) -> list[str]:
    """The Python code of a document, block by block."""
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)


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
    plugin, its_test = code_blocks("docs/plugins.md")
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


def test_measured_numbers_stand_in_the_document_that_is_named() -> None:
    for table in measurements():
        for row in table["rows"]:
            text = (ROOT / (row.get("stated_in") or table["stated_in"])).read_text()
            numbers = [value for value in row.values() if isinstance(value, int | float)]
            absent = [value for value in numbers if f"{value:g}".lstrip("0") not in text]
            assert not absent, f"{table['what']}: {row}: {absent} are not in the document"


def test_public_names_are_exactly_those_listed() -> None:
    import boostvsod

    assert boostvsod.__all__ == sorted(boostvsod.__all__, key=lambda n: (n[0].islower(), n))
    for name in boostvsod.__all__:
        assert getattr(boostvsod, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'bost'"):
        _ = boostvsod.bost
