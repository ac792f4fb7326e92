"""What boostvsod wrote is not taken for input, and odd values of maps are reported."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
from made import call, write_film, write_maps, write_pictures

from boostvsod.errors import InputError
from boostvsod.media.sources import find_videos
from boostvsod.media.synthetic import Clip
from boostvsod.media.video import Video

NONE = ("--target", "classic", "--recipe", "none")


def test_results_in_the_folder_are_no_videos(tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / "a.mp4", clip.frames[:3])
    write_pictures(tmp_path / "b", clip.frames[:3])
    monkeypatch.chdir(tmp_path)
    before = find_videos(".")
    assert [Path(p).name for p in before] == ["a.mp4", "b"]
    for arguments in (
        ("run", "--video", ".", *NONE),
        ("run", "--video", "a.mp4", *NONE, "-o", "boosted", "--save", "maps,mask,overlay"),
        ("predict", "b", "--target", "classic", "-o", "maps"),
        ("flow", "b", "-o", "flow", "--format", "png"),
    ):
        done = call(*arguments)
        assert done.exit_code == 0, done.output
        assert find_videos(".") == before, arguments


def test_a_video_s_own_results_in_its_folder_are_no_frames(tmp_path: Path, clip: Clip) -> None:
    folder = write_pictures(tmp_path / "walk", clip.frames[:3])
    for arguments in (("run", "--video", folder, *NONE, "-o", folder), ("explain", folder)):
        done = call(*arguments)
        assert done.exit_code == 0, done.output
    assert (folder / "explain.png").is_file()
    assert Video.open(folder).names == ("00000", "00001", "00002")
    assert find_videos(str(tmp_path)) == [str(folder)]


def test_folders_without_pictures_are_reported(tmp_path: Path, clip: Clip, caplog: pytest.LogCaptureFixture) -> None:
    write_pictures(tmp_path / "b", clip.frames[:3])
    (tmp_path / "notes").mkdir()
    with caplog.at_level(logging.WARNING, "boostvsod"):
        assert find_videos(str(tmp_path)) == [str(tmp_path / "b")]
    assert "left out 1 folders without pictures: notes" in caplog.text
    (tmp_path / "only" / "notes").mkdir(parents=True)
    with pytest.raises(InputError, match="neither pictures nor videos"):
        find_videos(str(tmp_path / "only"))


def test_maps_of_zeros_and_ones_are_reported(tmp_path: Path, clip: Clip) -> None:
    pictures = write_pictures(tmp_path / "walk", clip.frames[:3])
    maps = tmp_path / "maps"
    write_maps(maps, clip.truth[:3])
    for path in maps.iterdir():
        cv2.imwrite(str(path), np.asarray(cv2.imread(str(path), 0) != 0, np.uint8))
    done = call("run", "--video", pictures, "--target", f"maps:{maps}", "--recipe", "none", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "save it as 0 and 255" in done.stderr
