"""`bench --leave-clip-out`: the gate decides on clips that it was not fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from bench_setup import target
from made import QUICK, call, sets

from boostvsod.bench.jobs import Setup
from boostvsod.bench.left_out import Pair, left_out_table
from boostvsod.errors import ConfigError
from boostvsod.report.tables import Cell


def pair(video: str, moving: float, gain: float, name: str = "t") -> Pair:
    """A pair of two frames: boosting improves the first one by .1 more than the second one."""
    before = np.array([0.8, 0.8])
    return Pair(name, video, 0.5, moving, before, before + gain + [0.05, -0.05])


def row(pairs: list[Pair]) -> dict[str, Cell]:
    table = left_out_table(pairs)
    return dict(zip(table.columns, table.rows[-1], strict=True))


def test_pairs_that_would_lose_keep_the_targets_maps() -> None:
    pairs = [pair(f"good-{i}", 0.1, 0.1) for i in range(4)] + [pair(f"bad-{i}", 0.9, -0.2) for i in range(4)]
    found = row(pairs)
    assert (found["pairs"], found["harmed"]) == (8, 0)
    assert found["S before"] == pytest.approx(0.8)
    assert found["boosted"] == pytest.approx(0.75)
    assert found["chosen"] == found["best clip"] == pytest.approx(0.85)
    assert found["best frame"] == pytest.approx((0.8 + 0.15 + 0.8 + 0.05 + 2 * 0.8) / 4)


def test_a_clip_that_is_like_no_other_is_harmed() -> None:
    pairs = [pair(f"good-{i}", 0.1, 0.1) for i in range(4)] + [pair("odd", 0.1, -0.2)]
    found = row(pairs)
    assert (found["harmed"], found["worst clip"]) == (1, "odd")
    assert found["worst"] == pytest.approx(-0.2)


def test_several_targets_have_a_row_each_and_one_together() -> None:
    pairs = [pair(video, 0.1, 0.1, name) for video in "ab" for name in ("s", "t")]
    assert [cells[:2] for cells in left_out_table(pairs).rows] == [["s", 2], ["t", 2], ["all", 4]]


def test_one_clip_cannot_be_left_out() -> None:
    with pytest.raises(ConfigError, match="needs two or more"):
        left_out_table([pair("a", 0.1, 0.1)])


def test_on_the_command_line(setup: Setup) -> None:
    words = ["bench", "--dataset", setup.data, "--target", target(setup), *sets(QUICK), "--leave-clip-out"]
    done = call(*words, "--recipe", "nr", "--set", "nr.threshold=1.1", "--format", "csv", "-o", setup.out)
    assert done.exit_code == 0, done.output
    name, pairs, before, boosted, *_ = done.output[done.output.index("S before") :].splitlines()[1].split(",")
    assert (name, pairs) == ("mine", "2")
    for column, arm in ((before, "baseline"), (boosted, "nr")):
        line = next(line for line in done.output.splitlines() if line.startswith(f"mine,{arm},"))
        assert float(column) == pytest.approx(float(line.split(",")[3]), abs=0.002), line
    wrong = call(*words, "--control", "random", "-o", setup.out)
    assert wrong.exit_code == 2
    assert "leave out --paper and --control" in wrong.output
