"""The LIM paper's miner on synthetic clips."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from made import evidence

from boostvsod import build
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError
from boostvsod.kinds import Evidence, Map, Mining, Proposal, Window
from boostvsod.runtime import Runtime
from boostvsod_plugins.mining.clusters import (
    k_means,
)
from boostvsod_plugins.mining.longterm import binary
from boostvsod_plugins.mining.patches import BinaryClassifier, Features, motion_inside, paste


@pytest.mark.parametrize("head", ["two-layers", "resnet18"])
def test_classifier_learns_what_it_is_shown_and_repeats_itself(head: str) -> None:
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(-1, 0.5, (40, 8)), rng.normal(1, 0.5, (40, 8))]).astype(np.float32)
    outputs = [BinaryClassifier(features, 20, Runtime(), head)(np.arange(40, 60), np.arange(20)) for _ in range(2)]
    assert np.array_equal(outputs[0], outputs[1])
    assert outputs[0][:40].max() < 0.5 < outputs[0][40:].min()


class Ramp:
    """A refiner whose map of every crop is a ramp from 0.2 to 0.6. The maps of small crops have no contrast."""

    window, batch = 1, 2

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        shapes = [window.frame.rgb.shape[:2] for window in windows]
        return [
            np.tile(np.linspace(0.2, 0.6, width if height > 4 else 1, dtype=np.float32), (height, 1)).repeat(
                1 if height > 4 else width, 1
            )
            for height, width in shapes
        ]


def test_pasting_is_equation_nineteen() -> None:
    rgb = np.zeros((20, 20, 3), np.uint8)
    boxes = [Proposal(0, 0, 11, 10, 1.0), Proposal(10, 0, 20, 10, 1.0), Proposal(0, 15, 10, 18, 1.0)]
    drawn = paste(Ramp(), rgb, boxes, "max")
    assert np.allclose(drawn[3, :11], np.linspace(0, 1, 11), atol=1e-6), "stretched to [0, 1]"
    assert drawn[3, 10] == pytest.approx(1), "the larger of 1 and 0"
    assert paste(Ramp(), rgb, boxes, "mean")[3, 10] == pytest.approx(0.5)
    assert drawn[15:18].max() == 0, "a patch without any contrast shows nothing"
    assert drawn[11:15].max() == 0
    assert paste(Ramp(), rgb, [], "max").max() == 0


def test_motion_inside_a_box_is_its_mean() -> None:
    motion = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert motion_inside(motion, Proposal(1, 0, 3, 2, 0)) == (1 + 2 + 5 + 6) / 4


def test_features_tell_textures_apart() -> None:
    rng = np.random.default_rng(0)
    rough = [rng.integers(0, 256, (40, 40, 3)).astype(np.uint8) for _ in range(3)]
    smooth = [np.full((30, 50, 3), 60 + 20 * i, np.uint8) for i in range(3)]
    found = Features("lite", False, 64, Runtime())([*rough, *smooth])
    assert found.shape[0] == 6
    assert len(set(k_means(found, 2)[:3])) == len(set(k_means(found, 2)[3:])) == 1
    timm = Features("resnet18", False, 64, Runtime())(rough)
    assert timm.shape == (3, 512)


def mine(found: Evidence, **options: Any) -> Mining:
    return build("miners", "longterm", Runtime(), crop=48, **options).mine(found)


def test_keyframes_are_spaced_and_their_truth_is_drawn_in_boxes() -> None:
    found = mine(evidence())
    assert [m.index // 5 for m in found.mined] == [0, 1]
    pairs = [m.index // 2 for m in mine(evidence(), B=2).mined]
    assert len(pairs) > 2
    assert pairs == sorted(set(pairs)), "at most one of two frames"
    assert len(mine(evidence(), B=100).mined) == 1
    for m in found.mined:
        assert 0 < m.truth.mean() < 0.6
        assert "salient of" in m.why
    assert "not the best of 5 frames; rivals: " in " ".join(v.why for v in found.verdicts)


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ({"K": 1}, {"paste": "mean"}),  # all boxes that can be trusted: several a frame
        ({}, {"otsu": True}),
        ({}, {"K": 1}),
        ({}, {"most": 1}),
        ({"K": 1}, {"xi": 0.1}),
        ({"K": 2, "xi": 0.1}, {"iterations": 0}),
        ({"K": 2, "xi": 0.1}, {"gamma": 0.1}),
        ({}, {"B": 3}),
    ],
)
def test_each_switch_changes_the_result(given: dict[str, Any], change: dict[str, Any]) -> None:
    pair = [mine(evidence(), proposal_options={"overlap": 0.95}, **given, **more) for more in ({}, change)]
    one, other = ([(m.index, m.truth.tobytes(), m.why) for m in found.mined] for found in pair)
    assert one != other


@pytest.mark.parametrize("most", [1, 3])
def test_no_frame_has_more_proposals_than_asked_for(most: int) -> None:
    found = mine(evidence(), proposal_options={"overlap": 0.95}, most=most)
    counts = [int(re.search(r"(\d+) (boxes|proposals)", verdict.why)[1]) for verdict in found.verdicts]  # type: ignore[index]
    assert max(counts) == most


def test_no_motion_or_no_object_means_no_keyframe() -> None:
    assert mine(evidence(moves=False)).mined == ()
    assert mine(evidence(there=False)).mined == ()


def test_truth_can_be_made_for_any_frame() -> None:
    clip = evidence()
    miner: Any = build("miners", "longterm", Runtime(), crop=48)
    mined = miner.mine(clip).mined[0]
    assert np.array_equal(miner.truth(clip, mined.index), mined.truth)


def test_its_steps_are_timed() -> None:
    miner: Any = build("miners", "longterm", Runtime(), iterations=1, epochs=1)
    miner.mine(evidence())
    assert set(miner.seconds) == {"proposals", "features", "clusters and classifier", "classifier", "patches"}
    assert all(spent > 0 for spent in miner.seconds.values())
    assert miner.seconds["clusters and classifier"] > miner.seconds["classifier"]


def test_otsu_is_black_and_white() -> None:
    ramp = np.tile(np.linspace(0, 1, 50, dtype=np.float32), (4, 1))
    assert set(binary(ramp).ravel().tolist()) == {0.0, 1.0}
    assert binary(ramp)[0, [0, -1]].tolist() == [0, 1]


def test_bad_options_are_named() -> None:
    with pytest.raises(ConfigError, match=r"longterm\.paste"):
        build("miners", "longterm", paste="sum")
    with pytest.raises(ConfigError, match=r"longterm\.K=0: expected a number from 1 to 1000"):
        build("miners", "longterm", K=0)


def test_the_recipe_is_the_paper() -> None:
    recipe = find_recipe("longterm")
    options = recipe.of("longterm")
    papers = {"K": 8, "nu": 0.5, "xi": 0.6, "gamma": 0.6, "iterations": 3, "epochs": 20, "paste": "max", "B": 5}
    assert {key: options[key] for key in papers} == papers
    assert (options["most"], options["otsu"], recipe.buffer, recipe.per_frame) == (10, False, 100, 10.0)
    assert (recipe.student, recipe.fuser, recipe.densifier) == ("lite", "student", "")
