"""Arms of a benchmark: recipes, sweeps and controls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from boostvsod.bench.arms import plan_arms, recipe_of
from boostvsod.bench.papers import ablation
from boostvsod.errors import ConfigError
from boostvsod.settings import read_toml


def test_arms_sweeps_and_controls() -> None:
    arms = plan_arms(["nr"], ["train.batch=2"], ["dis", "farneback"], ["nr.threshold=0.5,0.6"], ["random", "oracle"])
    assert [arm.name for arm in arms] == [
        "baseline",
        *(f"nr {flow} nr.threshold={value}" for flow in ("dis", "farneback") for value in ("0.5", "0.6")),
        "random",
        "oracle",
    ]
    assert recipe_of(arms[4], "d", "v").flow == "farneback"
    assert recipe_of(arms[4], "d", "v").of("nr")["threshold"] == 0.6
    random, oracle = (recipe_of(arm, "data", "bear") for arm in arms[-2:])
    assert random.of("random")["options"]["threshold"] == 0.5, "controls belong to the first arm"
    assert (oracle.of("oracle")["data"], oracle.of("oracle")["sequence"]) == ("data", "bear")
    changed = plan_arms(["nr", "none"], ["train.batch=2"], changes=["nr.threshold=0.3", "recipe.fuser=student"])
    assert [arm.name for arm in changed[1:4]] == ["nr", "nr nr.threshold=0.3", "nr recipe.fuser=student"]
    assert changed[3].settings == ("train.batch=2", "recipe.fuser=student")
    assert recipe_of(plan_arms(["nr"])[2], "d", "v").per_frame == 0, "the control student is not trained"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"recipes": []}, "at least one recipe"),
        ({"recipes": ["nr"], "controls": ["luck"]}, "no control is called 'luck'"),
        ({"recipes": ["nr"], "sweeps": ["threshold"]}, "expected TABLE.KEY"),
    ],
)
def test_bad_arms_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_arms(**arguments)


def test_published_tables_fit_their_sweeps() -> None:
    for name in read_toml(Path(str(sys.modules[ablation.__module__].__file__)).with_name("papers.toml")):
        table = ablation(name)
        values = table.sweep.partition("=")[2].split(",")
        assert all(len(numbers) == len(values) for numbers in table.published.values()), name
    rows = ablation("nr-5").rows({"nr nr.threshold=0.6": {"maxF": 0.5, "MAE": 0.1, "meanF": 0.4}})
    assert rows[2] == ["nr.threshold=0.6", 0.793, 0.5, 0.679, 0.4, 0.041, 0.1]
    assert rows[0][2] is None, "not measured"
