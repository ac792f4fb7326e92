"""Published ablations of the papers, for tables that compare them with our measurements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boostvsod.errors import ConfigError
from boostvsod.report.tables import Cell
from boostvsod.settings import read_toml

METRICS = ("maxF", "meanF", "S", "MAE")


@dataclass(frozen=True)
class Ablation:
    """One published table: a recipe, a setting with its values, and the paper's numbers for each value."""

    title: str
    recipe: str
    sweep: str
    published: dict[str, list[float]]

    def rows(self, measured: dict[str, dict[str, float]]) -> list[list[Cell]]:
        """For each value of the setting: the value, then for each metric the paper's number and ours.

        `measured` holds our scores by the name of the arm.
        """
        key, _, values = self.sweep.partition("=")
        rows: list[list[Cell]] = []
        for i, value in enumerate(values.split(",")):
            label = value if key == "recipe.flow" else f"{key}={value}"
            ours = measured.get(f"{self.recipe} {label}", {})
            pairs = [(self.published[m][i], ours.get(m)) for m in METRICS if m in self.published]
            rows.append([label, *(cell for pair in pairs for cell in pair)])
        return rows

    def columns(self) -> list[str]:
        """The column heads of `rows`."""
        return ["setting", *(f"{m} {who}" for m in METRICS if m in self.published for who in ("paper", "here"))]


def ablation(name: str) -> Ablation:
    """The published table with this name."""
    known: dict[str, dict[str, Any]] = read_toml(Path(__file__).with_name("papers.toml"))
    if name not in known:
        raise ConfigError(f"no published table is called {name!r}; there are: {', '.join(known)}")
    facts = known[name]
    published = {metric: facts[metric] for metric in METRICS if metric in facts}
    return Ablation(facts["title"], facts["recipe"], facts["sweep"], published)
