"""Films: every frame in order, the frame rate, and random access."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from made import write_film

from boostvsod.kinds import Rgb
from boostvsod.media import readers
from boostvsod.media.images import decode_rgb
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
    data[timescale : timescale + 4] = struct.pack(">I", 30000)  # the writer rounds to three digits
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
    scanned = [rgb.copy() for rgb in video._reader.scan()]
    for i in (40, 3, 59, 0, 30, 31, 7, 58, 57, 1):
        assert np.array_equal(video._reader.read(i), scanned[i]), f"frame {i}"


def test_the_first_frames_are_decoded_once(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    decode = decode_rgb

    def counted(data: bytes, name: str) -> Rgb:
        decoded.append(name)
        return decode(data, name)

    monkeypatch.setattr(readers, "decode_rgb", counted)
    monkeypatch.setattr("boostvsod.media.video.KEPT", 5)
    video = Video.open(pictures)
    frames = [video[i].rgb for i in range(6)]
    assert len(decoded) == len(video) + 1, "the sixth frame is decoded again"
    assert all(np.array_equal(rgb, Video.open(pictures)[i].rgb) for i, rgb in enumerate(frames))


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
