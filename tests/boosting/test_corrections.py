"""Masks that a user drew: they are learnt, carried to their neighbours, kept, and change no other piece."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from made import FORCED, call, sets, write_pictures

from boostvsod import boost, build
from boostvsod.boosting.corrections import BY_HAND, REACH, REPEATS, Corrections, repeated_and_carried
from boostvsod.errors import ConfigError, InputError
from boostvsod.kinds import Mined
from boostvsod.media.maps import soft_iou
from boostvsod.media.synthetic import Clip, make_clip
from boostvsod.media.video import Video


def test_masks_are_repeated_and_carried_to_their_neighbours() -> None:
    clip = make_clip(12, 96, 128)
    piece = Video.open(clip.frames).pieces(100)[0]
    mask = clip.truth[6].astype(np.float32)
    mined = [Mined(i, np.zeros_like(mask), 0.5, "mined") for i in (0, 6, 8)]
    truths = repeated_and_carried(piece, mined, {6: mask}, build("flows", "dis"))
    near = [i for i in range(6 - REACH, 7 + REACH) if i != 6]
    assert [m.index for m in truths] == sorted([0, *near, *([6] * REPEATS)])
    for truth in truths:
        if truth.index in near:
            expected = clip.truth[truth.index].astype(np.float32)
            moved, left = (soft_iou(each, expected, empty=1.0) for each in (truth.truth, mask))
            assert moved > left + 0.05 * (abs(truth.index - 6) == REACH) - 1e-6, (
                f"frame {truth.index}: the mask moves with the object"
            )


def test_a_corrected_run(pictures: Path, maps: Path, tmp_path: Path, clip: Clip) -> None:
    """The mask is the final map of its frame, others change too, and target and motion are not computed again."""
    out = tmp_path / "o"
    before = boost(pictures, f"maps:{maps}", out=out, settings=FORCED)
    old = [np.array(saliency) for saliency in before.maps]
    mask = np.zeros((48, 64), np.float32)
    mask[10:30, 10:40] = 1
    after = boost(pictures, f"maps:{maps}", out=out, settings=FORCED, masks={5: mask})
    assert np.array_equal(after.maps[5], mask)
    assert not np.array_equal(after.maps[6], old[6])
    assert after.record["frames"][5]["why"] == BY_HAND
    assert after.decisions[0].why.endswith(f"1 of them {BY_HAND}")
    same = {stage: before.record["stages"][stage] == after.record["stages"][stage] for stage in before.record["stages"]}
    assert same == {"target": True, "motion": True, "student": False, "fused": False, "final": False}
    assert boost(pictures, f"maps:{maps}", out=out, settings=FORCED, masks={5: mask > 0}).reused, "the same mask"
    assert not boost(pictures, f"maps:{maps}", out=out, settings=FORCED).reused


def test_other_pieces_stay_as_they_are(pictures: Path, maps: Path, tmp_path: Path, clip: Clip) -> None:
    settings = (*FORCED, "recipe.buffer=6", "train.schedule=constant")
    before = boost(pictures, f"maps:{maps}", out=tmp_path / "o", settings=settings)
    old = [np.array(saliency) for saliency in before.maps]
    after = boost(pictures, f"maps:{maps}", out=tmp_path / "o", settings=settings, masks={2: clip.truth[2]})
    assert all(np.array_equal(a, b) for a, b in zip(old[6:], after.maps[6:], strict=True))
    assert after.decisions[1] == before.decisions[1]
    assert not np.array_equal(old[3], after.maps[3])


def test_a_mask_on_the_command_line(pictures: Path, maps: Path, tmp_path: Path, clip: Clip) -> None:
    fixed = tmp_path / "fixed.png"
    cv2.imwrite(str(fixed), clip.truth[4] * np.uint8(255))
    words = ["run", pictures, "--target", f"maps:{maps}", "-o", tmp_path / "o", *sets(FORCED)]
    done = call(*words, "--mask", f"00004={fixed}")
    assert done.exit_code == 0, done.output
    assert f"1 of them {BY_HAND}" in done.stderr
    refused = call(*words, "--mask", f"last={fixed}")
    assert refused.exit_code == 2
    assert "expected FRAME=FILE" in refused.stderr


@pytest.mark.parametrize(
    ("number", "mask", "message"),
    [
        (40, np.ones((48, 64), bool), "frames 0 to 11"),
        (4, np.ones((64, 48), bool), "48x64, and the frame is 64x48"),
        (4, np.full((48, 64), 2.0), r"outside of \[0, 1\]"),
        (4, np.ones((48, 64, 3), np.uint8), "expected booleans, bytes or floats"),
    ],
)
def test_bad_masks_are_refused(
    number: int, mask: np.ndarray, message: str, pictures: Path, maps: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        boost(pictures, f"maps:{maps}", out=tmp_path / "o", settings=FORCED, masks={number: mask})


def test_a_recipe_that_learns_nothing_takes_no_masks(clip: Clip, tmp_path: Path) -> None:
    frames = write_pictures(tmp_path / "in", clip.frames)
    with pytest.raises(ConfigError, match="learns nothing"):
        boost(frames, "classic", "none", tmp_path / "o", masks={0: clip.truth[0]})
    assert not Corrections().masks
