"""Maps in folders as a target."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from made import QUICK, write_maps

from boostvsod import boost
from boostvsod.errors import InputError
from boostvsod.media.synthetic import Clip


def test_maps_are_found_by_name(pictures: Path, maps: Path, tmp_path: Path, clip: Clip) -> None:
    result = boost(pictures, f"maps:{maps}", "none", tmp_path / "out")
    assert all(np.array_equal(m > 0.5, t) for m, t in zip(result.maps, clip.truth, strict=True))
    assert result.notes == ()


def test_maps_may_lie_under_the_videos_name(pictures: Path, tmp_path: Path, clip: Clip) -> None:
    write_maps(tmp_path / "all" / "walk", clip.truth)
    assert len(boost(pictures, f"maps:{tmp_path / 'all'}", "none", tmp_path / "out").maps) == 12


def test_a_missing_last_map_repeats_its_neighbour_with_a_note(pictures: Path, maps: Path, tmp_path: Path) -> None:
    (maps / "00011.png").unlink()
    result = boost(pictures, f"maps:{maps}", "none", tmp_path / "out")
    assert np.array_equal(result.maps[11], result.maps[10])
    assert any("the last frame, 00011, has no map" in note for note in result.notes)


def test_maps_with_other_names_are_taken_in_order_with_a_note(pictures: Path, tmp_path: Path, clip: Clip) -> None:
    folder = write_maps(tmp_path / "m", clip.truth, [f"out_{i + 1}" for i in range(12)])
    result = boost(pictures, f"maps:{folder}", "none", tmp_path / "out")
    assert np.array_equal(result.maps[9] > 0.5, clip.truth[9])
    assert any("used in order" in note for note in result.notes)


def test_maps_of_another_size_are_resized_with_a_note(pictures: Path, tmp_path: Path, clip: Clip) -> None:
    folder = write_maps(tmp_path / "m", clip.truth[:, ::2, ::2])
    result = boost(pictures, f"maps:{folder}", "none", tmp_path / "out")
    assert result.maps[0].shape == (48, 64)
    assert any("32x24 are resized to the frames' 64x48" in note for note in result.notes)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", "11 maps for 12 frames; 1 frames without a map, the first is '00004'"),
        ("extra", "13 maps for 12 frames; 1 maps without a frame, the first is '99999'"),
        ("nothing", "no picture in it"),
        ("nowhere", "there is no such folder"),
        ("damaged", r"00002\.png cannot be decoded"),
    ],
)
def test_bad_map_folders_are_named_and_leave_nothing(
    pictures: Path, maps: Path, tmp_path: Path, fault: str, message: str
) -> None:
    folder = maps
    match fault:
        case "missing":
            (maps / "00004.png").unlink()
        case "extra":
            cv2.imwrite(str(maps / "99999.png"), np.zeros((48, 64), np.uint8))
        case "nothing":
            folder = tmp_path / "empty"
            folder.mkdir()
        case "nowhere":
            folder = tmp_path / "nowhere"
        case "damaged":
            (maps / "00002.png").write_bytes(b"\x89PNG no more")
    with pytest.raises(InputError, match=message):
        boost(pictures, f"maps:{folder}", out=tmp_path / "out", settings=QUICK)
    assert not (tmp_path / "out").exists()
