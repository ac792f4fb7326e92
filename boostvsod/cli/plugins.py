"""`boostvsod plugins`: write a new plugin, and check any part."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.kit.create import NEW, create
from boostvsod.cli.options import debug_option, device_options, no_plugins_option, say, show
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.registry import Kind

Part = tuple["Kind", Callable[[], Any], str]  # kind, what builds it, and what it is called in messages
PLURAL: dict[str, Kind] = {
    "target": "targets",
    "student": "students",
    "flow": "flows",
    "motion": "motion",
    "miner": "miners",
    "proposal": "proposals",
    "densifier": "densifiers",
    "fuser": "fusers",
    "recipe": "recipes",
    "dataset": "datasets",
}


@click.group("plugins")
def command() -> None:
    """Write and check plugins."""


@command.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(NEW)), required=True, help="What the plugin offers.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: the folder NAME here.")
@debug_option
@no_plugins_option
def new(name: str, kind: str, output: Path | None) -> None:
    """Write a complete plugin project called NAME, with tests, CI and licence.

    Its computation is a placeholder that keeps the contract: replace it. Then `pip install -e NAME`.
    """
    folder = output or Path(name)
    for path in create(name, kind, folder):
        show(str(path))
    say(f"next: pip install -e {folder} && pytest {folder} && boostvsod plugins check {name} --kind {kind}")


@command.command("check")
@click.argument("word", metavar="NAME|FILE.py:FUNCTION|FILE.onnx")
@click.option("--kind", type=click.Choice(list(PLURAL)), help="Only this kind. Default: every kind that has NAME.")
@click.option("--weights", help="File with the weights of the part.")
@click.option("--set", "settings", multiple=True, help="OPTION=VALUE of the part; may be repeated.")
@device_options
def check(word: str, kind: str | None, weights: str | None, settings: tuple[str, ...], runtime: Runtime) -> None:
    """Check that a part keeps its contract, and measure its time for one frame of 854 x 480.

    NAME is a part of any kind. FILE.py:FUNCTION builds a target, or a part of --kind.
    """
    from boostvsod.cli.kit.trials import examine
    from boostvsod.errors import BoostError, PluginError
    from boostvsod.testing import WANTED

    runtime.apply()
    options = _options(settings) | ({"weights": weights} if weights else {})
    failures = list[BoostError]()
    for one, build, who in _parts(word, kind, options, runtime):
        show(f"{who}\n  wants  {WANTED[one]}")
        try:
            trial = examine(one, build, who, runtime)
        except BoostError as error:
            show("  FAILED")
            failures.append(error)
            continue
        show(f"  seen   {trial.seen}")
        if trial.milliseconds is not None:
            show(f"  time   {trial.milliseconds:.3g} ms a frame ({runtime})")
        show("  ok")
    if failures:
        raise (
            type(failures[0])(str(failures[0])) if len(failures) == 1 else PluginError(f"{len(failures)} parts failed")
        )


def _options(settings: tuple[str, ...]) -> dict[str, Any]:
    """OPTION=VALUE as options. The table, as in `target.size=320`, may be left out."""
    from boostvsod.settings import parse_setting

    dotted = (text if "." in text.partition("=")[0] else f"part.{text}" for text in settings)
    return {key: value for _, key, value in map(parse_setting, dotted)}


def _parts(word: str, kind: str | None, options: dict[str, Any], runtime: Runtime) -> list[Part]:
    """The parts that a word means: what a file builds, or all that are offered under this name, or one target."""
    from boostvsod import registry
    from boostvsod.errors import ConfigError
    from boostvsod.targets import TargetSpec, load_function, open_target

    spec, wanted = TargetSpec.parse(word), PLURAL[kind] if kind else None
    if spec.is_file and wanted not in (None, "targets"):
        builder = load_function(Path(spec.name), spec.argument or "build")
        return [(wanted, partial(registry.call_builder, builder, word, runtime, options), f"{kind} {word}")]
    if not (spec.is_file or spec.argument):
        kinds = [wanted] if wanted else [one for one in registry.KINDS if word in registry.entries(one)]
        if not kinds:
            every = sorted({name for one in registry.KINDS for name in registry.entries(one)})
            raise ConfigError(f"no part is called {word!r}; {registry.suggestion(word, every)}")
        return [_offered(one, word, options, runtime) for one in kinds]
    if wanted not in (None, "targets"):
        raise ConfigError(f"{word} is a target, not a {kind}")
    return [("targets", lambda: open_target(word, runtime, options), f"target {word}")]


def _offered(kind: Kind, name: str, options: dict[str, Any], runtime: Runtime) -> Part:
    """A part that a plugin offers, after a check of its options."""
    from boostvsod import registry

    found, options = registry.entry(kind, name), registry.checked_options(kind, name, options)
    singular = next(one for one, plural in PLURAL.items() if plural == kind)
    build = partial(registry.build, kind, name, runtime, **options)
    return kind, build, f"{singular} {name}, from {found.distribution}"
