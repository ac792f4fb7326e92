"""Where frames come from: picture files, a video file, or an array. Each hands out frame i as RGB."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # before cv2 opens a file: our own message is enough
import cv2
import numpy as np

from boostvsod.errors import InputError
from boostvsod.kinds import Rgb
from boostvsod.media.archive import File
from boostvsod.media.images import decode_rgb

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
MISSING_SHARE = 0.02  # containers miscount by a frame or two; losing more means a truncated file


class Reader(Protocol):
    """Random access to frames, and one pass over all of them with their times."""

    def scan(self) -> Iterator[tuple[Rgb, float | None]]:
        """Every frame in order, with its time in seconds where the source has times."""
        ...

    def read(self, i: int) -> Rgb: ...


class Pictures:
    """One picture file per frame."""

    def __init__(self, files: Sequence[File]) -> None:
        self.files = files

    def read(self, i: int) -> Rgb:
        return decode_rgb(self.files[i].read(), str(self.files[i]))

    def scan(self) -> Iterator[tuple[Rgb, None]]:
        return ((self.read(i), None) for i in range(len(self.files)))


class Array:
    """Frames already in memory, T H W 3 bytes."""

    def __init__(self, frames: Sequence[Rgb]) -> None:
        self.frames = frames

    def read(self, i: int) -> Rgb:
        return self.frames[i]

    def scan(self) -> Iterator[tuple[Rgb, None]]:
        return ((frame, None) for frame in self.frames)


class VideoFile:
    """A container that FFmpeg decodes. OpenCV turns the frames upright by their rotation metadata.

    Seeking in compressed video is unreliable: containers disagree with decoders about frame numbers.
    So the scan notes a checksum per frame, and a seek is believed only if the frame it lands on has
    the right one; else the file is decoded again from the start.
    """

    def __init__(self, path: Path, checksums: Sequence[int] = ()) -> None:
        self.path = path
        self.checksums: list[int] = list(checksums)
        self.next = 0  # the frame `capture` will decode next

    @cached_property
    def capture(self) -> cv2.VideoCapture:
        """Opened when first needed: naming a video costs nothing."""
        return self._open()

    def _open(self) -> cv2.VideoCapture:
        size = self.path.stat().st_size
        if size == 0:
            raise InputError(f"{self.path} is empty (0 bytes)")
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise InputError(f"{self.path} is not a video that can be opened ({size} bytes); is it damaged?")
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
        seen = len(self.checksums)
        if promised - seen > max(2, MISSING_SHARE * promised):
            raise InputError(f"{self.path}: {promised} frames are promised, {seen} can be decoded; it is truncated")

    def read(self, i: int) -> Rgb:
        if i != self.next and not self._seek(i):
            self._rewind()
            while self.next < i and self.capture.grab():
                self.next += 1
        rgb = self._decode()
        if rgb is None:
            raise InputError(f"{self.path}: frame {i} was decoded before and cannot be now; was it changed?")
        return rgb

    def _seek(self, i: int) -> bool:
        """Stand before frame i, and prove it by the checksum of the one before."""
        if i < 1 or not self.checksums:
            return False
        if 0 < i - self.next < 16:  # a few frames ahead: decoding them is faster than any seek
            while self.next < i and self.capture.grab():
                self.next += 1
            return self.next == i
        self.capture.set(cv2.CAP_PROP_POS_FRAMES, i - 1)
        self.next = i - 1
        before = self._decode()
        return before is not None and _checksum(before) == self.checksums[i - 1]

    def _decode(self) -> Rgb | None:
        done, bgr = self.capture.read()
        self.next += 1
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8) if done else None

    def _rewind(self) -> None:
        if self.next:
            self.capture.release()
            self.capture = self._open()
            self.next = 0


def _checksum(rgb: Rgb) -> int:
    return zlib.crc32(np.ascontiguousarray(rgb).data)
