"""The miner of the default recipe: frames on which target, motion and closer look agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from boostvsod import build
from boostvsod.errors import ConfigError
from boostvsod.kinds import Evidence, Frame, MakesTruth, Map, Mining
from boostvsod.media.synthetic import make_clip
from boostvsod.runtime import Runtime
from boostvsod_plugins.mining.trust import Features, trusted


def test_trust_is_one_for_a_sure_and_steady_truth() -> None:
    sure, grey = Features(0.8, True, 1.0, 0.2), Features(0.8, True, 0.5, 0.2)
    assert trusted([sure] * 3) == pytest.approx([1, 1, 1])
    expected = trusted([sure, sure, grey, Features(0.8, True, 1.0, 0.1)])
    assert expected[0] > expected[2], "the truth is grey where the maps differ"
    assert expected[0] > expected[3], "half of the object is missing"
    assert min(expected) > 0.5


def test_a_frame_much_worse_than_its_neighbours_is_not_mined() -> None:
    clip = make_clip(9, 96, 128)
    truth = [mask.astype(np.float32) for mask in clip.truth]
    gone = [m * (i < 6) for i, m in enumerate(truth)]  # the target's maps then show only a corner of the object
    for m, whole in zip(gone[6:], clip.truth[6:], strict=True):
        rows, columns = np.nonzero(whole)
        m[rows.min() : rows.min() + 4, columns.min() : columns.min() + 4] = 1
    mining = mine(clip_evidence(gone, gone, clip.frames), agree=0.0, least=0.0)
    assert {m.index for m in mining.mined} <= set(range(6))
    assert "a frame near by has" in mining.verdicts[8].why
    assert any(m.index >= 6 for m in mine(clip_evidence(gone, gone, clip.frames), agree=0.0, near=1.0, least=0.0).mined)


def clip_evidence(target: list[Map], motion: list[Map], frames: np.ndarray) -> Evidence:
    return Evidence([Frame.of(rgb, i) for i, rgb in enumerate(frames)], target, motion)


def mine(evidence: Evidence, **options: Any) -> Mining:
    return build("miners", "trust", Runtime(), **options).mine(evidence)


def test_frames_on_which_maps_agree_are_trusted() -> None:
    clip = make_clip(9, 96, 128)
    truth = [mask.astype(np.float32) for mask in clip.truth]
    wrong = [np.roll(m, 40, 1) if i % 3 == 1 else m for i, m in enumerate(truth)]
    mining = mine(clip_evidence(truth, wrong, clip.frames), B=3)
    assert len(mining.mined) == 3
    assert all(m.index % 3 != 1 for m in mining.mined)
    for m in mining.mined:
        inside, outside = m.truth[clip.truth[m.index]].mean(), m.truth[~clip.truth[m.index]].mean()
        assert inside > 0.5 > 3 * outside
    assert "the best of 3 frames; rivals: " in mining.mined[0].why


def test_mined_truths_are_those_that_the_miner_makes_for_single_frames() -> None:
    clip = make_clip(4, 96, 128)
    truth = [mask.astype(np.float32) for mask in clip.truth]
    evidence = clip_evidence(truth, truth, clip.frames)
    miner = build("miners", "trust", Runtime())
    mined = miner.mine(evidence).mined
    assert mined
    assert isinstance(miner, MakesTruth)
    for m in mined:  # other batches round differently
        assert np.abs(m.truth - miner.truth(evidence, m.index)).max() < 0.02


def test_frames_without_motion_are_mined_only_if_there_are_no_others() -> None:
    clip = make_clip(9, 96, 128)
    truth = [mask.astype(np.float32) for mask in clip.truth]
    silent = [np.zeros_like(m) if i >= 3 else m for i, m in enumerate(truth)]
    mining = mine(clip_evidence(truth, silent, clip.frames))
    assert {m.index for m in mining.mined} <= {0, 1, 2}
    assert mining.mined
    assert "nothing moves here" in mining.verdicts[5].why
    assert mining.verdicts[2].why.endswith("rivals: none"), "a frame that may not be mined is no rival"
    everywhere = mine(clip_evidence(truth, [np.zeros_like(m) for m in truth], clip.frames))
    assert any(m.index >= 3 for m in everywhere.mined)


def test_without_agreement_no_frame_is_mined() -> None:
    clip = make_clip(4, 96, 128)
    silent = [np.zeros((96, 128), np.float32)] * 4
    assert mine(clip_evidence(silent, silent, clip.frames), least=0.9).mined == ()
    with pytest.raises(ConfigError, match=r"trust\.B"):
        build("miners", "trust", B=0)
