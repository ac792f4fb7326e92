"""The gate: boosted maps replace the target's only where that probably helps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made import ROOT, write_maps, write_pictures

from boostvsod import boost
from boostvsod.bench.left_out import Pair, bound, fitted, rooms_left_out
from boostvsod.boosting import gate
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError
from boostvsod.kinds import Map, Result
from boostvsod.media.maps import shrunk
from boostvsod.media.synthetic import make_clip

NOTHING = np.zeros((40, 60), np.float32)


def box(top: int, left: int, bottom: int, right: int, value: float = 1.0) -> Map:
    made = NOTHING.copy()
    made[top:bottom, left:right] = value
    return made


def columns(start: int, stop: int) -> Map:
    saliency = np.zeros((40, 60), np.float32)
    saliency[10:30, start:stop] = 1
    return saliency


@pytest.mark.parametrize(
    ("boosted", "motion", "apart", "moving"),
    [
        (columns(10, 30), columns(10, 30), 0.0, 0.0),  # nothing is removed
        (columns(10, 20), columns(10, 30), 0.5, 1.0),  # the removed part moves like the rest
        (columns(10, 20), columns(10, 20), 0.5, 0.1 / 1.1),  # it stands still
        (columns(10, 20), columns(10, 15), 0.5, 0.1 / 0.6),
        (columns(10, 20), columns(0, 0), 0.5, 1.0),  # nothing moves: the feature has no meaning
        (columns(30, 40), columns(30, 40), 1.0, 0.1 / 1.1),
        (columns(8, 32), columns(0, 0), 0.1667, 0.0),  # only added
    ],
)
def test_features_by_hand(boosted: Map, motion: Map, apart: float, moving: float) -> None:
    found = gate.features_of([columns(10, 30)] * 3, [boosted] * 3, [motion] * 3)
    assert found["apart"] == pytest.approx(apart, abs=1e-4)
    assert found["moving"] == pytest.approx(moving, abs=1e-3)


@pytest.mark.parametrize("shape", [(240, 428), (428, 240), (17, 1999), (241, 319), (480, 854)])
def test_motion_of_any_size_fits_the_maps(shape: tuple[int, int]) -> None:
    half = np.tri(*shape, dtype=np.float32)
    quarter = half * (np.arange(shape[1]) < shape[0] // 2)
    found = gate.features_of([half], [quarter], [shrunk(np.ones_like(half), gate.FLOW_SIDE, gate.LEAST)])
    assert found["moving"] == pytest.approx(1, abs=0.01), "what was removed moves like the rest"


def test_the_expected_gain_depends_on_what_is_removed() -> None:
    assert gate.expected_gain({"apart": 0.0, "moving": 1.0}) == 0
    assert gate.expected_gain({"apart": 0.5, "moving": 0.1}) > 0.05
    assert gate.expected_gain({"apart": 0.5, "moving": 1.0}) < 0
    assert gate.expected_gain({"apart": 1.0, "moving": 0.2}) == pytest.approx(
        gate.WORTH * (gate.EVEN + gate.LENIENCE - 0.2)
    )


@pytest.mark.parametrize(
    ("beyond", "choice"), [(-0.01, "boosted"), (0.01, "baseline"), (0.15, "baseline"), (1.0, "baseline")]
)
@pytest.mark.parametrize(("risk", "margin"), [*gate.BOUNDS, (0.0449, 0.1), (1.0, -0.15)])
def test_the_boosted_maps_need_a_margin(beyond: float, choice: str, risk: float, margin: float) -> None:
    allowed = gate.EVEN + gate.LENIENCE * 0.5 - margin
    features = {"apart": 0.5, "moving": allowed + beyond}
    found, why = gate.decide(features, risk)
    assert found == choice
    assert f"expected gain in S {gate.expected_gain(features):+.3f}" in why
    assert f"less than {allowed:.2f} is accepted at a risk of {100 * risk:g} %" in why
    assert gate.decide({"apart": 0.0, "moving": 0.0}, risk)[0] == "baseline", "nothing would change"


@pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="needs the source tree")
def test_numbers_and_bounds_are_those_of_the_measured_pairs() -> None:
    measured = json.loads((ROOT / "benchmarks/gate-motion.json").read_text())
    rows = measured["pairs"]["rows"]
    pairs = [
        Pair(target, video, apart, moving, np.zeros(1), np.array([gain])) for video, target, apart, moving, gain in rows
    ]
    fit, rooms = fitted(pairs), rooms_left_out(pairs)
    assert np.allclose((gate.EVEN, gate.LENIENCE, gate.WORTH), (fit.even, fit.lenience, fit.worth), atol=0.005)
    for stated, margin in gate.BOUNDS:
        assert stated - 0.004 < bound(margin, pairs, rooms) <= stated


def run(folder: Path, frames: np.ndarray, maps: np.ndarray, *settings: str) -> Result:
    clip, given = write_pictures(folder / "clip", frames), write_maps(folder / "maps", maps)
    quick = ("train.size=160", "train.epochs=2")
    return boost(clip, f"maps:{given}", "default", folder / "out", settings=[*quick, *settings])


def test_good_maps_stay_and_the_gate_gives_its_reason(tmp_path: Path) -> None:
    clip = make_clip(8, 160, 240)
    good = run(tmp_path / "good", clip.frames, clip.truth)
    assert good.decisions[0].choice == "baseline"
    assert all(np.array_equal(a, b) for a, b in zip(good.maps, clip.truth, strict=True))
    assert set(good.record["decisions"][0]["features"]) == {"apart", "moving"}
    assert "boosting might not help" in good.decisions[0].why
    rng = np.random.default_rng(0)
    poor = np.stack([np.roll(m, int(rng.integers(-60, 60)), 1) for m in clip.truth])
    changed = run(tmp_path / "poor", clip.frames, poor)
    assert changed.decisions[0].choice != "baseline"


def test_the_gate_can_be_left_out(tmp_path: Path) -> None:
    clip = make_clip(6, 96, 128)
    result = run(tmp_path, clip.frames, clip.truth, "recipe.gate=off")
    assert result.decisions[0].choice == "boosted"
    assert not result.decisions[0].features
    with pytest.raises(ConfigError, match=r"recipe\.gate='maybe'"):
        find_recipe("default", ["recipe.gate=maybe"])


def test_a_clip_without_any_object_keeps_the_baseline(tmp_path: Path) -> None:
    empty = np.full((6, 96, 128, 3), 128, np.uint8)
    result = run(tmp_path, empty, np.zeros((6, 96, 128), bool))
    assert result.decisions[0].choice == "baseline"
    assert max(m.max() for m in result.maps) == 0


def test_an_object_that_never_moves_is_not_lost(tmp_path: Path) -> None:
    clip = make_clip(6, 96, 128, still=True)
    result = run(tmp_path, clip.frames, clip.truth)
    for saliency, truth in zip(result.maps, clip.truth, strict=True):
        assert saliency[truth].mean() > 0.7
        assert saliency[~truth].mean() < 0.1


def test_each_shot_gets_its_own_decision(tmp_path: Path) -> None:
    before, after = make_clip(8, 160, 240), make_clip(8, 160, 240, seed=3)
    elsewhere = np.where(after.truth[..., None], after.frames, 255 - after.frames)
    frames, truth = np.concatenate([before.frames, elsewhere]), np.concatenate([before.truth, after.truth])
    rng = np.random.default_rng(0)
    poor = [np.roll(m, int(rng.integers(-60, 60)), 1) for m in truth[8:]]  # only the second shot is to be improved
    result = run(tmp_path, frames, np.concatenate([truth[:8], poor]))
    assert [(d.start, d.stop) for d in result.decisions] == [(0, 8), (8, 16)]
    assert result.decisions[0].choice == "baseline"
    assert result.decisions[1].choice != "baseline"
    assert any(i < 8 for i in result.mined)
    assert any(i >= 8 for i in result.mined)


def crowd(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Four objects in one scene, one of which moves the other way."""
    clip = make_clip(frames, 160, 240)
    pictures, truth = clip.frames.copy(), clip.truth.copy()
    for seed, shift, way in ((1, (45, 60), 1), (2, (-40, 90), -1), (4, (-45, -30), 1)):
        other = make_clip(frames, 160, 240, seed=seed)
        rgb, mask = (np.roll(x[::way], shift, (1, 2)) for x in (other.frames, other.truth))
        pictures[mask] = rgb[mask]
        truth |= mask
    return pictures, truth


def test_a_still_object_is_found_without_the_target(tmp_path: Path) -> None:
    clip = make_clip(6, 96, 128, still=True)
    result = run(tmp_path, clip.frames, np.zeros((6, 96, 128), bool))
    assert result.decisions[0].choice == "boosted"
    for saliency, truth in zip(result.maps, clip.truth, strict=True):
        assert saliency[truth].mean() > 0.7
        assert saliency[~truth].mean() < 0.1


def test_no_object_of_a_crowd_is_lost(tmp_path: Path) -> None:
    """The networks find only one of these objects. The target's maps, which show all, are chosen."""
    frames, truth = crowd(8)
    result = run(tmp_path, frames, truth)
    features = result.decisions[0].features
    assert features["apart"] > 0.5, "the boosted maps have lost most of them"
    assert result.decisions[0].choice == "baseline"
