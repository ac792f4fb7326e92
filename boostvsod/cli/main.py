"""The group of all commands. It turns errors into one message and an exit code."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from boostvsod.cli.options import DEBUG, say
from boostvsod.errors import BoostError

COMMANDS = {  # name -> module; imported on demand, so that `--help` does not import torch
    "run": "boostvsod.cli.run",
    "predict": "boostvsod.cli.predict",
    "demo": "boostvsod.cli.demo",
    "eval": "boostvsod.cli.eval",
    "bench": "boostvsod.cli.bench",
    "report": "boostvsod.cli.report",
    "explain": "boostvsod.cli.explain",
    "datasets": "boostvsod.cli.datasets",
    "weights": "boostvsod.cli.weights",
    "flow": "boostvsod.cli.flow",
    "train": "boostvsod.cli.train",
    "list": "boostvsod.cli.list",
    "doctor": "boostvsod.cli.doctor",
}
INTERRUPTED = 130


class Commands(click.Group):
    """A group that imports its commands on demand and prints errors as one message."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._add_plugin_commands()
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
            return command
        self._add_plugin_commands()
        return super().get_command(ctx, cmd_name)

    def _add_plugin_commands(self) -> None:
        from boostvsod.registry import door

        door().manager.hook.add_commands(cli=self)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BoostError as error:
            if ctx.meta.get(DEBUG):
                raise
            say(f"boostvsod: {error}")
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("boostvsod: interrupted", err=True)
            sys.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="boostvsod")
def main() -> None:
    """Boost any video salient object detector, with what it already knows about one video."""
