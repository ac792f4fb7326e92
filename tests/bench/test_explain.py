"""The further tables of a benchmark: mined frames after boosting, and seconds by step."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import QUICK, call, sets


@pytest.fixture
def words(data: Path, tmp_path: Path) -> list[object]:
    target = f"maps:{data.parent / 'maps'}/{{video}}"
    drawn = (*QUICK, "recipe.miner=longterm", "longterm.iterations=1", "longterm.epochs=1", "longterm.refiner=lite")
    given = ["bench", "--dataset", data, "--target", target, "--recipe", "longterm", "--control", "none"]
    return [*given, *sets(drawn), "--format", "csv", "-o", tmp_path / "bench"]


@pytest.mark.slow
def test_mined_frames_and_seconds_by_step(words: list[object]) -> None:
    mined = call(*words, "--explain", "mined")
    assert mined.exit_code == 0, mined.output
    table = [line.split(",") for line in mined.output.splitlines() if line.startswith("maps,longterm,")]
    assert [(row[2], int(row[3])) for row in table if row[2] == "all"] == [("all", 18)]
    ((_, _, _, count, maxf, *_),) = [row for row in table if row[2] == "mined"]
    assert 0 < int(count) < 18
    assert 0 <= float(maxf) <= 1
    timed = call(*words, "--explain", "time")
    assert timed.exit_code == 0, timed.output
    steps = dict(
        line.split(",")[:2] for line in timed.output.splitlines() if line.startswith(("mine", "target", "learn"))
    )
    assert {"target", "mine", "mine: proposals", "mine: classifier", "mine: patches"} <= set(steps)
    assert float(steps["mine"]) >= float(steps["mine: proposals"]) > 0
