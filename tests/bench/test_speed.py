"""`bench speed`: whole runs, their steps and floors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made import DRAWN, call

from boostvsod.bench.speed import START, compared, read_speed
from boostvsod.errors import InputError


@pytest.mark.slow
def test_steps_add_up_to_the_whole_and_floors_stand_beside(pictures: Path, tmp_path: Path) -> None:
    settings = [word for setting in DRAWN for word in ("--set", setting)]
    words = ["bench", "speed", str(pictures), "--target", "classic", "--recipe", "nr", "--threads", "1", *settings]
    done = call(*words, "-o", str(tmp_path / "speed.json"))
    assert done.exit_code == 0, done.output
    (measured,) = json.loads((tmp_path / "speed.json").read_text())
    assert measured["frames"] == 12
    assert sum(measured["steps"].values()) == pytest.approx(measured["seconds"], abs=0.02)
    assert {"target", "motion", "learn", START} <= set(measured["steps"])
    assert set(measured["floors"]) == {"decode", "target", "flow", "motion", "student", "write"}
    assert all(milliseconds > 0 for milliseconds in measured["floors"].values())
    assert 0 < measured["busy"] <= 1.2
    assert "times plain" in done.output
    again = read_speed(tmp_path / "speed.json")
    assert compared([measured], again).rows[0][1:] == [measured["seconds a frame"], measured["seconds a frame"], 1.0]


@pytest.mark.parametrize("text", ["", "[]x", '[{"video": "a"}]', '{"a": 1}'])
def test_a_file_of_something_else_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(InputError, match=r"other\.json holds no measurements of bench speed"):
        read_speed(tmp_path / "other.json")
