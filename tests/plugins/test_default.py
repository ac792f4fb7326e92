"""The default recipe: opinions and what they say together, trusted frames, and the gate."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import ROOT, write_maps, write_pictures

from boostvsod import boost, build
from boostvsod.boosting import gate
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError
from boostvsod.kinds import Evidence, Frame, FusesPictures, MakesTruth, Map, Mining, Result
from boostvsod.media.maps import stretched
from boostvsod.media.synthetic import make_clip
from boostvsod.metrics.structure import s_measure
from boostvsod.runtime import Runtime
from boostvsod_plugins import opinions
from boostvsod_plugins.mining.trust import Features, trusted

NOTHING = np.zeros((40, 60), np.float32)


def box(top: int, left: int, bottom: int, right: int, value: float = 1.0) -> Map:
    made = NOTHING.copy()
    made[top:bottom, left:right] = value
    return made


def test_consensus_is_the_stretched_geometric_mean() -> None:
    a, b = np.array([[0.9, 0.4, 0.1]], np.float32), np.array([[0.4, 0.9, 0.1]], np.float32)
    assert opinions.consensus([a, b])[0].tolist() == pytest.approx([1, 1, 0])
    one, other = np.array([[1.0, 0.25]], np.float32), np.array([[1.0, 0.64]], np.float32)
    both = opinions.consensus([one, other, np.array([[1.0, 0.0]], np.float32)])
    assert both[0].tolist() == [1, 0], "stretched"


def test_a_silent_map_rules_nothing_out() -> None:
    seen, silent = box(10, 10, 20, 20, 0.8), box(0, 0, 40, 60, 0.1)
    assert np.array_equal(opinions.consensus([seen, silent]), stretched(seen))
    assert opinions.consensus([silent, NOTHING]).max() == 0


def test_sharpening_by_hand() -> None:
    x = np.array([[0.0, 0.2, 0.5, 1.0]], np.float32)
    assert opinions.sharpened(x, 2)[0].tolist() == pytest.approx([0, 0.04 / (0.04 + 0.64), 0.5, 1])
    assert np.allclose(opinions.sharpened(x, 1), x)


def test_agreement_by_hand() -> None:
    left, shifted = box(10, 10, 20, 30), box(10, 20, 20, 40)
    assert opinions.overlap(left, shifted) == pytest.approx(1 / 3)  # 10 of 30 columns
    assert opinions.agreement([left, left, shifted]) == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)
    assert opinions.agreement([left, NOTHING]) == 0, "nobody to agree with"
    assert opinions.overlap(NOTHING, NOTHING) == 0


def test_sureness_and_steadiness_by_hand() -> None:
    assert opinions.sureness(box(10, 10, 20, 20)) == pytest.approx(1)
    assert opinions.sureness(box(10, 10, 20, 20, 0.4)) == pytest.approx(0.4)
    assert opinions.sureness(NOTHING) == 0
    steady = opinions.steadiness([0.2, 0.2, 0.1, 0.2, 0.4], around=1)
    assert steady == pytest.approx([1, 1, 0.5, 1, 0.75], abs=1e-3)  # against 0.2, 0.2, 0.2, 0.2, 0.3
    assert opinions.steadiness([0.0, 0.0], around=1) == [1, 1]


def test_trust_is_one_for_a_sure_and_steady_truth() -> None:
    sure, grey = Features(0.8, True, 1.0, 0.2), Features(0.8, True, 0.5, 0.2)
    assert trusted([sure] * 3) == pytest.approx([1, 1, 1])
    expected = trusted([sure, sure, grey, Features(0.8, True, 1.0, 0.1)])
    assert expected[0] > expected[2], "grey where the opinions differ"
    assert expected[0] > expected[3], "half of it gone"
    assert min(expected) > 0.5


def test_a_frame_much_worse_than_its_neighbours_teaches_nothing() -> None:
    clip = make_clip(9, 96, 128)
    truth = [mask.astype(np.float32) for mask in clip.truth]
    gone = [m * (i < 6) for i, m in enumerate(truth)]  # the target loses all but a corner of it
    for m, whole in zip(gone[6:], clip.truth[6:], strict=True):
        rows, columns = np.nonzero(whole)
        m[rows.min() : rows.min() + 4, columns.min() : columns.min() + 4] = 1
    mining = mine(clip_evidence(gone, gone, clip.frames), agree=0.0, least=0.0)
    assert {m.index for m in mining.mined} <= set(range(6))
    assert "a frame near by has" in mining.verdicts[8].why
    assert any(m.index >= 6 for m in mine(clip_evidence(gone, gone, clip.frames), agree=0.0, near=1.0, least=0.0).mined)


def test_box_holds_the_large_parts() -> None:
    saliency = np.maximum(box(10, 20, 20, 30), box(35, 0, 36, 1))  # an object and a speck
    found = opinions.object_box(saliency, 0.2)
    assert found is not None
    assert (found.left, found.top, found.right, found.bottom) == (17, 7, 33, 23)
    assert opinions.object_box(NOTHING, 0.2) is None


def test_a_closer_look_sees_the_crop_alone() -> None:
    student = build("students", "lite", Runtime(), weights="none", size=64)
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (40, 60, 3)).astype(np.uint8)
    look = opinions.CloserLook([student], 0.2, Runtime())
    seen = look(rgb, box(10, 20, 20, 30))
    assert seen[7:23, 17:33].min() > 0
    assert np.count_nonzero(seen) == 16 * 16
    other = rgb.copy()
    other[:7], other[23:] = 0, 0
    assert np.array_equal(look(other, box(10, 20, 20, 30)), seen), "what is outside does not matter"
    assert look(rgb, NOTHING).max() == 0
    around = np.maximum(box(10, 20, 20, 30), box(35, 0, 36, 1))
    copied = look(rgb, around, copy_outside=True)
    assert np.array_equal(copied[7:23, 17:33], seen[7:23, 17:33])
    assert copied[35, 0] == 1, "the speck outside the box stays"


def clip_evidence(target: list[Map], motion: list[Map], frames: np.ndarray) -> Evidence:
    return Evidence([Frame.of(rgb, i) for i, rgb in enumerate(frames)], target, motion)


def mine(evidence: Evidence, **options: Any) -> Mining:
    return build("miners", "trust", Runtime(), size=96, **options).mine(evidence)


def test_frames_where_opinions_agree_are_trusted() -> None:
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


def test_truths_of_mined_frames_are_what_the_miner_says_of_them() -> None:
    clip = make_clip(4, 96, 128)
    truth = [mask.astype(np.float32) for mask in clip.truth]
    evidence = clip_evidence(truth, truth, clip.frames)
    miner = build("miners", "trust", Runtime(), size=96)
    mined = miner.mine(evidence).mined
    assert mined
    assert isinstance(miner, MakesTruth)
    for m in mined:  # other batches round otherwise
        assert np.abs(m.truth - miner.truth(evidence, m.index)).max() < 0.02


def test_frames_without_motion_count_only_where_there_is_no_other() -> None:
    clip = make_clip(9, 96, 128)
    truth = [mask.astype(np.float32) for mask in clip.truth]
    silent = [np.zeros_like(m) if i >= 3 else m for i, m in enumerate(truth)]
    mining = mine(clip_evidence(truth, silent, clip.frames))
    assert {m.index for m in mining.mined} <= {0, 1, 2}
    assert mining.mined
    assert "nothing moves here" in mining.verdicts[5].why
    assert mining.verdicts[2].why.endswith("rivals: none"), "who is not to be learnt from is nobody's rival"
    everywhere = mine(clip_evidence(truth, [np.zeros_like(m) for m in truth], clip.frames), weights="lite")
    assert any(m.index >= 3 for m in everywhere.mined)


def test_nobody_who_agrees_means_no_frame() -> None:
    clip = make_clip(4, 96, 128)
    silent = [np.zeros((96, 128), np.float32)] * 4
    assert mine(clip_evidence(silent, silent, clip.frames), least=0.9).mined == ()
    with pytest.raises(ConfigError, match=r"trust\.B"):
        build("miners", "trust", B=0)


def test_the_fuser_looks_closer() -> None:
    fuser = build("fusers", "consensus", Runtime())
    assert isinstance(fuser, FusesPictures)
    clip = make_clip(3, 96, 128)
    truth = clip.truth[1].astype(np.float32)
    blunt = np.clip(truth + 0.4, 0, 1).astype(np.float32)
    fused = fuser.fuse_picture(clip.frames[1], blunt, truth, blunt)
    assert fused[clip.truth[1]].mean() > 0.8
    assert fused[~clip.truth[1]].mean() < 0.05
    still = fuser.fuse_picture(clip.frames[1], truth, np.zeros_like(truth), truth)
    assert still[clip.truth[1]].mean() > 0.8, "what stands still is kept"


def columns(start: int, stop: int) -> Map:
    saliency = np.zeros((40, 60), np.float32)
    saliency[10:30, start:stop] = 1
    return saliency


@pytest.mark.parametrize(
    ("boosted", "motion", "apart", "moving"),
    [
        (columns(10, 30), columns(10, 30), 0.0, 0.1 / 1.1),  # nothing is taken away
        (columns(10, 20), columns(10, 30), 0.5, 1.0),  # what is taken away moves as the rest does
        (columns(10, 20), columns(10, 20), 0.5, 0.1 / 1.1),  # it stands still
        (columns(10, 20), columns(10, 15), 0.5, 0.1 / 0.6),
        (columns(10, 20), columns(0, 0), 0.5, 1.0),  # nothing moves: no sign at all
        (columns(30, 40), columns(30, 40), 1.0, 0.1 / 1.1),
    ],
)
def test_signs_by_hand(boosted: Map, motion: Map, apart: float, moving: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BLUR", 0.01)  # none
    found = gate.features_of([columns(10, 30)] * 3, [boosted] * 3, [motion] * 3)
    assert found["apart"] == pytest.approx(apart, abs=1e-4)
    assert found["moving"] == pytest.approx(moving, abs=1e-3)


def test_a_rim_moves_with_what_it_is_the_rim_of() -> None:
    inner, whole = columns(10, 26), columns(8, 28)
    rim, part = (gate.features_of([whole], [kept], [inner])["moving"] for kept in (inner, columns(10, 18)))
    assert 0.5 < rim < 1, "motion was drawn a little too small"
    assert part > rim


def test_what_is_taken_away_decides() -> None:
    assert gate.expected_gain({"apart": 0.0, "moving": 1.0}) == 0
    assert gate.expected_gain({"apart": 0.5, "moving": 0.1}) > gate.ACCEPT
    assert gate.expected_gain({"apart": 0.5, "moving": 1.0}) < 0
    assert gate.expected_gain({"apart": 1.0, "moving": 0.2}) == pytest.approx(
        gate.WORTH * (gate.EVEN + gate.LENIENCE - 0.2)
    )


@pytest.mark.parametrize(
    ("gain", "kept"),
    [
        (gate.ACCEPT, "boosted"),
        (gate.REJECT, "baseline"),
        ((gate.ACCEPT + gate.REJECT) / 2, "blend"),
        (-1, "baseline"),
    ],
)
def test_judgement(gain: float, kept: str) -> None:
    found, why = gate.decide(gain)
    assert found == kept
    assert f"{gain:+.3f}" in why


def test_choice() -> None:
    a, b = box(0, 0, 1, 1), box(0, 0, 1, 1, 0.5)
    assert gate.chosen("boosted", a, b) is b
    assert gate.chosen("baseline", a, b) is a
    assert gate.chosen("blend", a, b)[0, 0] == 0.75


def run(folder: Path, frames: np.ndarray, maps: np.ndarray, *settings: str) -> Result:
    clip, given = write_pictures(folder / "clip", frames), write_maps(folder / "maps", maps)
    quick = ("train.size=160", "train.epochs=2", "trust.size=160")
    return boost(clip, f"maps:{given}", "default", folder / "out", settings=[*quick, *settings])


def test_the_gate_keeps_what_is_good_and_says_why(tmp_path: Path) -> None:
    clip = make_clip(8, 160, 240)
    kept = run(tmp_path / "good", clip.frames, clip.truth)
    assert kept.decisions[0].choice == "baseline"
    assert all(np.array_equal(a, b) for a, b in zip(kept.maps, clip.truth, strict=True))
    assert set(kept.record["decisions"][0]["features"]) == {"apart", "moving"}
    assert "boosting would probably not help" in kept.decisions[0].why
    rng = np.random.default_rng(0)
    poor = np.stack([np.roll(m, int(rng.integers(-60, 60)), 1) for m in clip.truth])
    changed = run(tmp_path / "poor", clip.frames, poor)
    assert changed.decisions[0].choice != "baseline"


def test_the_gate_can_be_left_out(tmp_path: Path) -> None:
    clip = make_clip(6, 96, 128)
    result = run(tmp_path, clip.frames, clip.truth, "recipe.gate=off")
    assert result.decisions[0].choice == "boosted"
    assert not result.decisions[0].features
    with pytest.raises(ConfigError, match=r"recipe\.gate 'maybe'"):
        find_recipe("default", ["recipe.gate=maybe"])


def test_a_clip_without_any_object_keeps_the_baseline(tmp_path: Path) -> None:
    clip = make_clip(6, 96, 128, still=True)
    result = run(tmp_path, clip.frames, np.zeros((6, 96, 128), bool), "trust.least=0.6")
    assert result.decisions[0].choice == "baseline"
    assert max(m.max() for m in result.maps) == 0


def test_what_never_moves_is_not_lost(tmp_path: Path) -> None:
    clip = make_clip(6, 96, 128, still=True)
    result = run(tmp_path, clip.frames, clip.truth)
    for saliency, truth in zip(result.maps, clip.truth, strict=True):
        assert saliency[truth].mean() > 0.7
        assert saliency[~truth].mean() < 0.1


def test_a_cut_in_the_middle_makes_two_judgements(tmp_path: Path) -> None:
    before, after = make_clip(8, 160, 240), make_clip(8, 160, 240, seed=3)
    elsewhere = np.where(after.truth[..., None], after.frames, 255 - after.frames)
    frames, truth = np.concatenate([before.frames, elsewhere]), np.concatenate([before.truth, after.truth])
    rng = np.random.default_rng(0)
    poor = [np.roll(m, int(rng.integers(-60, 60)), 1) for m in truth[8:]]  # the second shot alone is to be mended
    result = run(tmp_path, frames, np.concatenate([truth[:8], poor]))
    assert [(d.start, d.stop) for d in result.decisions] == [(0, 8), (8, 16)]
    assert result.decisions[0].choice == "baseline"
    assert result.decisions[1].choice != "baseline"
    assert any(i < 8 for i in result.mined)
    assert any(i >= 8 for i in result.mined)


def crowd(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Four objects in one scene, one of which goes the other way."""
    clip = make_clip(frames, 160, 240)
    pictures, truth = clip.frames.copy(), clip.truth.copy()
    for seed, shift, way in ((1, (45, 60), 1), (2, (-40, 90), -1), (4, (-45, -30), 1)):
        other = make_clip(frames, 160, 240, seed=seed)
        rgb, mask = (np.roll(x[::way], shift, (1, 2)) for x in (other.frames, other.truth))
        pictures[mask] = rgb[mask]
        truth |= mask
    return pictures, truth


def test_nobody_in_a_crowd_is_lost(tmp_path: Path) -> None:
    """The networks see one of these objects alone; who saw them all is not overruled."""
    frames, truth = crowd(8)
    result = run(tmp_path, frames, truth)
    features = result.decisions[0].features
    assert features["apart"] > 0.5, "the boosted maps have lost most of them"
    assert result.decisions[0].choice == "baseline"


DAMAGE = ROOT / "examples" / "damage_truth.py"


@pytest.mark.skipif(not DAMAGE.exists(), reason="the examples are not here")
def test_damaged_truth_is_good_but_for_some_frames() -> None:
    damaged = runpy.run_path(str(DAMAGE))["damaged"]
    clip = make_clip(60, 96, 128)
    drawn = list(damaged((m.astype(np.float32) for m in clip.truth), np.random.default_rng(0)))
    quality = [s_measure(m, truth) for m, truth in zip(drawn, clip.truth, strict=True)]
    assert 0.9 < np.median(quality) < 0.99
    assert min(quality) < 0.85
