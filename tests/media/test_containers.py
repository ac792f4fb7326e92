"""A film is called truncated or damaged only where that is known; other counts of frames are estimates."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from made import write_film

from boostvsod.errors import InputError
from boostvsod.media.containers import counts_exactly, cut_short, is_text
from boostvsod.media.synthetic import Clip
from boostvsod.media.video import Video

CODES = {"mp4": "mp4v", "avi": "MJPG", "mkv": "mp4v", "webm": "VP90"}


def film(folder: Path, clip: Clip, suffix: str) -> Path:
    return write_film(folder / f"a.{suffix}", clip.frames, 25, CODES[suffix])


@pytest.mark.parametrize("suffix", CODES)
def test_whole_films_are_whole(tmp_path: Path, clip: Clip, suffix: str) -> None:
    path = film(tmp_path, clip, suffix)
    assert not cut_short(path)
    assert counts_exactly(path) == (suffix == "mp4")
    assert not is_text(path)


@pytest.mark.parametrize("suffix", ["mkv", "webm", "avi"])
def test_cut_films_are_truncated(tmp_path: Path, clip: Clip, suffix: str) -> None:
    path = film(tmp_path, clip, suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert cut_short(path)
    with pytest.raises(InputError, match=r"truncated|cannot be opened|no frame"):
        Video.open(path).scan()


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_an_estimate_of_the_frames_is_no_promise(tmp_path: Path, clip: Clip, suffix: str) -> None:
    """A film of a variable frame rate states a length, from which FFmpeg estimates far too many frames."""
    path = film(tmp_path, clip, suffix)
    data = bytearray(path.read_bytes())
    place = data.index(b"\x44\x89\x88") + 3
    (length,) = struct.unpack_from(">d", data, place)
    struct.pack_into(">d", data, place, 3 * length)
    path.write_bytes(data)
    assert len(Video.open(path)) == len(clip.frames)


def test_an_edit_list_may_hide_frames(tmp_path: Path, clip: Clip) -> None:
    """A film that was cut without encoding still holds all frames."""
    path = film(tmp_path, clip, "mp4")
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 4 + 8
    (length,) = struct.unpack_from(">I", data, place)
    struct.pack_into(">I", data, place, length // 3)
    path.write_bytes(data)
    assert not counts_exactly(path)
    assert 0 < len(Video.open(path)) < len(clip.frames)


def test_a_film_with_a_hole_is_damaged(tmp_path: Path, clip: Clip) -> None:
    path = film(tmp_path, clip, "mp4")
    data = bytearray(path.read_bytes())
    start, stop = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[start + (stop - start) // 2 : stop] = bytes(stop - start - (stop - start) // 2)
    path.write_bytes(data)
    with pytest.raises(InputError, match="it is damaged"):
        Video.open(path).scan()


@pytest.mark.parametrize("name", [b"a\xff.mp4", b"a\xff\xfe", b"concat:a|b.mp4"])
def test_any_name_can_be_opened(tmp_path: Path, clip: Clip, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(film(tmp_path, clip, "mp4").read_bytes())
    assert len(Video.open(path)) == len(clip.frames)


def test_a_text_is_no_film(tmp_path: Path, clip: Clip) -> None:
    """FFmpeg would open the files that such a list names."""
    film(tmp_path, clip, "mp4")
    path = tmp_path / "list.mp4"
    path.write_bytes(b"ffconcat version 1.0\nfile a.mp4\n")
    with pytest.raises(InputError, match="it is a text file"):
        Video.open(path).scan()
