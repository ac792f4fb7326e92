"""`boostvsod list`: what the installed plugins offer."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import no_plugins_option, say

if TYPE_CHECKING:
    from boostvsod.offer import Card
    from boostvsod.registry import Entry
    from boostvsod.report.tables import Cell, Table
    from boostvsod.settings import Option


CACHED = "in cache"  # the state of weights that need not be downloaded


@click.command("list")
@click.argument("kind", required=False)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@no_plugins_option
def command(kind: str | None, name: str | None, as_json: bool, markdown: bool) -> None:
    """List targets, students, flows, motion, miners, fusers, recipes and so on: all, or one KIND.

    With the NAME of a part, list its options: types, allowed values, defaults, and how to set them.
    """
    if name and kind:
        click.echo(options_in(kind, name, "json" if as_json else "markdown" if markdown else "text"))
        return
    rows = table(kind)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif any("paper" in row for row in rows) and kind:
        click.echo(networks(rows).render("markdown" if markdown else "text"))
    elif markdown:
        click.echo(as_markdown(rows))
    else:
        click.echo("\n".join(as_text(rows)))
    report_faults()


def as_text(rows: list[dict[str, Any]]) -> list[str]:
    """One line for each part: kind, name, the distribution that offers it, summary, state of the weights."""
    width = max((len(row["distribution"]) for row in rows), default=0)
    states = (f" [weights {row['weights']}]" if row["weights"] else "" for row in rows)
    return [
        f"{row['kind']:10} {row['name']:16} {row['distribution']:{width}} {row['summary']}{state}"
        for row, state in zip(rows, states, strict=True)
    ]


def options_in(kind: str, name: str, form: str) -> str:
    """The options of one part, as a table or as JSON."""
    from boostvsod.registry import entry
    from boostvsod.report.tables import Table

    found = entry(kind, name)  # type: ignore[arg-type]  # `entry` reports an unknown kind
    rows = list(option_rows(kind, name, found))
    if form == "json":
        return json.dumps(rows, indent=2)
    about = inspect.getdoc(inspect.unwrap(getattr(found.offer.build, "func", found.offer.build))) or ""
    title = f"{name} ({kind}, from {found.distribution}): {found.offer.summary}"
    if not rows:
        return f"{title}\nIt has no options."
    listed = Table(list(rows[0]), [list(row.values()) for row in rows]).render(form)
    return "\n\n".join(part for part in (title, "" if kind == "recipes" else about, listed) if part)


def option_rows(kind: str, name: str, found: Entry) -> Iterator[dict[str, str]]:
    """One row for each option of a part. Those of a recipe are the keys of its tables `recipe` and `train`."""
    from boostvsod.recipe import CHOICES, Recipe
    from boostvsod.registry import build
    from boostvsod.settings import fields_as_options, options_of

    if kind == "recipes":
        recipe: Recipe = build("recipes", name)
        keys = [option for option in fields_as_options(recipe) if option.name in CHOICES]
        yield from (_row("recipe", option) for option in keys)
        yield from (_row("train", option) for option in fields_as_options(recipe.train))
        return
    for option in options_of(found.offer.build).values():
        yield _row("target" if kind == "targets" else name, option)


def _row(table: str, option: Option) -> dict[str, str]:
    """An option for people: what it may be, what it is if it is not set, and how it is set."""
    return {
        "option": option.name,
        "type": option.kind,
        "allowed": str(option.range or "").removeprefix("a number "),
        "default": "(must be set)" if option.is_required else repr(option.default),
        "set it with": f"--set {table}.{option.name}=VALUE",
    }


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
            "distribution": entry.distribution,
            "licence": entry.offer.licence,
            "weights": entry.offer.weights,
            **_card(entry.offer.card, name),
        }
        for one in ((kind,) if kind else KINDS)
        for name, entry in entries(one).items()  # type: ignore[arg-type]  # `entries` reports an unknown kind
    ]


def networks(rows: list[dict[str, Any]]) -> Table:
    """All facts about the networks of one kind: papers, sizes, inputs, licences, and where the weights are."""
    from boostvsod.registry import GROUP
    from boostvsod.report.tables import Table

    def cells(row: dict[str, Any]) -> list[Cell]:
        if "paper" not in row:
            return [row["name"], row["summary"], *[""] * 5, row["licence"], row["weights"] or "none needed"]
        terms = f"code {row['code_licence']}, weights {row['weights_licence']}"
        place = CACHED if row["weights"] == CACHED else f"missing: {row['file']}, {row['weights from']}"
        inputs = [row["input"], f"{row['window']}", "yes" if row["trainable"] else "no"]
        return [row["name"], row["summary"], row["paper"], f"{row['millions']:.2f}", *inputs, terms, place]

    columns = ["name", "what it is", "paper", "M parameters", "input", "frames", "trainable", "licence", "weights"]
    if all(row["distribution"] == GROUP for row in rows):
        return Table(columns, [cells(row) for row in rows])
    return Table([*columns, "from"], [[*cells(row), row["distribution"]] for row in rows])


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
