"""`boostvsod list`: what the installed plugins offer."""

from __future__ import annotations

import json

import click

from boostvsod.cli.options import no_plugins_option, say


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
    elif markdown:
        click.echo(as_markdown(rows))
    else:
        for row in rows:
            click.echo(f"{row['kind']:9} {row['name']:14} {row['summary']}")
    faults()


def table(kind: str | None = None) -> list[dict[str, str]]:
    """One row per offer."""
    from boostvsod.registry import KINDS, door, offers

    kinds = (kind,) if kind else KINDS
    return [
        {"kind": one, "name": name, "summary": offer.summary, "plugin": _plugin(one, name), "licence": offer.licence}
        for one in kinds
        for name, offer in offers(one).items()  # type: ignore[arg-type]
        if door()
    ]


def _plugin(kind: str, name: str) -> str:
    from boostvsod.registry import door

    plain = name.rpartition(":")[2]
    return next(e.plugin for e in door().shelves[kind][plain] if name in (plain, f"{e.distribution}:{plain}"))


def as_markdown(rows: list[dict[str, str]]) -> str:
    """The same as a table."""
    lines = ["| kind | name | what it is |", "|---|---|---|"]
    return "\n".join(lines + [f"| {r['kind']} | `{r['name']}` | {r['summary']} |" for r in rows])


def faults() -> None:
    """One line for every plugin that could not be let in, and every name that several claim."""
    from boostvsod.registry import door

    shelves = door().clashes()  # looking at the shelves finds the plugins whose hooks fail
    for plugin, why in door().broken.items():
        say(f"broken    {plugin}: {why}")
    for name, why in shelves.items():
        say(f"clash     {name}: {why}; say which as DISTRIBUTION:NAME")
