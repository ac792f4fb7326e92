"""`boostvsod list`, `doctor` and the help texts."""

from __future__ import annotations

import json

import pytest
from made import call


def test_list_shows_every_kind() -> None:
    rows = json.loads(call("list", "--json").stdout)
    assert {row["kind"] for row in rows} == {
        "targets",
        "students",
        "flows",
        "motion",
        "miners",
        "proposals",
        "densifiers",
        "fusers",
        "recipes",
        "datasets",
    }
    assert {"name": "dis", "plugin": "boostvsod:dis"}.items() <= next(r for r in rows if r["name"] == "dis").items()
    assert call("list", "flwos").exit_code == 2


def test_doctor_finds_nothing_wrong_here() -> None:
    done = call("doctor")
    assert done.exit_code == 0, done.output
    assert "CPUExecutionProvider" in done.stdout
    assert "problem" not in done.stdout


def test_doctor_finds_two_distributions_of_one_package(monkeypatch: pytest.MonkeyPatch) -> None:
    from boostvsod.cli import doctor

    monkeypatch.setattr(doctor, "_installed", lambda name: name in ("opencv-python", "opencv-python-headless"))
    assert list(doctor.problems()) == [
        "opencv-python and opencv-python-headless overwrite each other's cv2; uninstall both, install one"
    ]


def test_every_command_has_a_help_text() -> None:
    for command in ("run", "predict", "demo", "flow", "train", "list", "doctor"):
        shown = call(command, "--help")
        assert shown.exit_code == 0
        assert len(shown.output.splitlines()) > 4
