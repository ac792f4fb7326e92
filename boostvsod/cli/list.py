"""`boostvsod list`: what the installed plugins offer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import no_plugins_option, say

if TYPE_CHECKING:
    from boostvsod.offer import Card
    from boostvsod.report.tables import Cell, Table


@click.command("list")
@click.argument("kind", required=False)
@click.option("--json", "as_json", is_flag=True)
@click.option("--markdown", is_flag=True, help="A table for the README.")
@no_plugins_option
def command(kind: str | None, as_json: bool, markdown: bool) -> None:
    """List targets, students, flows, motion, miners, fusers, recipes: all of them, or one KIND."""
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
    faults()


def _card(card: Card | None, name: str) -> dict[str, Any]:
    """What is known of a published network, and whether its weights are here."""
    from boostvsod.weights.cache import cached_weights

    if card is None:
        return {}
    told = {key: value for key, value in vars(card).items() if key not in ("net", "rename")}
    return {**told, "weights": "kept" if name in cached_weights() else "missing", "weights from": card.weights}


def table(kind: str | None = None) -> list[dict[str, Any]]:
    """One row per offer."""
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
        for name, entry in entries(one).items()  # type: ignore[arg-type]  # an unknown kind is refused there
    ]


def networks(rows: list[dict[str, Any]]) -> Table:
    """One kind in full: papers, sizes, inputs, licences, and where the weights are."""
    from boostvsod.report.tables import Table

    def cells(row: dict[str, Any]) -> list[Cell]:
        if "paper" not in row:
            return [row["name"], row["summary"], *[""] * 5, row["licence"], row["weights"] or "none needed"]
        terms = f"code {row['code_licence']}, weights {row['weights_licence']}"
        place = row["weights"] if row["weights"] == "kept" else f"missing: {row['file']}, {row['weights from']}"
        seen = [row["input"], f"{row['window']}", "yes" if row["trainable"] else "no"]
        return [row["name"], row["summary"], row["paper"], f"{row['millions']:.2f}", *seen, terms, place]

    columns = ["name", "what it is", "paper", "M parameters", "input", "frames", "trainable", "licence", "weights"]
    return Table(columns, [cells(row) for row in rows])


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """The same as a table."""
    lines = ["| kind | name | what it is |", "|---|---|---|"]
    return "\n".join(lines + [f"| {r['kind']} | `{r['name']}` | {r['summary']} |" for r in rows])


def faults() -> None:
    """One line for every plugin that could not be let in, and every name that several claim."""
    from boostvsod.registry import door

    clashes = door().clashes()  # collecting the offers also finds the plugins whose hooks fail
    for plugin, why in door().broken.items():
        say(f"broken    {plugin}: {why}")
    for name, why in clashes.items():
        say(f"clash     {name}: {why}; say which as DISTRIBUTION:NAME")
