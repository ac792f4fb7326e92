"""The efforts of a recipe: named sets of changes that take more or less time."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import call

from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError
from boostvsod.recipe import EFFORTS, Recipe

QUICK_ONE = """
miner = "random"
[train]
epochs = 4
lr = 1e-3
[effort.fast]
motion_views = 2
[effort.fast.train]
epochs = 1
"""


def recipe_of(text: str, folder: Path) -> Recipe:
    (folder / "own.toml").write_text(text)
    return Recipe.read(folder / "own.toml")


def test_an_effort_changes_what_it_names(tmp_path: Path) -> None:
    recipe = recipe_of(QUICK_ONE, tmp_path)
    assert (recipe.motion_views, recipe.per_frame, recipe.effort) == (1, 4, "balanced")
    fast = recipe.with_settings(["recipe.effort=fast"])
    assert (fast.motion_views, fast.per_frame, fast.train.lr, fast.effort) == (2, 1, 1e-3, "fast")
    assert recipe.with_settings(["recipe.effort=balanced"]) == recipe


def test_other_settings_win_wherever_they_stand(tmp_path: Path) -> None:
    recipe = recipe_of(QUICK_ONE, tmp_path)
    for settings in (["recipe.effort=fast", "train.epochs=7"], ["train.epochs=7", "recipe.effort=fast"]):
        assert recipe.with_settings(settings).per_frame == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[effort.quick]\nmotion_views = 1\n", "has no effort 'quick'; there are: balanced"),
        ("[effort]\nfast = 3\n", r"effort: expected tables such as \[effort.fast\]"),
        ("[effort.fast]\nmotion_views = 9\n", "motion_views"),
        ("[effort.fast.unknown]\na = 1\n", "effort fast: .*has no part 'unknown'"),
    ],
)
def test_faults_in_a_file_are_found_when_it_is_read(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        recipe_of(text, tmp_path)


def test_a_recipe_without_efforts_says_so() -> None:
    assert find_recipe("nr", ["recipe.effort=balanced"]).effort == "balanced"
    with pytest.raises(ConfigError, match="recipe 'nr' has no effort 'fast'; there are: balanced"):
        find_recipe("nr", ["recipe.effort=fast"])


def test_the_default_recipe_has_every_effort() -> None:
    assert [find_recipe("default", [f"recipe.effort={effort}"]).effort for effort in EFFORTS] == list(EFFORTS)


def test_the_command_takes_an_effort(pictures: Path, tmp_path: Path) -> None:
    words = ["run", str(pictures), "--target", "classic", "--effort", "best", "--set", "train.epochs=0"]
    done = call(*words, "-o", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert '"effort": "best"' in (tmp_path / "out" / "run.json").read_text()
