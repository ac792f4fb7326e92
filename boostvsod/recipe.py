"""A recipe: which part does what, with which options. Written in TOML; `--set` goes over it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from boostvsod.errors import ConfigError
from boostvsod.files import path_stamp
from boostvsod.trainoptions import TrainOptions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")
PASSES = ("lambda", "epochs")  # over the mined frames: what NR, and what MQP and LIM call it
LEARNERS = ("fine-tune", "propagate")
GATES = ("off", "on")


@dataclass(frozen=True)
class Recipe:
    """One way to boost. An empty `miner` means: the target alone, nothing is learnt."""

    name: str
    flow: str = "dis"
    flow_scale: float = 1.0  # of the pictures flow is computed on; it comes back at full size
    motion: str = "contrast"
    looks: int = 1  # at the motion of each frame, at most 4: looks.py says which
    miner: str = ""
    student: str = "twin"  # "twin": the target itself, or `stand_in` if it cannot be trained
    stand_in: str = "lite"
    mirror: bool = False  # the student learns the mined frames' mirror images as well, and sees every frame both ways
    learner: str = "fine-tune"  # or "propagate": mined maps are carried along the flow, nothing is learnt
    densifier: str = ""  # who makes truth for frames between the mined ones; empty: nobody
    fuser: str = "student"
    gate: str = "off"  # or "on": the target's own maps stay where they are probably better
    buffer: int = 100  # frames that are adapted to together, at most
    train: TrainOptions = field(default_factory=TrainOptions)
    per_frame: float = 8.0  # iterations per mined frame: train.lambda
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # part -> its options

    def of(self, part: str) -> dict[str, Any]:
        """The options of one part."""
        return dict(self.options.get(part, {}))

    def parts(self) -> tuple[str, ...]:
        """The names of all parts; empty where there is none."""
        learning = (self.miner, self.densifier, self.student, self.stand_in)
        return self.flow, self.motion, *learning, self.fuser

    def stamp(self, part: str) -> list[Any]:
        """A part's name and options: what changes when it does."""
        return [part, self.of(part), [path_stamp(value) for value in self.of(part).values()]]

    def learning(self) -> list[Any]:
        """All that determines what a student learns, given the maps."""
        parts = [self.stamp(part) for part in (self.miner, self.densifier, self.student, self.stand_in)]
        return [parts, asdict(self.train), self.per_frame, self.mirror, self.learner]

    def as_dict(self) -> dict[str, Any]:
        """All of it, resolved, for the records."""
        return asdict(self)

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """A recipe file."""
        tables = read_toml(path)
        tables.pop("summary", None)
        recipe = cls(path.stem)
        for table, value in tables.items():
            pairs = value.items() if isinstance(value, Mapping) else [(table, value)]
            for key, one in pairs:
                recipe = recipe.changed(table if isinstance(value, Mapping) else "recipe", key, one)
        return recipe

    def changed(self, table: str, key: str, value: Any) -> Recipe:
        """The same recipe with one setting changed: `recipe.KEY`, `train.KEY` or `PART.KEY`."""
        legal = {"learner": LEARNERS, "gate": GATES}.get(key, ()) if table == "recipe" else ()
        if legal and value not in legal:
            raise ConfigError(f"recipe.{key} {value!r} is unknown; there are: {', '.join(legal)}")
        if table == "recipe":
            return override(self, table, key, value, CHOICES)
        if table == "train" and key in PASSES:
            return replace(self, per_frame=_like(self.per_frame, value, f"train.{key}"))
        if table == "train":
            return replace(self, train=override(self.train, table, key, value))
        return replace(self, options={**self.options, table: {**self.of(table), key: value}})

    def with_settings(self, settings: Iterable[str]) -> Recipe:
        """The same recipe under `--set` options; a table must be a part of this recipe."""
        changes = [parse_setting(text) for text in settings]
        recipe = self
        for change in changes:
            recipe = recipe.changed(*change)
        known = {"recipe", "train", "target", *recipe.parts()} - {"", "twin"}
        for table, key, _ in changes:
            if table not in known:
                there = f"has no part {table!r}; there are: {', '.join(sorted(known))}"
                raise ConfigError(f"--set {table}.{key}: recipe {self.name!r} {there}")
        return recipe


CHOICES = tuple(f.name for f in fields(Recipe) if f.name not in ("name", "train", "per_frame", "options"))


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def summary_of(path: Path) -> str:
    """What a recipe file says of itself in one line."""
    return str(read_toml(path).get("summary", ""))


def find_recipe(recipe: str | Recipe, settings: Iterable[str] = ()) -> Recipe:
    """A recipe by name or by its TOML file, with settings over it."""
    if isinstance(recipe, str):
        from boostvsod import registry

        recipe = Recipe.read(Path(recipe)) if recipe.endswith(".toml") else registry.build("recipes", recipe)
    return recipe.with_settings(settings)


def parse_setting(text: str) -> tuple[str, str, Any]:
    """`"train.lr=1e-5"` as `("train", "lr", 1e-5)`; what is not a TOML value is a string."""
    path, equals, value = text.partition("=")
    table, dot, key = path.strip().partition(".")
    if not (equals and dot and table and key):
        raise ConfigError(f"--set {text!r}: expected TABLE.KEY=VALUE, as in train.lr=1e-5")
    try:
        return table, key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return table, key, value.strip()


def override(settings: T, table: str, key: str, value: Any, legal: Iterable[str] = ()) -> T:
    """A dataclass of settings with one of them changed, after a look at its name and type."""
    legal = list(legal) or [f.name for f in fields(settings)]  # type: ignore[arg-type]
    if key not in legal:
        raise ConfigError(f"{table}.{key} is unknown; there are: {', '.join(sorted(legal))}")
    return replace(settings, **{key: _like(getattr(settings, key), value, f"{table}.{key}")})  # type: ignore[type-var]


def _like(old: Any, new: Any, where: str) -> Any:
    """`new` as the type of `old`, or an error: an int may stand for a float, a list for a tuple."""
    if isinstance(old, float) and isinstance(new, int) and not isinstance(new, bool):
        return float(new)
    if isinstance(old, tuple) and isinstance(new, list) and len(old) == len(new):
        return tuple(_like(a, b, where) for a, b in zip(old, new, strict=True))
    if type(old) is not type(new):
        raise ConfigError(f"{where}={new!r}: expected {type(old).__name__}, got {type(new).__name__}")
    return new
