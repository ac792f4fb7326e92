"""Readers, which decode frame i of a video as RGB: from picture files, from a video file, or from an array."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

# Both are set before cv2 opens a file. Our own error message is enough, and a video opens no address.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file")
import cv2
import numpy as np

from boostvsod.errors import InputError
from boostvsod.errors.text import printable
from boostvsod.kinds import Rgb
from boostvsod.media.archive import File
from boostvsod.media.containers import counts_exactly, cut_short, is_text
from boostvsod.media.images import decode_rgb
from boostvsod.media.paths import opencv_path

MISSING_SHARE = 0.02  # containers miscount by a frame or two; a greater loss means that frames are damaged


class Reader(Protocol):
    """Decodes any frame by its number, or all frames in one pass."""

    def scan(self) -> Iterator[tuple[Rgb, float | None]]:
        """Every frame in order, with its time in seconds; None if the source has no times."""
        ...

    def read(self, i: int) -> Rgb:
        """Frame i."""
        ...


class Pictures:
    """A reader of picture files, one per frame."""

    def __init__(self, files: Sequence[File]) -> None:
        self.files = files

    def read(self, i: int) -> Rgb:
        return decode_rgb(self.files[i].read(), str(self.files[i]))

    def scan(self) -> Iterator[tuple[Rgb, None]]:
        return ((self.read(i), None) for i in range(len(self.files)))


class Array:
    """A reader of frames in memory, T x H x W x 3 bytes."""

    def __init__(self, frames: Sequence[Rgb]) -> None:
        self.frames = frames

    def read(self, i: int) -> Rgb:
        return self.frames[i]

    def scan(self) -> Iterator[tuple[Rgb, None]]:
        return ((frame, None) for frame in self.frames)


class VideoFile:
    """A reader of video files, which FFmpeg decodes. OpenCV rotates frames by the file's rotation metadata.

    Seeking in compressed video is unreliable: containers and decoders disagree about frame numbers. Therefore
    `scan` stores a checksum of every frame. After a seek, the decoded frame must have the right checksum;
    otherwise the file is decoded again from its start.
    """

    def __init__(self, path: Path, checksums: Sequence[int] = ()) -> None:
        self.path = path
        self.shown = printable(path)  # for messages
        self.checksums: list[int] = list(checksums)
        self.next = 0  # number of the frame that `capture` decodes next

    @cached_property
    def capture(self) -> cv2.VideoCapture:
        """The decoder, opened on first use."""
        return self._open()

    def _open(self) -> cv2.VideoCapture:
        try:
            size = self.path.stat().st_size
            text = size > 0 and is_text(self.path)
        except OSError as error:
            raise InputError(f"cannot read {self.shown}: {error.strerror}") from error
        if size == 0:
            raise InputError(f"{self.shown} is empty (0 bytes)")
        if text:
            raise InputError(f"{self.shown} cannot be opened as a video: it is a text file ({size} bytes)")
        with opencv_path(self.path) as path:
            capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise InputError(f"{self.shown} cannot be opened as a video ({size} bytes); is it damaged?")
        return capture

    @property
    def fps(self) -> float:
        return float(self.capture.get(cv2.CAP_PROP_FPS))

    @property
    def rotation(self) -> int:
        return int(self.capture.get(cv2.CAP_PROP_ORIENTATION_META))

    def scan(self) -> Iterator[tuple[Rgb, float | None]]:
        self._rewind()
        promised = int(self.capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.checksums = []
        while (rgb := self._decode()) is not None:
            self.checksums.append(_checksum(rgb))
            yield rgb, float(self.capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        self._check_complete(promised, len(self.checksums))

    def _check_complete(self, promised: int, decoded: int) -> None:
        """Refuse a file that lacks frames, as far as that can be known: many containers only estimate their count."""
        if not decoded or decoded >= promised:
            return
        problem = f"{self.shown}: the file promises {promised} frames, but only {decoded} can be decoded"
        if cut_short(self.path):
            raise InputError(f"{problem}; it is truncated")
        if promised - decoded > max(2, MISSING_SHARE * promised) and counts_exactly(self.path):
            raise InputError(f"{problem}; it is damaged")

    def read(self, i: int) -> Rgb:
        if i != self.next and not self._seek(i):
            self._rewind()
            while self.next < i and self.capture.grab():
                self.next += 1
        rgb = self._decode()
        if rgb is None:
            raise InputError(f"{self.shown}: frame {i} could be decoded before, but not now; did the file change?")
        return rgb

    def _seek(self, i: int) -> bool:
        """Move to frame i. Returns whether the checksum of the frame before it proves the position."""
        if i < 1 or not self.checksums:
            return False
        if 0 < i - self.next < 16:  # a few frames ahead: decoding them is faster than a seek
            while self.next < i and self.capture.grab():
                self.next += 1
            return self.next == i
        self.capture.set(cv2.CAP_PROP_POS_FRAMES, i - 1)
        self.next = i - 1
        before = self._decode()
        return before is not None and _checksum(before) == self.checksums[i - 1]

    def _decode(self) -> Rgb | None:
        try:
            done, bgr = self.capture.read()
        except cv2.error as error:  # frames that are too large to decode
            raise InputError(f"{self.shown}: frame {self.next} cannot be decoded ({_first_line(error)})") from error
        self.next += 1
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8) if done else None

    def _rewind(self) -> None:
        if self.next:
            self.capture.release()
            self.capture = self._open()
            self.next = 0


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _checksum(rgb: Rgb) -> int:
    return zlib.crc32(np.ascontiguousarray(rgb).data)
