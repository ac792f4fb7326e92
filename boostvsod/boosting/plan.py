"""The plan of one run, made before anything is computed: its parts, and the key of every stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from boostvsod import registry
from boostvsod.boosting import gate
from boostvsod.files import fingerprint
from boostvsod.media.video import Video
from boostvsod.recipe import Recipe
from boostvsod.registry import versions
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetSpec


@dataclass(frozen=True)
class Plan:
    """One video, one target, one recipe, one machine."""

    video: Video
    target: TargetSpec
    recipe: Recipe
    runtime: Runtime
    bits: int = 8

    @cached_property
    def keys(self) -> dict[str, str]:
        """Stage -> hash of all that determines its maps."""
        recipe = self.recipe
        base = fingerprint(versions(), self.video.stamp, str(self.runtime), recipe.buffer)
        target = fingerprint(base, self.target.stamp(recipe.of("target")))
        flow = fingerprint(base, recipe.stamp(recipe.flow), recipe.flow_scale)
        motion = fingerprint(flow, recipe.stamp(recipe.motion), recipe.motion_views)
        student = fingerprint(target, motion, recipe.learning())
        fused = fingerprint(student, recipe.fuser, recipe.stamp(recipe.fuser))
        final = fingerprint(fused, recipe.gate, gate.stamp())
        index = fingerprint(versions(), self.video.stamp)
        stages = {"target": target, "motion": motion, "student": student, "fused": fused, "final": final}
        return {"index": index, **stages}

    @cached_property
    def key(self) -> str:
        """Hash of the whole run."""
        return fingerprint(self.keys, self.bits, self.recipe.name)


def find_recipe(recipe: str | Recipe, settings: Iterable[str] = ()) -> Recipe:
    """The recipe of that name, or of a TOML file, changed by settings."""
    if isinstance(recipe, str):
        recipe = Recipe.read(Path(recipe)) if recipe.endswith(".toml") else registry.build("recipes", recipe)
    return recipe.with_settings(settings)
