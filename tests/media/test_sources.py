"""Sources of frames: films, folders, globs, lists and arrays. Bad ones are named."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from made import write_film, write_pictures

from boostvsod.errors import InputError
from boostvsod.media.sources import find_videos
from boostvsod.media.synthetic import Clip, make_clip
from boostvsod.media.video import Video


def test_pictures_come_in_natural_order(tmp_path: Path, clip: Clip) -> None:
    for i in (10, 9, 2, 1):
        cv2.imwrite(str(tmp_path / f"frame{i}.png"), clip.frames[i][..., ::-1])
    video = Video.open(tmp_path)
    assert video.names == ("frame1", "frame2", "frame9", "frame10")
    assert np.array_equal(video[3].rgb, clip.frames[10])


def test_glob_list_and_array_are_videos(pictures: Path, clip: Clip, tmp_path: Path) -> None:
    paths = sorted(pictures.iterdir())
    text = tmp_path / "list.txt"
    text.write_text("\n".join(str(p) for p in paths[::-1]))
    assert len(Video.open(str(pictures / "0000*.png"))) == 10
    assert Video.open(str(text)).names[0] == "00011"
    assert Video.open(paths[2:5]).names == ("00002", "00003", "00004")
    array = Video.open(clip.frames)
    assert np.array_equal(array[3].rgb, clip.frames[3])


@pytest.mark.parametrize("kind", ["grey", "alpha", "deep"])
def test_odd_pictures_become_rgb(tmp_path: Path, clip: Clip, kind: str) -> None:
    bgr = clip.frames[0][..., ::-1]
    alpha = np.full(bgr.shape[:2], 128, np.uint8)
    image = {"grey": bgr[..., 0], "alpha": np.dstack([bgr, alpha]), "deep": bgr.astype(np.uint16) * 257}[kind]
    cv2.imwrite(str(tmp_path / "a.png"), image)
    rgb = Video.open(tmp_path)[0].rgb
    assert rgb.dtype == np.uint8
    assert np.array_equal(rgb, np.dstack([clip.frames[0][..., 2]] * 3) if kind == "grey" else clip.frames[0])


def test_folders_of_videos(tmp_path: Path, clip: Clip) -> None:
    write_film(tmp_path / "b10.mp4", clip.frames)
    write_film(tmp_path / "b9.mp4", clip.frames)
    write_pictures(tmp_path / "c", clip.frames)
    assert [Path(p).name for p in find_videos(str(tmp_path))] == ["b9.mp4", "b10.mp4", "c"]
    assert find_videos(str(tmp_path / "c")) == [str(tmp_path / "c")]


def bad(folder: Path, clip: Clip, kind: str) -> str:
    """Make a bad source and return the name to open it by."""
    film = folder / "bad.mp4"
    if kind == "missing":
        return str(folder / "nowhere.mp4")
    if kind == "empty file":
        film.write_bytes(b"")
    elif kind == "not a video":
        film.write_bytes(b"hello, world" * 99)
    elif kind == "truncated":
        data = write_film(film, make_clip(60, 96, 128).frames).read_bytes()
        moov = data.index(b"moov") - 4
        film.write_bytes(_moov_first(data, moov))
    elif kind == "headless":
        data = write_film(film, clip.frames).read_bytes()
        film.write_bytes(data[: len(data) // 2])
    elif kind == "no picture":
        (folder / "note.md").write_text("x")
        return str(folder)
    else:
        return _bad_pictures(folder, clip, kind)
    return str(film)


def _moov_first(data: bytes, moov: int) -> bytes:
    """A film with its index in front and without half of its frames, as after an interrupted download."""
    head, index, body = data[:moov], data[moov:], data[:moov]
    shifted = bytearray(index)
    at = shifted.index(b"stco") + 8
    (count,) = struct.unpack(">I", shifted[at : at + 4])
    start = head.index(b"mdat") - 4
    for i in range(count):
        where = at + 4 + 4 * i
        (offset,) = struct.unpack(">I", shifted[where : where + 4])
        shifted[where : where + 4] = struct.pack(">I", offset + len(index))
    return bytes(body[:start] + shifted + body[start : start + (len(body) - start) // 2])


def _bad_pictures(folder: Path, clip: Clip, kind: str) -> str:
    frames = clip.frames[:, :, :1] if kind == "thin" else clip.frames
    write_pictures(folder, frames)
    if kind == "mixed sizes":
        cv2.imwrite(str(folder / "00005.png"), np.zeros((50, 50, 3), np.uint8))
    if kind == "damaged":
        (folder / "00006.png").write_bytes(b"\x89PNG broken")
    if kind == "same name":
        cv2.imwrite(str(folder / "00003.jpg"), clip.frames[0])
    return str(folder)


BAD = {
    "missing": "no such file or folder",
    "empty file": r"bad\.mp4 is empty \(0 bytes\)",
    "not a video": r"bad\.mp4 cannot be opened as a video",
    "headless": r"bad\.mp4 cannot be opened as a video",
    "truncated": r"promises 60 frames, but only \d+ can be decoded; it is truncated",
    "no picture": "no picture in it",
    "mixed sizes": r"frame '00005' is 50x50, the frames before it are 64x48",
    "thin": r"frame '00000' is 1x48; the smallest allowed size is 8x8",
    "damaged": r"00006\.png cannot be decoded",
    "same name": "two pictures are called '00003'",
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_sources_are_named(tmp_path: Path, clip: Clip, kind: str) -> None:
    with pytest.raises(InputError, match=BAD[kind]):
        Video.open(bad(tmp_path, clip, kind)).scan()
