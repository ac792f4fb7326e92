"""Options and small talk that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

DEBUG = "boostvsod.debug"  # where a click context keeps whether tracebacks are wanted


def say(text: str) -> None:
    """One line for people, on standard error: standard output is for results."""
    click.echo(text, err=True)


def _remember_debug(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta[DEBUG] = value


def _keep_plugins_out(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from boostvsod.registry import LIMIT

        os.environ[LIMIT] = ""  # read when the door is opened, which is later than this


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_remember_debug, help="Show tracebacks."
)
no_plugins_option = click.option(
    "--no-plugins",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_keep_plugins_out,
    help="Let only the built-in plugins in.",
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
            name, file = next(iter(parts), "lite"), given
            if len(parts) > 1:
                raise ConfigError(f"--weights {given}: for which? Write {' or '.join(f'{n}={given}' for n in parts)}")
        settings.append(f"{parts.get(name) or ('target' if name == 'lite' else name)}.weights={file}")
    return settings


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "latex", "csv"]),
    default="text",
    show_default=True,
    help="Of the tables.",
)


def device_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--device, --precision, --threads, --seed, given to the command as one `runtime`."""

    @click.option("--device", default="cpu", show_default=True, help="auto, cpu, cuda or cuda:N.")
    @click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16 or fp16.")
    @click.option("--threads", type=click.IntRange(1), help="Default: the CPUs this process may use.")
    @click.option("--seed", default=0, show_default=True)
    @debug_option
    @no_plugins_option
    @wraps(function)
    def command(device: str, precision: str, threads: int | None, seed: int, **rest: Any) -> Any:
        from boostvsod.runtime import decide

        runtime = decide(device, precision, seed, threads)
        runtime.apply()
        return function(runtime=runtime, **rest)

    return command
