"""Renew the printed tables of the documents: python docs/renew_tables.py, from the root of the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from boostvsod.cli import main

PRINTED = re.compile(r"(<!-- printed by: boostvsod (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
CODE = "import sys; from boostvsod.cli import main; sys.argv[0] = 'boostvsod'; main()"


def output_of(command: str) -> str:
    """The output of a boostvsod command, without the weights cached on this machine."""
    with tempfile.TemporaryDirectory() as empty:
        env = {**os.environ, "BOOSTVSOD_HOME": empty}
        words = [sys.executable, "-c", CODE, *command.split()]
        return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=env).stdout


def renew(path: Path) -> None:
    """Replace every printed table of a document by what its command prints now."""
    text = path.read_text()
    path.write_text(PRINTED.sub(lambda match: match[1] + output_of(match[2]) + match[3], text))


def commands_page() -> str:
    """docs/commands.md: the help of every command, as the program prints it."""
    note = "Printed by `python docs/renew_tables.py`. Every command prints its own part with `--help`."
    lines = ["# Commands", "", note, ""]
    for context in contexts(click.Context(main, info_name="boostvsod", terminal_width=100, **main.context_settings)):
        lines += [f"## {context.command_path}", "", "```", context.get_help(), "```", ""]
    return "\n".join(lines)


def contexts(context: click.Context) -> Iterator[click.Context]:
    """A command and all built-in commands below it."""
    yield context
    group = context.command
    for name in group.list_commands(context) if isinstance(group, click.Group) else ():
        command = group.get_command(context, name)
        if command is not None and command.callback.__module__.startswith("boostvsod.cli."):
            yield from contexts(click.Context(command, info_name=name, parent=context))


if __name__ == "__main__":
    (Path(__file__).parent / "commands.md").write_text(commands_page())
    for document in sorted((Path(__file__).parents[1] / "docs").glob("*.md")):
        renew(document)
