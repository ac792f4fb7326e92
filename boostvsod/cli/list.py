"""`boostvsod list`: what the installed plugins offer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import no_plugins_option, say

if TYPE_CHECKING:
    from boostvsod.offer import Card
    from boostvsod.report.tables import Cell, Table


CACHED = "in cache"  # the state of weights that need not be downloaded


@click.command("list")
@click.argument("kind", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@no_plugins_option
def command(kind: str | None, as_json: bool, markdown: bool) -> None:
    """List targets, students, flows, motion, miners, fusers, recipes and so on: all, or one KIND."""
    rows = table(kind)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif any("paper" in row for row in rows) and kind:
        click.echo(networks(rows).render("markdown" if markdown else "text"))
    elif markdown:
        click.echo(as_markdown(rows))
    else:
        for row in rows:
            state = f" [weights {row['weights']}]" if row["weights"] else ""
            click.echo(f"{row['kind']:9} {row['name']:16} {row['summary']}{state}")
    report_faults()


def _card(card: Card | None, name: str) -> dict[str, Any]:
    """The facts about a published network, and whether its weights are in the cache."""
    from boostvsod.weights.cache import cached_weights

    if card is None:
        return {}
    facts = {key: value for key, value in vars(card).items() if key not in ("net", "rename")}
    return {**facts, "weights": CACHED if name in cached_weights() else "missing", "weights from": card.weights}


def table(kind: str | None = None) -> list[dict[str, Any]]:
    """One row for each offer of one kind, or of all kinds."""
    from boostvsod.registry import KINDS, entries

    return [
        {
            "kind": one,
            "name": name,
            "summary": entry.offer.summary,
            "plugin": entry.plugin,
            "licence": entry.offer.licence,
            "weights": entry.offer.weights,
            **_card(entry.offer.card, name),
        }
        for one in ((kind,) if kind else KINDS)
        for name, entry in entries(one).items()  # type: ignore[arg-type]  # `entries` reports an unknown kind
    ]


def networks(rows: list[dict[str, Any]]) -> Table:
    """All facts about the networks of one kind: papers, sizes, inputs, licences, and where the weights are."""
    from boostvsod.report.tables import Table

    def cells(row: dict[str, Any]) -> list[Cell]:
        if "paper" not in row:
            return [row["name"], row["summary"], *[""] * 5, row["licence"], row["weights"] or "none needed"]
        terms = f"code {row['code_licence']}, weights {row['weights_licence']}"
        place = CACHED if row["weights"] == CACHED else f"missing: {row['file']}, {row['weights from']}"
        inputs = [row["input"], f"{row['window']}", "yes" if row["trainable"] else "no"]
        return [row["name"], row["summary"], row["paper"], f"{row['millions']:.2f}", *inputs, terms, place]

    columns = ["name", "what it is", "paper", "M parameters", "input", "frames", "trainable", "licence", "weights"]
    return Table(columns, [cells(row) for row in rows])


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    lines = ["| kind | name | what it is |", "|---|---|---|"]
    return "\n".join(lines + [f"| {r['kind']} | `{r['name']}` | {r['summary']} |" for r in rows])


def report_faults() -> None:
    """Print one line for each plugin that could not be loaded, and for each name that several plugins offer."""
    from boostvsod.registry import door

    clashes = door().clashes()  # this calls all hooks, so it also finds plugins whose hooks fail
    for plugin, reason in door().broken.items():
        say(f"broken    {plugin}: {reason}")
    for name, reason in clashes.items():
        say(f"clash     {name}: {reason}; choose one as DISTRIBUTION:NAME")
