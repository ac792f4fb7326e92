"""`boostvsod studio`: the page in the browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path

import click

from boostvsod.cli.options import Number, device_options, say
from boostvsod.recipe import DEFAULT_RECIPE, DEFAULT_TARGET
from boostvsod.runtime import Runtime


@click.command("studio")
@click.argument("word", required=False, default="", metavar="[CLIP|RUN]")
@click.option("--target", default=DEFAULT_TARGET, show_default=True, help="As of `run`; the page offers others too.")
@click.option("--recipe", default=DEFAULT_RECIPE, show_default=True, help="Name or TOML file.")
@click.option("--set", "settings", multiple=True, help="TABLE.KEY=VALUE, changes the recipe.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs."
)
@click.option("--port", type=Number(int, 0, 65535), default=0, show_default=True, help="0 chooses a free one.")
@click.option(
    "--most-megabytes", type=Number(float, 0.001, 1e6), default=2000.0, show_default=True, help="Limit of an upload."
)
@click.option("--open/--no-open", "opened", default=True, show_default=True, help="Open the page in a browser.")
@device_options
def command(
    word: str,
    target: str,
    recipe: str,
    settings: tuple[str, ...],
    output: Path,
    port: int,
    most_megabytes: float,
    opened: bool,
    runtime: Runtime,
) -> None:
    """Open a page in the browser: boost a clip, look at its maps, correct them, learn again, export films.

    CLIP is a film, a folder or an archive of pictures; RUN is the output folder of `boostvsod run`. Without one, drop
    a film on the page. The page and its data stay on this machine.
    """
    from boostvsod.boosting.plan import find_recipe
    from boostvsod.cli.studio.session import Session
    from boostvsod.errors import ConfigError

    try:
        from boostvsod.cli.studio.server import Studio
    except ModuleNotFoundError as error:
        raise ConfigError(f"studio needs the package {error.name}: pip install 'boostvsod[studio]'") from error

    find_recipe(recipe, settings)  # an unknown name is an error now and not on the page
    say(str(runtime))
    session = Session(output, runtime, target, recipe, settings)
    if word:
        session.open(word)
    studio = Studio.of(session, port, round(most_megabytes * 1e6))
    say(f"studio: {studio.address}")
    say("studio: Ctrl-C ends it; work that is not finished continues when it is started again")
    if opened and _has_screen():
        webbrowser.open(studio.address)
    try:
        studio.serve()
    finally:
        session.close()


def _has_screen() -> bool:
    """Whether a browser with windows can be shown; one for terminals would be in the way."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
