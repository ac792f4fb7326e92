"""A recipe: which part does what, with which options. Written in TOML; `--set` goes over it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from boostvsod.errors import ConfigError
from boostvsod.files import path_stamp
from boostvsod.settings import _like, override, parse_setting, read_toml

if sys.version_info >= (3, 11):
    pass
else:
    pass


@dataclass(frozen=True)
class TrainOptions:
    """How to optimise.

    `lr` 0 means the student's own rate for that kind of optimiser times `lr_scale`; `size` 0 means the
    student's own.
    """

    lr: float = 0.0
    lr_scale: float = 1.0
    optimizer: str = "adamw"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    loss: str = "bce+iou"
    side: float = 0.4  # weight of every side output's loss
    batch: int = 8
    size: int = 0
    schedule: str = "constant"
    clip: float = 0.0  # gradient norm; 0 leaves gradients alone
    ema: float = 0.0  # decay of the averaged weights that are kept in the end; 0 keeps the last ones
    freeze_bn: bool = True  # batch statistics of a handful of frames of one video are worse than none
    freeze: str = ""  # what begins with this (as "encoder") stays as it is, batch statistics included
    accumulate: int = 1  # batches per optimiser step


WHOLE_SET = TrainOptions(optimizer="adamw", schedule="onecycle", batch=16, ema=0.999, freeze_bn=False)


AS_RCRNET = TrainOptions(optimizer="adam", loss="bce", weight_decay=0.0, batch=1)  # IV-A of its paper


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
    motion_views: int = 1  # at the motion of each frame, at most 4: looks.py says which
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


def summary_of(path: Path) -> str:
    """What a recipe file says of itself in one line."""
    return str(read_toml(path).get("summary", ""))
