"""Published tables of the papers, for tables that compare them with our measurements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from boostvsod.bench.arms import BASELINE, Arm, plan_arms, settings_for
from boostvsod.errors import ConfigError
from boostvsod.report.tables import Cell
from boostvsod.settings import read_toml

METRICS = ("maxF", "meanF", "S", "MAE")
ELSEWHERE = "not"  # the table that says where a table of the papers is instead


@dataclass(frozen=True)
class Published:
    """One published table: its rows, as arms of a benchmark by their label, and the paper's numbers for each row."""

    title: str
    arms: dict[str, Arm]
    published: dict[str, list[float]]

    def plan(self, settings: Sequence[str] = ()) -> list[Arm]:
        """The baseline, then the arms of all rows, each with those of `settings` that its recipe has a part for."""
        others = [arm for arm in self.arms.values() if arm.name != BASELINE]
        return [Arm(BASELINE, "none"), *(settings_for(arm, settings) for arm in others)]

    def rows(self, measured: dict[str, dict[str, float]]) -> list[list[Cell]]:
        """For each row: its label, then for each metric the paper's number and ours.

        `measured` holds our scores by the name of the arm. An arm that failed has none.
        """
        rows: list[list[Cell]] = []
        for i, (label, arm) in enumerate(self.arms.items()):
            ours = measured.get(arm.name, {})
            pairs = [(self.published[m][i], ours.get(m)) for m in METRICS if m in self.published]
            rows.append([label, *(cell for pair in pairs for cell in pair)])
        return rows

    def columns(self) -> list[str]:
        """The column heads of `rows`."""
        return ["row", *(f"{m} {who}" for m in METRICS if m in self.published for who in ("paper", "here"))]


def published_table(name: str) -> Published:
    """The published table with this name."""
    known = _tables()
    if reason := known[ELSEWHERE].get(name):
        raise ConfigError(f"the table {name!r} is not run by --paper: {reason}")
    if name not in known or name == ELSEWHERE:
        raise ConfigError(f"no published table is called {name!r}; there are: {', '.join(table_names())}")
    facts = known[name]
    published = {metric: facts[metric] for metric in METRICS if metric in facts}
    return Published(facts["title"], _arms(facts), published)


def table_names() -> list[str]:
    """The names of the tables that can be run."""
    return [name for name in _tables() if name != ELSEWHERE]


@cache
def _tables() -> dict[str, Any]:
    return read_toml(Path(__file__).with_name("papers.toml"))


def _arms(facts: dict[str, Any]) -> dict[str, Arm]:
    """The rows: label -> arm."""
    if "sweep" in facts:
        key, _, values = facts["sweep"].partition("=")
        arms = plan_arms([facts["recipe"]], sweeps=[facts["sweep"]], controls=[])[1:]
        labels = [value if key == "recipe.flow" else f"{key}={value}" for value in values.split(",")]
        return dict(zip(labels, arms, strict=True))
    rows = [(label, recipe, tuple(settings)) for label, recipe, settings in facts["arms"]]
    return {label: Arm(BASELINE if recipe == "none" else label, recipe, settings) for label, recipe, settings in rows}
