"""Frames come out right and in order from every kind of source, and bad sources are named."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from made import write_film, write_pictures

from boostvsod.errors import InputError
from boostvsod.media.sources import find_videos
from boostvsod.media.synthetic import Clip, make_clip
from boostvsod.media.video import Video


@pytest.mark.parametrize(
    ("suffix", "code"), [("mp4", "mp4v"), ("avi", "MJPG"), ("mov", "mp4v"), ("mkv", "mp4v"), ("webm", "VP90")]
)
def test_containers(tmp_path: Path, clip: Clip, suffix: str, code: str) -> None:
    video = Video.open(write_film(tmp_path / f"a.{suffix}", clip.frames, 12.5, code))
    assert len(video) == len(clip.frames)
    assert video.shape == (48, 64)
    assert video.fps == Fraction(25, 2)
    assert video.names[:2] == ("00000", "00001")
    for frame, rgb in zip(video, clip.frames, strict=True):
        assert np.abs(frame.rgb.astype(int) - rgb).mean() < 16, "lossy, but the same picture, in RGB"


def test_broadcast_rates_are_exact(tmp_path: Path, clip: Clip) -> None:
    path = write_film(tmp_path / "a.mp4", clip.frames, 30)
    data = bytearray(path.read_bytes())
    timescale, delta = data.index(b"mdhd") + 4 + 12, data.index(b"stts") + 4 + 12
    data[timescale : timescale + 4] = struct.pack(">I", 30000)  # the writer itself rounds to three digits
    data[delta : delta + 4] = struct.pack(">I", 1001)
    path.write_bytes(data)
    assert Video.open(path).fps == Fraction(30000, 1001)


def test_gif(tmp_path: Path, clip: Clip) -> None:
    path = tmp_path / "a.gif"
    animation = cv2.Animation()
    animation.frames = [np.dstack([f[..., ::-1], np.full(f.shape[:2], 255, np.uint8)]) for f in clip.frames]
    animation.durations = [100] * len(clip.frames)
    assert cv2.imwriteanimation(str(path), animation)
    video = Video.open(path)
    assert len(video) == len(clip.frames)
    assert abs(float(video.fps) - 10) < 0.5


def test_random_access_gives_the_frames_of_the_scan(tmp_path: Path) -> None:
    video = Video.open(write_film(tmp_path / "a.mp4", make_clip(60, 48, 64).frames))
    scanned = [rgb.copy() for rgb, _ in video._reader.scan()]
    for i in (40, 3, 59, 0, 30, 31, 7, 58, 57, 1):
        assert np.array_equal(video[i].rgb, scanned[i]), f"frame {i}"


def test_an_index_is_restored(tmp_path: Path, clip: Clip) -> None:
    path = write_film(tmp_path / "a.mp4", clip.frames)
    first, second = Video.open(path), Video.open(path)
    second.restore(first.index_as_dict())
    assert second.index == first.index
    assert np.array_equal(second[7].rgb, first[7].rgb)


def test_variable_frame_rate_is_noted(tmp_path: Path, clip: Clip) -> None:
    path = tmp_path / "a.gif"
    animation = cv2.Animation()
    animation.frames = [np.dstack([f[..., ::-1], np.full(f.shape[:2], 255, np.uint8)]) for f in clip.frames]
    animation.durations = [50] * 6 + [400] * 6
    cv2.imwriteanimation(str(path), animation)
    assert any("variable frame rate" in note for note in Video.open(path).index.notes)


def test_rotation_metadata_turns_the_frames(tmp_path: Path, clip: Clip) -> None:
    path = write_film(tmp_path / "a.mp4", clip.frames)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # version 0: flags, times, id, reserved, duration, layer ... then 3x3
    upright = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    data[matrix : matrix + 36] = upright
    path.write_bytes(data)
    video = Video.open(path)
    assert video.shape == (64, 48)
    assert any("rotated" in note for note in video.index.notes)


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


def test_shots_are_found_and_split_evenly() -> None:
    a, b = make_clip(30, 48, 64, seed=1).frames, make_clip(25, 48, 64, seed=2).frames[..., ::-1] // 2
    video = Video.open(np.concatenate([a, b]))
    assert video.shots() == [(0, 30), (30, 55)]
    pieces = [(p.start, p.stop) for p in video.pieces(12)]
    assert pieces == [(0, 10), (10, 20), (20, 30), (30, 38), (38, 46), (46, 55)]


def test_windows_and_flow_stay_inside_the_shot() -> None:
    a, b = make_clip(6, 48, 64, seed=1).frames, make_clip(6, 48, 64, seed=2).frames[..., ::-1] // 2
    first, second = Video.open(np.concatenate([a, b])).pieces(100)
    assert [f.index for f in first.window(5, 5).frames] == [3, 4, 5, 5, 5]
    assert [f.index for f in second.window(0, 4).frames] == [6, 6, 7, 8]
    assert second.window(0, 4).frame.index == 6
    partners = [p.partner(i) for p, i in ((first, 0), (first, 5), (second, 5))]
    assert [p.index for p in partners if p] == [1, 4, 10]


def test_folders_of_videos(tmp_path: Path, clip: Clip) -> None:
    write_film(tmp_path / "b10.mp4", clip.frames)
    write_film(tmp_path / "b9.mp4", clip.frames)
    write_pictures(tmp_path / "c", clip.frames)
    assert [Path(p).name for p in find_videos(str(tmp_path))] == ["b9.mp4", "b10.mp4", "c"]
    assert find_videos(str(tmp_path / "c")) == [str(tmp_path / "c")]


def bad(folder: Path, clip: Clip, kind: str) -> str:
    """Make a bad source; returns how it is named."""
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
    """The index in front and half the frames gone: what an interrupted download of a streamable file leaves."""
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
