"""The documents: printed tables are up to date, links lead to files, public names are listed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from made import ROOT

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


def test_every_link_leads_to_a_file() -> None:
    for folder in (ROOT, ROOT / "docs", ROOT / "benchmarks"):
        for path in folder.glob("*.md"):
            for link in re.findall(r"\]\(([^)#:]+)[#)]", path.read_text()):
                assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_public_names_are_exactly_those_listed() -> None:
    import boostvsod

    assert boostvsod.__all__ == sorted(boostvsod.__all__, key=lambda n: (n[0].islower(), n))
    for name in boostvsod.__all__:
        assert getattr(boostvsod, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'bost'"):
        _ = boostvsod.bost
