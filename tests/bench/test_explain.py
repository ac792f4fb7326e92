"""The further tables of a benchmark: mined frames after boosting, and seconds by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made import QUICK, call, sets

from boostvsod.bench.mined_quality import selection_curves


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


def test_good_frames_are_mined_more_probably() -> None:
    def row(video: str, arm: str, qualities: list[float], mined: list[str]) -> dict[str, Any]:
        scores = {f"{i}": quality for i, quality in enumerate(qualities)}
        return {"target": "t", "video": video, "arm": arm, "S": scores, "mined": mined}

    rows = [
        row("a", "baseline", [0.9, 0.1, 0.5, 0.6], []),
        row("a", "nr", [0.5, 0.5, 0.5, 0.5], ["0", "3"]),  # the best two of four
        row("b", "baseline", [0.1, 0.2], []),
        row("b", "nr", [0.5, 0.5], ["1"]),  # the better of two
    ]
    curve = selection_curves("t", rows)["nr"]
    assert (curve[0], curve[-1]) == ((0, 0), (1, 1)), "the worst frames are never mined, the best ones always"
    shares = [share for _, share in curve]
    assert shares == sorted(shares)
    assert selection_curves("other", rows) == {}
