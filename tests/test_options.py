"""Every number that users can set has a range, and a value outside of it is refused by name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from made import call, sets

from boostvsod import registry
from boostvsod.boosting.plan import find_recipe
from boostvsod.cli import main
from boostvsod.cli.options import Number
from boostvsod.errors import ConfigError
from boostvsod.offer import ANY_NUMBER, Range, Share
from boostvsod.recipe import Recipe, TrainOptions
from boostvsod.registry import KINDS, call_builder
from boostvsod.runtime import decide
from boostvsod.settings import annotations_of, field_ranges
from boostvsod.training.augment import Augment
from boostvsod.training.clips import LabelProtocol
from boostvsod.training.job import TrainingJob

BAD = (math.nan, math.inf, -math.inf, -1, -0.5, 0, 1e308, 2**70, 10**5000, "many", True, None, [1], {"a": 1})
SETTINGS = (TrainOptions, Augment, Recipe, TrainingJob, LabelProtocol)


def plain(hint: Any) -> Any:
    """The type in an annotation, without its range."""
    return get_args(hint)[0] if hasattr(hint, "__metadata__") else hint


def numeric_options() -> Iterator[tuple[Any, str, str, Range]]:
    """Every option of every built-in part that is a number: kind, name, option and range."""
    for kind in KINDS:
        for name, offer in registry.offers(kind).items():
            for option, hint in annotations_of(offer.build).items():
                if plain(hint) in (int, float):
                    ranges = [one for one in get_args(hint) if isinstance(one, Range)]
                    yield kind, name, option, (ranges or [ANY_NUMBER])[0]


OPTIONS = list(numeric_options())


def refused(value: Any, allowed: Range) -> bool:
    """Whether a value must be refused."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return not number or value not in allowed


def test_the_walk_finds_the_options() -> None:
    assert len(OPTIONS) > 90
    assert {"nr.threshold", "longterm.K", "lite.size", "contrast.grid"} <= {f"{name}.{o}" for _, name, o, _ in OPTIONS}


@pytest.mark.parametrize(
    ("kind", "name", "option", "allowed"), OPTIONS, ids=[f"{kind}-{name}.{option}" for kind, name, option, _ in OPTIONS]
)
def test_options_of_built_in_parts(kind: Any, name: str, option: str, allowed: Range) -> None:
    assert allowed is not ANY_NUMBER, f"{kind} {name}: {option} has no range"
    value: Any
    for value in BAD:
        if refused(value, allowed):
            table = "target" if kind == "targets" else name
            with pytest.raises(ConfigError, match=rf"^{table}\.{option}="):
                registry.build(kind, name, None, **{option: value})


@pytest.mark.parametrize("settings", SETTINGS)
def test_fields_of_settings(settings: type) -> None:
    numbers = {f.name for f in fields(settings) if type(f.default) in (int, float)}
    ranges = field_ranges(settings)
    assert numbers <= ranges.keys()
    needed: dict[str, Any] = {"name": "x"} if settings is Recipe else {}
    needed |= {"sources": (), "student": "lite", "output": Path("w")} if settings is TrainingJob else {}
    for key, allowed in ranges.items():
        for value in BAD:
            if isinstance(value, (int, float)) and refused(value, allowed) and not isinstance(value, bool):
                with pytest.raises(ConfigError, match=rf"\.{key}="):
                    settings(**needed, **{key: (value, 1.0) if key == "zoom" else value})


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e308", str(2**70), "many", "true", "9" * 5000])
@pytest.mark.parametrize("key", [f.name for f in fields(TrainOptions) if not isinstance(f.default, (str, bool))])
def test_train_settings_of_a_recipe(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"^train\.{key}="):
        find_recipe("nr", [f"train.{key}={value}"])


@pytest.mark.parametrize(
    "setting", ["recipe.flow_scale=1000.0", "recipe.buffer=0", "train.lambda=nan", "train.epochs=-1.0"]
)
def test_settings_of_a_recipe(setting: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(setting)}: expected a number from"):
        find_recipe("nr", [setting])


@pytest.mark.parametrize(
    "text",
    ["[nosuch]\na = 1", "[nr]\nthreshold = 0.5", "[train]\nbatches = 1", "[train.sub]\na = 1", "buffer = nan", "\xff"],
)
def test_recipe_files_with_unknown_or_bad_settings(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(f"miner = 'random'\n{text}\n".encode("latin-1"))
    with pytest.raises(ConfigError):
        find_recipe(str(tmp_path / "mine.toml"))


def test_an_unknown_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("miner = 'random'\n[nosuch]\na = 1\n")
    with pytest.raises(ConfigError, match=r"\[nosuch\]: recipe 'mine' has no part 'nosuch'; there are: contrast"):
        find_recipe(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("setting", ["train.accumulate=0", "recipe.flow_scale=1000", "nr.T=nan", "nr.top_k=-1"])
def test_the_command_line_names_the_setting(setting: str, pictures: Path, tmp_path: Path) -> None:
    words = ["run", "--video", pictures, "--recipe", "nr", "-o", tmp_path / "o", *sets((setting,))]
    done = call(*words)
    lines = [line for line in done.stderr.splitlines() if line.startswith("boostvsod: ")]
    key, _, value = setting.partition("=")
    assert (done.exit_code, len(lines)) == (2, 1), done.output
    assert lines[0].startswith(f"boostvsod: {key}={float(value) if 'scale' in key else value}: expected a number from")
    assert not (tmp_path / "o").exists()


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of the command line, with the words that call it."""
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command, (*path, name))


NUMBERS = [
    (path, option.opts[0], option)
    for path, command in commands(main)
    for option in command.params
    if isinstance(option, click.Option) and (isinstance(option.type, Number) or option.type in (click.INT, click.FLOAT))
]


@pytest.mark.parametrize(("path", "name", "option"), NUMBERS, ids=lambda x: " ".join(x) if isinstance(x, tuple) else "")
def test_numbers_of_the_command_line(path: tuple[str, ...], name: str, option: click.Option) -> None:
    assert isinstance(option.type, Number), f"{' '.join(path)} {name} has no range"
    for value in ("nan", "inf", "-1", "1e308", str(2**70), "9" * 5000, "many", ""):
        done = call(*path, name, value)
        assert done.exit_code == 2, (value, done.output)
        assert name in done.stderr


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**70}, {"threads": 0}, {"threads": 2**70}])
def test_the_runtime(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=rf"runtime\.{next(iter(wrong))}="):
        decide(**wrong)  # type: ignore[arg-type]


def test_parts_of_third_parties() -> None:
    def build(share: Share = 0.5, free: float = 1.0, text: str = "", many: tuple[float, ...] = ()) -> tuple[Any, ...]:
        return share, free, text, many

    assert call_builder(build, "mine", None, {"share": 1, "free": -3.5, "text": "a"}) == (1, -3.5, "a", ())
    for wrong in ({"share": 1.5}, {"free": math.nan}, {"free": 2**70}, {"text": 3}, {"many": [1.0, math.inf]}):
        with pytest.raises(ConfigError, match=rf"^mine\.{next(iter(wrong))}="):
            call_builder(build, "mine", None, dict(wrong))
