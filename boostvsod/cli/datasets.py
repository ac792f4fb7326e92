"""`boostvsod datasets`: the known data set layouts, and what is found in a folder or zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from boostvsod.cli.options import debug_option, no_plugins_option, say

if TYPE_CHECKING:
    from boostvsod.report.tables import Cell, Table


@click.command("datasets")
@click.argument("places", nargs=-1)
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "markdown", "csv"]))
@debug_option
@no_plugins_option
def command(places: tuple[str, ...], form: str) -> None:
    """List the known layouts of data sets or, if PLACES are given, what each of them holds."""
    from boostvsod.report.tables import Table

    if not places:
        click.echo(_known().render(form))
        return
    from boostvsod.datasets.layouts import open_dataset

    rows: list[list[Cell]] = []
    for place in places:
        data = open_dataset(place)
        rows.append([place, data.layout.name, data.layout.title, len(data.sequences), data.frames, data.annotated])
        for note in data.notes:
            say(f"{place}: note: {note}")
    click.echo(Table(["place", "layout", "title", "sequences", "frames", "with truth"], rows).render(form))


def _known() -> Table:
    from boostvsod import registry
    from boostvsod.report.tables import Table

    rows = []
    for name in registry.offers("datasets"):
        layout = registry.build("datasets", name)
        frames, masks = (" or ".join(folders[:3]) for folders in (layout.pictures, layout.masks))
        rows.append([name, layout.title, layout.sequences or None, frames, masks, layout.note, layout.url])
    columns = ["layout", "title", "sequences", "frames in", "truth in", "note", "page"]
    return Table(columns, rows)
