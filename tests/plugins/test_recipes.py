"""The papers' recipes as a whole: on clips from which nothing can be learnt, and with every option."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made import write_maps, write_pictures

from boostvsod import boost
from boostvsod.boosting.plan import find_recipe
from boostvsod.kinds import Result
from boostvsod.media.synthetic import make_clip

PAPERS = ("nr", "mqpm", "longterm")
QUICK = ("train.size=64", "train.epochs=1")


def run(folder: Path, recipe: str, *settings: str, still: bool = False, there: bool = True) -> Result:
    clip = make_clip(6, 96, 128, still=still)
    frames = write_pictures(folder / "clip", clip.frames)
    maps = write_maps(folder / "maps", clip.truth * there)
    return boost(frames, f"maps:{maps}", recipe, folder / "out", settings=[*QUICK, *settings])


@pytest.mark.parametrize("recipe", PAPERS)
def test_nothing_moves(recipe: str, tmp_path: Path) -> None:
    result = run(tmp_path, recipe, still=True)
    assert result.decisions[0].choice == "baseline"
    assert result.decisions[0].why == "no frame was trusted enough to learn from"
    assert all(frame["why"] for frame in result.record["frames"])
    assert all(np.array_equal(a, b) for a, b in zip(result.maps, result.baseline, strict=True))


@pytest.mark.parametrize("recipe", PAPERS)
def test_no_object(recipe: str, tmp_path: Path) -> None:
    result = run(tmp_path, recipe, still=True, there=False)
    assert result.decisions[0].choice == "baseline"
    assert max(m.max() for m in result.maps) == 0


def bits(result: Result) -> list[bytes]:
    return [m.tobytes() for m in result.maps]


# Options with an effect on six frames. The tests of the miners check their equations.
SWITCHES = {
    "nr": ["nr.threshold=0.05", "nr.size_invariant=false", "train.lambda=2", "recipe.fuser=student"],
    "mqpm": ["mqpm.T=1", "mqpm.truth=motion", "train.epochs=2", "recipe.densifier=warp", "recipe.flow=farneback"],
    "longterm": ["longterm.B=2", "longterm.otsu=true", "longterm.K=2", "longterm.refiner=classic", "train.epochs=4"],
}
EASY = {
    "nr": ("nr.threshold=0.7",),
    "mqpm": ("mqpm.threshold=0.0", "mqpm.T=3", "train.lr=0.01"),
    "longterm": ("train.lr=0.01",),
}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", PAPERS)
def test_every_switch_changes_the_maps(recipe: str, tmp_path: Path) -> None:
    base = run(tmp_path, recipe, *EASY[recipe])
    assert base.decisions[0].choice == "boosted"
    before = bits(base)  # read now: the next run writes to the same folder
    for switch in SWITCHES[recipe]:
        assert bits(run(tmp_path, recipe, *EASY[recipe], switch)) != before, f"{switch} changes nothing"


def test_every_option_of_a_paper_can_be_set() -> None:
    for name in PAPERS:
        recipe = find_recipe(name)
        for part, options in recipe.options.items():
            for key, value in options.items():
                assert find_recipe(name, [f"{part}.{key}={json.dumps(value)}"]).of(part)[key] == value
