"""The group of all commands. It turns errors and signals into one message and an exit code."""

from __future__ import annotations

import errno
import importlib
import logging
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from boostvsod.cli.options import DEBUG, PrintedWarnings, say
from boostvsod.errors import BoostError, InputError, OutputError
from boostvsod.errors.user_code import in_one_line

COMMANDS = {  # name -> module; imported on demand, so that `--help` does not import torch
    "run": "boostvsod.cli.run",
    "studio": "boostvsod.cli.studio.command",
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
    "pseudo-label": "boostvsod.cli.pseudo_label",
    "list": "boostvsod.cli.list",
    "plugins": "boostvsod.cli.plugins",
    "doctor": "boostvsod.cli.doctor",
}
RESUMES = ("run", "bench", "train", "demo")  # commands that continue their work when they are called again
INTERRUPTED, TERMINATED = 130, 143
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


class Terminated(KeyboardInterrupt):
    """SIGTERM was received. It ends the work in the same way as Ctrl-C."""


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

        door().call("add_commands", cli=self)

    def invoke(self, ctx: click.Context) -> Any:
        logging.lastResort = PrintedWarnings(logging.WARNING)
        with _terminable():
            try:
                return super().invoke(ctx)
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise  # of click, which ends the program with them
            except KeyboardInterrupt as interrupt:
                say(f"boostvsod: {_how_to_resume(ctx)}")
                sys.exit(TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED)
            except Exception as error:
                if ctx.meta.get(DEBUG) or _is_closed_pipe(error):
                    raise
                line, code = _explain(error)
                say(f"boostvsod: {line}")
                sys.exit(code)


@contextmanager
def _terminable() -> Iterator[None]:
    """Inside the block, SIGTERM raises `Terminated`, unless somebody else already handles it."""
    alone = threading.current_thread() is threading.main_thread()
    if not alone or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _how_to_resume(ctx: click.Context) -> str:
    if ctx.invoked_subcommand not in RESUMES:
        return "interrupted"
    return f"interrupted; to resume: {shlex.join(['boostvsod', *sys.argv[1:]])}"


def _is_closed_pipe(error: Exception) -> bool:
    """Whether the reader of the output has gone, as in `boostvsod list | head`. click ends quietly then."""
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _explain(error: Exception) -> tuple[str, int]:
    """One line for the user, and the exit code."""
    if isinstance(error, BoostError):
        return str(error), error.exit_code
    if isinstance(error, MemoryError):
        return "out of memory; use smaller pictures, fewer --jobs or a smaller train.batch", BoostError.exit_code
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return f"cannot write {error.filename or 'a file'}: {error.strerror}", OutputError.exit_code
    if isinstance(error, OSError) and error.strerror:
        return f"cannot use {error.filename or 'a file'}: {error.strerror}", InputError.exit_code
    if isinstance(error, RuntimeError) and "home directory" in str(error):  # of `Path.expanduser`
        return "a path begins with ~ and the name of a user who does not exist", InputError.exit_code
    return f"internal error: {in_one_line(error)}; run again with --debug", BoostError.exit_code


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="boostvsod")
def main() -> None:
    """Boost any video salient object detector, with what it already knows about one video."""
