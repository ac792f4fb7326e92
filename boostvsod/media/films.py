"""Writing frames to mp4 files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from boostvsod.errors import OutputError
from boostvsod.files import write_atomically
from boostvsod.kinds import Rgb
from boostvsod.media.paths import opencv_path


@contextmanager
def film_writer(path: Path, fps: Fraction) -> Iterator[Callable[[Rgb], None]]:
    """Yield a function that appends one RGB frame to an mp4 file; the file appears under its name when complete.

    The codec is MPEG-4 part 2, because OpenCV's wheels have no H.264 encoder.
    """
    with write_atomically(path) as temporary:
        film = Film(temporary, fps, path)
        try:
            yield film.write
        finally:
            film.release()
        film.check()


class Film:
    """An mp4 file while it is written. `shown` is its name in error messages."""

    def __init__(self, path: Path, fps: Fraction, shown: Path) -> None:
        self.path, self.fps, self.shown = path, fps, shown
        self.frames = 0
        self._writer: cv2.VideoWriter | None = None

    def write(self, rgb: Rgb) -> None:
        """Append one frame."""
        even = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2]  # many players need even sides
        if self._writer is None:
            self._writer = self._open(even)
        self._writer.write(cv2.cvtColor(np.ascontiguousarray(even), cv2.COLOR_RGB2BGR))
        self.frames += 1

    def _open(self, first: Rgb) -> cv2.VideoWriter:
        code = cv2.VideoWriter.fourcc(*"mp4v")
        with opencv_path(self.path) as place:
            writer = cv2.VideoWriter(place, code, float(self.fps), first.shape[1::-1])
        if not writer.isOpened():
            raise OutputError(f"cannot write {self.shown}: the file cannot be created, or OpenCV has no MPEG-4 encoder")
        return writer

    def release(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.release()

    def check(self) -> None:
        """Raise an error if the file is not complete. The encoder itself reports no error, even on a full disk."""
        written = readable_frames(self.path)
        if written != self.frames:
            problem = f"only {written} of {self.frames} frames arrived on the disk"
            raise OutputError(f"cannot write {self.shown}: {problem}; is the disk full?")


def readable_frames(path: Path) -> int:
    """How many frames a film promises. 0 if it cannot be opened, or if its last frame cannot be decoded."""
    with opencv_path(path) as place:
        film = cv2.VideoCapture(place, cv2.CAP_FFMPEG)
    try:
        frames = int(film.get(cv2.CAP_PROP_FRAME_COUNT)) if film.isOpened() else 0
        film.set(cv2.CAP_PROP_POS_FRAMES, frames - 1)
        return frames if frames and film.grab() else 0
    finally:
        film.release()
