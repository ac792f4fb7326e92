"""How several maps of one frame are combined, and the closer look at the object."""

from __future__ import annotations

import numpy as np
import pytest

from boostvsod import build
from boostvsod.kinds import FusesPictures, Map, Proposal
from boostvsod.media.maps import stretched, sureness
from boostvsod.media.synthetic import make_clip
from boostvsod.runtime import Runtime
from boostvsod_plugins import opinions

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


def test_a_map_without_an_object_is_left_out() -> None:
    shown, silent = box(10, 10, 20, 20, 0.8), box(0, 0, 40, 60, 0.1)
    assert np.array_equal(opinions.consensus([shown, silent]), stretched(shown))
    assert opinions.consensus([silent, NOTHING]).max() == 0


def test_sharpening_by_hand() -> None:
    x = np.array([[0.0, 0.2, 0.5, 1.0]], np.float32)
    assert opinions.sharpened(x, 2)[0].tolist() == pytest.approx([0, 0.04 / (0.04 + 0.64), 0.5, 1])
    assert np.allclose(opinions.sharpened(x, 1), x)


def test_agreement_by_hand() -> None:
    left, shifted = box(10, 10, 20, 30), box(10, 20, 20, 40)
    assert opinions.overlap(left, shifted) == pytest.approx(1 / 3)  # 10 of 30 columns
    assert opinions.agreement([left, left, shifted]) == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)
    assert opinions.agreement([left, NOTHING]) == 0, "there is no other map to agree with"
    assert opinions.overlap(NOTHING, NOTHING) == 0


def test_sureness_and_steadiness_by_hand() -> None:
    assert sureness(box(10, 10, 20, 20)) == pytest.approx(1)
    assert sureness(box(10, 10, 20, 20, 0.4)) == pytest.approx(0.4)
    assert sureness(NOTHING) == 0
    steady = opinions.steadiness([0.2, 0.2, 0.1, 0.2, 0.4], around=1)
    assert steady == pytest.approx([1, 1, 0.5, 1, 0.75], abs=1e-3)  # against 0.2, 0.2, 0.2, 0.2, 0.3
    assert opinions.steadiness([0.0, 0.0], around=1) == [1, 1]


def test_the_box_holds_the_large_parts() -> None:
    saliency = np.maximum(box(10, 20, 20, 30), box(35, 0, 36, 1))  # an object and a speck
    found = opinions.object_box(saliency, 0.2)
    assert found is not None
    assert (found.left, found.top, found.right, found.bottom) == (17, 7, 33, 23)
    assert opinions.object_box(NOTHING, 0.2) is None


def test_the_closer_look_sees_only_the_crop() -> None:
    student = build("students", "lite", Runtime(), weights="none", size=64)
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (40, 60, 3)).astype(np.uint8)
    look = opinions.CloserLook(student, 0.2, Runtime())
    output = look(rgb, box(10, 20, 20, 30))
    assert output[7:23, 17:33].min() > 0
    assert np.count_nonzero(output) == 16 * 16
    other = rgb.copy()
    other[:7], other[23:] = 0, 0
    assert np.array_equal(look(other, box(10, 20, 20, 30)), output), "the picture outside the crop does not matter"
    assert look(rgb, NOTHING).max() == 0
    around = np.maximum(box(10, 20, 20, 30), box(35, 0, 36, 1))
    copied = look(rgb, around, copy_outside=True)
    assert np.array_equal(copied[7:23, 17:33], output[7:23, 17:33])
    assert copied[35, 0] == 1, "the speck outside the box stays"


def test_the_fuser_uses_the_closer_look() -> None:
    fuser = build("fusers", "consensus", Runtime())
    assert isinstance(fuser, FusesPictures)
    clip = make_clip(3, 96, 128)
    truth = clip.truth[1].astype(np.float32)
    blunt = np.clip(truth + 0.4, 0, 1).astype(np.float32)
    fused = fuser.fuse_picture(clip.frames[1], blunt, truth, blunt)
    assert fused[clip.truth[1]].mean() > 0.8
    assert fused[~clip.truth[1]].mean() < 0.05
    still = fuser.fuse_picture(clip.frames[1], truth, np.zeros_like(truth), truth)
    assert still[clip.truth[1]].mean() > 0.8, "an object that stands still stays in the map"


def test_a_closer_look_begins_softly_inside_the_picture_and_fully_at_its_edges() -> None:
    share = opinions.feather(Proposal(0, 20, 50, 60, 1.0), (60, 100))
    assert share.shape == (40, 50)
    assert share[-1, 0] == 1, "the corner of the picture"
    assert share[20, 25] == 1, "the middle"
    assert share[0, 0] == pytest.approx(0.5 / (0.08 * 40)), "the upper edge of the box"
    assert (np.diff(share[:, 25]) >= 0).all()
    assert (np.diff(share[-1]) <= 0).all()
