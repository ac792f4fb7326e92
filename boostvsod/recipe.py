"""Recipes: which plugin is used for which part of the method, with which options.

A recipe is written in TOML. The settings of `--set` are applied on top of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

from boostvsod.errors import ConfigError
from boostvsod.errors.renamed import old_names, warn_renamed
from boostvsod.offer import Count, Positive, Range, Share, SideOrOwn
from boostvsod.settings import (
    check_choice,
    check_fields,
    check_numbers,
    field_ranges,
    override,
    parse_setting,
    read_toml,
    typed_like,
)

OPTIMIZERS, SCHEDULES = ("sgd", "adam", "adamw"), ("constant", "onecycle")
LEARNERS, GATES = ("fine-tune", "propagate", "truth"), ("off", "on")
LEAST_RISK = 0.033  # that the gate can promise: see boosting/gate.py


@dataclass(frozen=True)
class TrainOptions:
    """Options of the optimiser.

    `lr` 0 means the student's own learning rate for that kind of optimiser, times `lr_scale`. `size` 0 means the
    student's own size.
    """

    lr: Annotated[float, Range(0, 1000)] = 0.0
    lr_scale: Positive = 1.0
    optimizer: str = "adamw"
    momentum: Annotated[float, Range(0, 0.99999)] = 0.9
    weight_decay: Annotated[float, Range(0, 10)] = 1e-4
    loss: str = "bce+iou"
    side: Annotated[float, Range(0, 100)] = 0.4  # weight of the loss of each side output
    batch: Annotated[int, Range(1, 4096)] = 8
    size: SideOrOwn = 0
    schedule: str = "constant"
    clip: Annotated[float, Range(0, 1e6)] = 0.0  # largest gradient norm; 0 does not clip
    ema: Annotated[float, Range(0, 0.99999)] = 0.0  # the result is the moving average of the weights; 0: the last
    freeze_bn: bool = True  # do not update batch statistics: a few frames of one video give bad ones
    freeze: str = ""  # parts whose names begin with this ("encoder") are frozen, with their batch statistics
    accumulate: Annotated[int, Range(1, 1024)] = 1  # batches per optimiser step

    def __post_init__(self) -> None:
        check_fields(self, "train")
        check_choice(self.optimizer, OPTIMIZERS, "train.optimizer")
        check_choice(self.schedule, SCHEDULES, "train.schedule")


WHOLE_SET = TrainOptions(optimizer="adamw", schedule="onecycle", batch=16, ema=0.999, freeze_bn=False)  # for data sets
AS_RCRNET = TrainOptions(optimizer="adam", loss="bce", weight_decay=0.0, batch=1)  # IV-A of the paper of RCRNet
PASSES = ("lambda", "epochs")  # passes over the mined frames: the name in NR, and the name in MQP and LIM
DEFAULT_TARGET, DEFAULT_RECIPE = "lite", "default"  # of a run that names none
EFFORTS = ("fast", "balanced", "best")
BALANCED, EFFORT = "balanced", ("recipe", "effort")
FORMERLY = {"looks": ("motion_views", "0.3")}  # earlier keys of the table `recipe`, and the version without them


@dataclass(frozen=True)
class Recipe:
    """One way to boost. With an empty `miner` nothing is learnt, and the result is the target's own maps."""

    name: str
    flow: str = "dis"
    flow_scale: Annotated[float, Range(0.05, 4)] = 1.0  # scale of the pictures for flow; flow is scaled back
    motion: str = "contrast"
    motion_views: Annotated[int, Range(1, 4)] = 1  # motion maps averaged per frame: see boosting/motion_views.py
    motion_sure: Share = 1.0  # frames whose first motion map is surer than this are seen once; 1: none are
    miner: str = ""
    student: str = "twin"  # "twin": a copy of the target, or `stand_in` if the target cannot be trained
    stand_in: str = "lite"
    mirror: bool = False  # the student also learns from mirrored frames, and predicts every frame both ways
    learner: str = "fine-tune"  # or "propagate" (mined maps are warped along the flow), "truth" (the miner's own maps)
    densifier: str = ""  # makes truth for frames between the mined ones; empty: none
    fuser: str = "student"
    gate: str = "off"  # or "on": the target's own maps are chosen where they are probably better
    risk: Annotated[float, Range(LEAST_RISK, 1)] = LEAST_RISK  # share of videos that the gate may harm
    buffer: Count = 100  # largest number of frames in a piece, which is adapted to at once
    train: TrainOptions = field(default_factory=TrainOptions)
    per_frame: Annotated[float, Range(0, 10_000)] = 8.0  # passes over the mined frames: train.lambda or train.epochs
    most_steps: Annotated[int, Range(0, 1_000_000)] = 0  # at most this many optimiser steps a piece; 0: no limit
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # part -> its options
    efforts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # effort -> what it changes, as in a file
    effort: str = BALANCED  # the one that was applied

    def __post_init__(self) -> None:
        check_fields(self, "recipe")
        check_choice(self.learner, LEARNERS, "recipe.learner")
        check_choice(self.gate, GATES, "recipe.gate")

    def of(self, part: str) -> dict[str, Any]:
        """The options of one part."""
        return dict(self.options.get(part, {}))

    def parts(self) -> tuple[str, ...]:
        """The names of all parts; an empty name means that the recipe has no such part."""
        learning = (self.miner, self.densifier, self.student, self.stand_in)
        return self.flow, self.motion, *learning, self.fuser

    def as_dict(self) -> dict[str, Any]:
        """The whole recipe as a dictionary, for the records."""
        return {key: value for key, value in asdict(self).items() if key != "efforts"}

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe file."""
        tables = read_toml(path)
        tables.pop("summary", None)
        efforts = tables.pop("effort", {})
        if not isinstance(efforts, Mapping) or not all(isinstance(own, Mapping) for own in efforts.values()):
            raise ConfigError(f"{path}: effort: expected tables such as [effort.fast]")
        recipe = replace(cls(path.stem)._with_tables(tables, str(path)), efforts=efforts)
        for effort in efforts:
            recipe._at(effort, str(path))
        return recipe

    def _with_tables(self, tables: Mapping[str, Any], where: str) -> Recipe:
        """The same recipe, changed by what a recipe file says."""
        recipe = self
        for table, value in tables.items():
            pairs = value.items() if isinstance(value, Mapping) else [(table, value)]
            for key, one in pairs:
                recipe = recipe.changed(table if isinstance(value, Mapping) else "recipe", key, one)
        for table, value in tables.items():
            if isinstance(value, Mapping):
                recipe._check_table(table, f"{where}: [{table}]")
        return recipe

    def _at(self, effort: str, where: str) -> Recipe:
        """The same recipe with another effort: it takes more or less time."""
        known = [name for name in EFFORTS if name == BALANCED or name in self.efforts]
        if effort not in known:
            problem = f"recipe {self.name!r} has no effort {effort!r}; there are: {', '.join(known)}"
            raise ConfigError(f"{where}: {problem}")
        return replace(self._with_tables(self.efforts.get(effort, {}), f"{where}, effort {effort}"), effort=effort)

    def changed(self, table: str, key: str, value: Any) -> Recipe:
        """The same recipe with one setting changed: `recipe.KEY`, `train.KEY` or `PART.KEY`."""
        if table == "recipe" and key in FORMERLY:
            old, (key, until) = key, FORMERLY[key]
            warn_renamed(f"recipe.{old}", f"recipe.{key}", until)
        if table == "recipe":
            return override(self, table, key, value, CHOICES)
        if table == "train" and key in PASSES:
            passes = typed_like(self.per_frame, value, f"train.{key}")
            check_numbers(passes, field_ranges(Recipe)["per_frame"], f"train.{key}")
            return replace(self, per_frame=passes)
        if table == "train":
            return replace(self, train=override(self.train, table, key, value))
        return replace(self, options={**self.options, table: {**self.of(table), key: value}})

    def with_settings(self, settings: Iterable[str]) -> Recipe:
        """The same recipe with the settings of `--set`. A setting's table must be a part of this recipe."""
        changes = [parse_setting(text) for text in settings]
        recipe = self
        for table, key, value in changes:
            if (table, key) == EFFORT:
                recipe = recipe._at(str(value), "recipe.effort")
        for change in changes:
            recipe = recipe if change[:2] == EFFORT else recipe.changed(*change)
        for table, key, _ in changes:
            recipe._check_table(table, f"--set {table}.{key}")
        return recipe

    def _check_table(self, table: str, where: str) -> None:
        """Refuse settings of something that is not a part of this recipe."""
        tables = {"recipe", "train", "target", *self.parts()} - {"", "twin"}
        if table not in tables:
            problem = f"has no part {table!r}; there are: {', '.join(sorted(tables))}"
            raise ConfigError(f"{where}: recipe {self.name!r} {problem}")


NOT_SET = ("name", "train", "per_frame", "options", "efforts", "effort")  # by recipe.KEY
CHOICES = tuple(f.name for f in fields(Recipe) if f.name not in NOT_SET)


def summary_of(path: Path) -> str:
    """The summary line of a recipe file."""
    return str(read_toml(path).get("summary", ""))


__getattr__ = old_names(__name__, {"find_recipe": ("boostvsod.boosting.plan.find_recipe", "0.3")})
