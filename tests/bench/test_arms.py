"""Arms of a benchmark: recipes, sweeps and controls."""

from __future__ import annotations

from typing import Any

import pytest

from boostvsod.bench.arms import plan_arms, recipe_of
from boostvsod.bench.papers import published_table, table_names
from boostvsod.errors import ConfigError


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


OF_PAPERS = {"nr": 6, "mqp": 8, "lim": 8, "rcrnet": 5}  # the tables of each paper


def test_every_table_of_the_papers_is_here_or_has_a_reason() -> None:
    for paper, count in OF_PAPERS.items():
        for number in range(1, count + 1):
            name = f"{paper}-{number}"
            if name not in table_names():
                with pytest.raises(ConfigError, match=f"'{name}' is not run by --paper: .+"):
                    published_table(name)


@pytest.mark.parametrize("name", table_names())
def test_published_tables_fit_their_arms(name: str) -> None:
    table = published_table(name)
    assert all(len(numbers) == len(table.arms) for numbers in table.published.values())
    arms = table.plan(["recipe.buffer=50", "nr.threshold=0.3", "lite.weights=none"])
    assert arms[0].name == "baseline"
    assert len(arms) == len(table.arms) + ("none" not in {arm.recipe for arm in table.arms.values()})
    for arm in arms[1:]:
        recipe = recipe_of(arm, "data", "video")  # every setting is one of its recipe's
        assert recipe.buffer == 50
    assert name != "nr-5" or recipe_of(arms[2], "", "").of("nr")["threshold"] == 0.5, "the row's own setting comes last"


def test_rows_hold_the_papers_numbers_and_ours() -> None:
    rows = published_table("nr-5").rows({"nr nr.threshold=0.6": {"maxF": 0.5, "MAE": 0.1, "meanF": 0.4}})
    assert rows[2] == ["nr.threshold=0.6", 0.793, 0.5, 0.679, 0.4, 0.041, 0.1]
    assert rows[0][2] is None, "not measured"
    own = published_table("nr-3").rows({"baseline": {"maxF": 0.7, "meanF": 0.6, "MAE": 0.2}})
    assert own[0] == ["original", 0.781, 0.7, 0.701, 0.6, 0.055, 0.2]
