"""The plan of one run, made before anything is computed: its parts, and the key of every stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from boostvsod import registry
from boostvsod.boosting import gate
from boostvsod.boosting.corrections import Corrections
from boostvsod.errors import PluginError
from boostvsod.media.video import Video
from boostvsod.recipe import Recipe
from boostvsod.registry import TWIN, versions
from boostvsod.runtime import Runtime
from boostvsod.stamps import fingerprint
from boostvsod.targets import TargetSpec
from boostvsod.training.losses import find_loss
from boostvsod.weights.stamps import code_stamp, part_stamp


@dataclass(frozen=True)
class Plan:
    """One video, one target, one recipe, one machine."""

    video: Video
    target: TargetSpec
    recipe: Recipe
    runtime: Runtime
    bits: int = 8
    corrections: Corrections = field(default_factory=Corrections)

    def __post_init__(self) -> None:
        self.target.check(self.recipe.of("target"))

    @property
    def without_corrections(self) -> Plan:
        """The same plan before a user corrected frames."""
        return replace(self, corrections=Corrections())

    @cached_property
    def keys(self) -> dict[str, str]:
        """Stage -> hash of all that determines its maps."""
        recipe, video = self.recipe, self.video.stamp
        code = [versions(), code_stamp()]
        base = fingerprint(code, video, str(self.runtime), recipe.buffer)
        target = fingerprint(base, self.video.name, self.video.given_names, self._target())
        flow = fingerprint(base, self._part("flows", recipe.flow), recipe.flow_scale)
        views = (recipe.motion_views, recipe.motion_sure)
        motion = fingerprint(flow, self._part("motion", recipe.motion), *views)
        corrected = [self.corrections.stamp] if self.corrections.masks else []
        student = fingerprint(target, motion, self._learning(), *corrected)
        fused = fingerprint(student, self._part("fusers", recipe.fuser))
        final = fingerprint(fused, recipe.gate, recipe.risk, gate.stamp())
        stages = {"target": target, "motion": motion, "student": student, "fused": fused, "final": final}
        return {"index": fingerprint(code, video), **stages}

    def _target(self) -> list[Any]:
        return self.target.stamp(self.recipe.of("target"), self.runtime)

    def _part(self, kind: registry.Kind, name: str) -> list[Any]:
        return part_stamp(kind, name, self.recipe.of(name))

    def _learning(self) -> list[Any]:
        """All that determines what a student learns from given maps."""
        recipe = self.recipe
        student = [recipe.student, recipe.stand_in]
        parts = [self._part("miners", recipe.miner), self._part("densifiers", recipe.densifier)]
        parts += [self._part("students", name) for name in student if name != TWIN]
        return [
            student,
            parts,
            asdict(recipe.train),
            recipe.per_frame,
            recipe.most_steps,
            recipe.mirror,
            recipe.learner,
        ]

    @cached_property
    def key(self) -> str:
        """Hash of the whole run."""
        return fingerprint(self.keys, self.bits, self.recipe.name)


def find_recipe(recipe: str | Recipe, settings: Iterable[str] = ()) -> Recipe:
    """The recipe of that name, or of a TOML file, changed by settings."""
    if isinstance(recipe, str):
        recipe = Recipe.read(Path(recipe)) if recipe.endswith(".toml") else _offered_recipe(recipe)
    changed = recipe.with_settings(settings)
    find_loss(changed.train.loss)  # nothing is found wrong after hours of work
    return registry.checked_recipe(changed)


def _offered_recipe(name: str) -> Recipe:
    made: object = registry.build("recipes", name)
    if not isinstance(made, Recipe):
        raise PluginError(f"recipe {name!r} is a {type(made).__name__}, expected a Recipe")
    return made
