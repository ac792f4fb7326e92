"""Every bad input gets the right result or one clear line: no traceback, no crash, nothing of the user's touched.

`pytest -m badinput` runs all cases in a few minutes and prints their number.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from badinput import cases_media, cases_options, cases_paths, cases_runs, cases_weights
from badinput.harness import Case, check

pytestmark = pytest.mark.badinput
MODULES = (cases_media, cases_paths, cases_options, cases_runs, cases_weights)
CASES: list[Case] = [case for module in MODULES for case in module.cases()]
LEAST = 300  # cases that the suite promises


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program works in an empty folder with a cache of its own."""
    monkeypatch.setenv("BOOSTVSOD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bad_input(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_there_are_enough_cases() -> None:
    commands = {case.arguments[0] for case in CASES}
    assert len(CASES) >= LEAST
    assert len({case.name for case in CASES}) == len(CASES), "names of cases differ"
    assert commands >= {
        "run", "predict", "eval", "bench", "flow", "train", "report", "explain", "datasets", "weights", "list",
        "doctor", "demo",
    }  # fmt: skip


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("arguments", [
    ("predict", "{in}/walk", "--target", "classic", "-o", "{out}"),
    ("run", "--video", "{in}/a.mp4", "--target", "classic", "--recipe", "none", "-o", "{out}"),
    ("run", "--video", "{in}", "--target", "classic", "--recipe", "none", "-o", "{out}"),
    ("datasets", "{in}/walk"),
    ("eval", "{in}/walk", "{in}/walk"),
    ("weights", "convert", "{in}/w.pth", "{out}/w.safetensors"),
], ids=" ".join)  # fmt: skip
def test_forbidden_paths(arguments: tuple[str, ...], tmp_path: Path) -> None:
    locked = []

    def lock(given: Path) -> None:
        for path in (given / "a.mp4", given / "w.pth", given / "walk"):
            path.chmod(0)
            locked.append(path)

    files = {"a.mp4": b"x", "w.pth": b"x", "walk/0.png": b"x"}
    before = {**files}
    try:
        check(Case("forbidden", arguments, before, exits=(2, 3, 5), make=lock), tmp_path)
    finally:
        for path in locked:
            path.chmod(0o700)
