"""The MQP paper's mining against numbers worked out by hand; its recipe on a synthetic clip."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made import write_pictures

from boostvsod import boost, build
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError, PluginError
from boostvsod.kinds import Evidence, Frame, Mining
from boostvsod.media.synthetic import make_clip
from boostvsod.runtime import Runtime
from boostvsod_plugins.mining.mqpm import t_windows


def test_bundled_judge_tells_a_moving_object_from_noise() -> None:
    judged = build("motion", "judged", Runtime())
    flow = np.zeros((120, 160, 2), np.float32)
    yy, xx = np.mgrid[:120, :160]
    flow[((yy - 60) / 30) ** 2 + ((xx - 80) / 25) ** 2 < 1] = (6, 2)
    noise = np.random.default_rng(0).normal(0, 1, (120, 160, 2)).astype(np.float32)
    good, bad = (judged.judge(np.zeros((120, 160, 3), np.uint8), f).features["Q"] for f in (flow, noise))  # type: ignore[attr-defined]
    assert good > 0.5 > bad


def test_windows_of_good_frames_by_hand() -> None:
    quality = [0.9, 0.1, 0.8, 0.7, 0.6, 0.2, 0.5]
    assert t_windows(quality, 0.5, 2, 5) == [[0, 2], [3, 4], [6]]
    assert t_windows(quality, 0.5, 10, 100) == [[0, 2, 3, 4, 6]]
    assert t_windows(quality, 0.95, 2, 5) == []


def mined(quality: list[float], overlap: list[float], **options: Any) -> Mining:
    """Mine frames. In each, the moving area covers this share of the target's object."""
    target = np.zeros((20, 20), np.float32)
    target[5:15, 5:15] = 1
    motion = []
    for share in overlap:
        moving = np.zeros_like(target)
        moving[5:15, 5 + round(10 * (1 - share)) :][:, :10] = 1
        motion.append(moving)
    frames = [Frame.of(np.zeros((20, 20, 3), np.uint8), i) for i in range(len(quality))]
    evidence = Evidence(frames, [target] * len(quality), motion, [{"Q": q} for q in quality])
    return build("miners", "mqpm", **options).mine(evidence)


def numbers(mining: Mining) -> list[int]:
    return [m.index for m in mining.mined]


def test_the_best_of_each_window_is_mined() -> None:
    quality, overlap = [0.9, 0.9, 0.1, 0.9, 0.9, 0.9], [0.5, 0.8, 1.0, 0.7, 0.9, 0.6]
    assert numbers(mined(quality, overlap, T=2)) == [1, 4, 5]  # of the good 0 1 | 3 4 | 5
    assert numbers(mined(quality, overlap, T=5)) == [4]
    assert numbers(mined(quality, overlap, T=1)) == [0, 1, 3, 4, 5]
    assert numbers(mined(quality, overlap, T=2, buffer=1)) == [0, 1, 3, 4, 5]
    assert numbers(mined(quality, overlap, threshold=0.05)) == [2, 5]
    verdicts = mined(quality, overlap, T=2).verdicts
    assert verdicts[2].why == "Q 0.100 < 0.5: the motion is poor"
    assert "not the best of its T-window; rivals: 1 (" in verdicts[0].why


def test_equal_scores_take_the_first_and_poor_motion_takes_none() -> None:
    assert numbers(mined([0.9] * 7, [0.8] * 7)) == [0, 5]
    assert numbers(mined([0.1] * 7, [0.8] * 7)) == []


def test_truth_is_by_default_the_targets_map() -> None:
    own, moving = (mined([0.9], [0.5], truth=truth).mined[0].truth for truth in ("target", "motion"))
    assert own[10, 6] == 1
    assert moving[10, 6] == 0


def test_missing_judgement_and_bad_options_are_named() -> None:
    nothing = np.zeros((4, 4), np.float32)
    evidence = Evidence([Frame.of(np.zeros((4, 4, 3), np.uint8))], [nothing], [nothing])
    with pytest.raises(PluginError, match=r"--set recipe\.motion=judged"):
        build("miners", "mqpm").mine(evidence)
    with pytest.raises(ConfigError, match=r"mqpm\.truth"):
        build("miners", "mqpm", truth="flow")
    with pytest.raises(ConfigError, match=r"mqpm\.T=0: expected a number from 1 to 100000"):
        build("miners", "mqpm", T=0)
    with pytest.raises(ConfigError, match="cannot judge motion"):
        build("motion", "judged", net="lite", weights="none")


def test_the_recipe_is_the_paper() -> None:
    recipe = find_recipe("mqpm")
    assert recipe.of("mqpm") == {"threshold": 0.5, "T": 5, "buffer": 100, "truth": "target"}
    train = recipe.train
    assert (train.loss, train.optimizer, train.lr) == ("bce", "adam", 1e-4)
    assert (train.batch, train.clip, train.size) == (2, 0.5, 352)
    assert (recipe.per_frame, recipe.student, recipe.fuser, recipe.densifier) == (5.0, "lite", "student", "")
    assert recipe.of("lite") == {"weights": "lite-video"}
    assert find_recipe("mqpm", ["train.epochs=7"]).per_frame == 7


def test_quality_survives_a_resumed_run(tmp_path: Any) -> None:
    folder = write_pictures(tmp_path / "clip", make_clip(6, 96, 128).frames)
    quick = ["train.size=64", "train.epochs=1", "mqpm.T=2", "mqpm.threshold=0.0"]
    first = boost(folder, "lite", "mqpm", tmp_path / "out", settings=quick)
    again = boost(folder, "lite", "mqpm", tmp_path / "out", settings=[*quick, "mqpm.T=3"])
    qs = [[frame["scores"]["Q"] for frame in run.record["frames"]] for run in (first, again)]
    assert qs[0] == qs[1]
    assert all(0 < q < 1 for q in qs[0])
    assert len(first.mined) == 3
    assert len(again.mined) == 2
