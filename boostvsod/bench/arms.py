"""The arms of a benchmark: recipes, their variants with other settings, and the controls they must beat."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boostvsod import registry
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError
from boostvsod.recipe import Recipe

CONTROLS = ("student", "random", "propagate", "oracle")
BASELINE = "baseline"
TRUTH = ('data="{data}"', 'sequence="{video}"')  # where the oracle finds the ground truth


@dataclass(frozen=True)
class Arm:
    """One way to make maps: a recipe with settings.

    In settings, `{data}` and `{video}` stand for the data set and the video of the job.
    """

    name: str
    recipe: str
    settings: tuple[str, ...] = ()


def plan_arms(
    recipes: Sequence[str],
    settings: Iterable[str] = (),
    flows: Sequence[str] = (),
    sweeps: Sequence[str] = (),
    controls: Sequence[str] = CONTROLS,
    changes: Sequence[str] = (),
) -> list[Arm]:
    """The baseline, then every recipe with every flow and every combination of swept values, then the controls.

    After the variants of a recipe follow its variants with one of `changes` each, to measure what one part brings.
    Controls are variants of the first recipe: each takes one thing away, but the oracle adds one.
    """
    common = tuple(settings)
    boosted = [
        Arm(_arm_name(recipe, labels), recipe, (*_without_other_flows(common, extra), *extra))
        for recipe in recipes
        for labels, extra in [*_variants(flows, sweeps), *(([change], (change,)) for change in changes)]
    ]
    if not boosted:
        raise ConfigError("a benchmark needs at least one recipe")
    unknown = set(controls) - set(CONTROLS)
    if unknown:
        raise ConfigError(f"no control is called {sorted(unknown)[0]!r}; there are: {', '.join(CONTROLS)}, none")
    return [Arm(BASELINE, "none"), *boosted, *(_control(name, boosted[0]) for name in controls)]


def _arm_name(recipe: str, labels: Sequence[str]) -> str:
    return " ".join([recipe.removesuffix(".toml").rpartition("/")[2], *labels])


def _without_other_flows(settings: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """The settings without options of flow backends that this arm does not use (their weights, say)."""
    own = [choice.removeprefix("recipe.flow=") for choice in chosen if choice.startswith("recipe.flow=")]
    others = set(registry.offers("flows")) - set(own) if own else set()
    return [setting for setting in settings if setting.partition(".")[0] not in others]


def _variants(flows: Sequence[str], sweeps: Sequence[str]) -> Iterable[tuple[list[str], tuple[str, ...]]]:
    """The labels and the settings of each combination of flow and swept values."""
    axes = [[f"{key}={value}" for value in values] for key, values in map(_parse_sweep, sweeps)]
    if flows:
        axes.insert(0, [f"recipe.flow={flow}" for flow in flows])
    for chosen in itertools.product(*axes):
        yield [choice.removeprefix("recipe.flow=") for choice in chosen], chosen


def _parse_sweep(sweep: str) -> tuple[str, list[str]]:
    key, equals, values = sweep.partition("=")
    if not equals or "." not in key or not values:
        raise ConfigError(f"--sweep {sweep!r}: expected TABLE.KEY=VALUE,VALUE,..., as in nr.threshold=0.3,0.5,0.6")
    return key, values.split(",")


def _control(name: str, arm: Arm) -> Arm:
    """The control with this name, as a variant of an arm. All but one replace the arm's miner."""
    recipe = find_recipe(arm.recipe, [s for s in arm.settings if "{" not in s])
    like = [f'like="{recipe.miner}"', f"options={_toml(recipe.of(recipe.miner))}"]
    changes = {
        "student": ["recipe.miner=random", "random.share=1.0", "train.lambda=0", "recipe.fuser=student"],
        "random": ["recipe.miner=random", *(f"random.{pair}" for pair in like)],
        "propagate": ["recipe.learner=propagate", "recipe.fuser=student"],
        "oracle": ["recipe.miner=oracle", *(f"oracle.{pair}" for pair in [*like, *TRUTH])],
    }[name]
    settings = [s for s in arm.settings if name == "propagate" or not s.startswith(f"{recipe.miner}.")]
    return replace(arm, name=name, settings=(*settings, *changes))


def settings_for(arm: Arm, settings: Iterable[str]) -> Arm:
    """The arm with those of further settings whose table is a part of its recipe. Its own settings come last."""
    recipe = find_recipe(arm.recipe, [s for s in arm.settings if "{" not in s])
    tables = {"recipe", "train", "target", *recipe.parts()}
    fitting = [setting for setting in settings if setting.partition(".")[0] in tables]
    return replace(arm, settings=(*fitting, *arm.settings))


def _toml(options: dict[str, Any]) -> str:
    """A TOML table on one line. All values that options hold look the same in JSON and TOML."""
    return "{" + ", ".join(f"{key} = {json.dumps(value)}" for key, value in options.items()) + "}"


def recipe_of(arm: Arm, data: str, video: str) -> Recipe:
    """The arm's recipe for one video."""
    return find_recipe(arm.recipe, [s.replace("{data}", data).replace("{video}", video) for s in arm.settings])
