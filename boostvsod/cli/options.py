"""Options, defaults and output that several commands share."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from boostvsod.errors.text import printable
from boostvsod.offer import Range
from boostvsod.recipe import DEFAULT_TARGET, Recipe

DEBUG = "boostvsod.debug"  # key in the click context's meta: whether to show tracebacks

# The plugins that commands use if the user names none. The command line names plugins only here.
DEFAULT_STUDENT = "lite"
DEFAULT_FLOW = Recipe.flow
DEFAULT_JUDGE = "judge-lite"
DEFAULT_GRADER_WEIGHTS = "lite-slim"
DEFAULT_CLIP_STUDENT = "rcrnet-ner"
DEFAULT_DENSIFIER = "warp"
DEFAULT_TRAINABLE_DENSIFIER = "fgplg"


class Number(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """A number with a range, which is shown in the help and checked. Unlike click's ranges it refuses nan."""

    def __init__(self, kind: type[int] | type[float], least: float, most: float) -> None:
        self.kind, self.range = kind, Range(least, most)
        self.name = f"{least:g} to {most:.12g}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            number = self.kind(value)
        except (TypeError, ValueError):
            number = None
        if number is None or number not in self.range:
            whole = "a whole number" if self.kind is int else "a number"
            self.fail(f"{value!r} is not {whole} from {self.name}.", param, ctx)
        return number


class PrintedWarnings(logging.Handler):
    """Prints warnings of the program and of libraries that no run collects for its record."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


def show(text: str) -> None:
    """Print a result for people to standard output, with names escaped."""
    click.echo(printable(text, lines=True))


def say(text: str) -> None:
    """Print one line for people to standard error, with names escaped. Standard output is for results."""
    click.echo(printable(text, lines=True), err=True)


def _remember_debug(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta[DEBUG] = value


def _disable_plugins(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from boostvsod.registry import LIMIT

        os.environ[LIMIT] = ""  # the registry reads it later, when it first loads plugins


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_remember_debug, help="Show tracebacks."
)
no_plugins_option = click.option(
    "--no-plugins",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_disable_plugins,
    help="Load only the built-in plugins.",
)


def named_parts(target: str, flow: str | None, weights: Sequence[str]) -> list[str]:
    """`--flow` and `--weights` as settings. A bare FILE is for the one part that the command line names."""
    from boostvsod.errors import ConfigError
    from boostvsod.targets import TargetSpec

    settings = [f"recipe.flow={flow}"] if flow else []
    parts = {name: table for name, table in ((TargetSpec.parse(target).name, "target"), (flow or "", flow)) if name}
    for given in weights:
        name, equals, file = given.partition("=")
        if not equals:
            name, file = next(iter(parts), DEFAULT_TARGET), given
            if len(parts) > 1:
                raise ConfigError(f"--weights {given}: for which? Write {' or '.join(f'{n}={given}' for n in parts)}")
        settings.append(f"{parts.get(name) or ('target' if name == DEFAULT_TARGET else name)}.weights={file}")
    return settings


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "latex", "csv"]),
    default="text",
    show_default=True,
    help="Format of the tables.",
)


overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace files that boostvsod did not write, but never an input."
)


def device_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--device, --precision, --threads and --seed. The command gets them as one `runtime`."""

    @click.option(
        "--device", default="auto", show_default=True, help="auto (a GPU if there is one), cpu, cuda, cuda:N or mps."
    )
    @click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16 or fp16.")
    @click.option("--threads", type=Number(int, 1, 1024), help="Default: the CPUs this process may use.")
    @click.option("--seed", type=Number(int, 0, 2**32 - 1), default=0, show_default=True)
    @debug_option
    @no_plugins_option
    @wraps(function)
    def command(device: str, precision: str, threads: int | None, seed: int, **rest: Any) -> Any:
        from boostvsod.runtime import decide

        with _kept_imports():
            runtime = decide(device, precision, seed, threads)
            runtime.apply()
        return function(runtime=runtime, **rest)

    return command


@contextmanager
def _kept_imports() -> Iterator[None]:
    """What is first imported inside stays until the program ends, so no search for garbage looks at it.

    Searches while torch is imported and at the end of the program would take 0.6 s together.
    """
    if "torch" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
