"""Writing frames to mp4 files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from boostvsod.errors import OutputError
from boostvsod.kinds import Rgb
from boostvsod.media.paths import opencv_path


@contextmanager
def film_writer(path: Path, fps: Fraction) -> Iterator[Callable[[Rgb], None]]:
    """Yield a function that appends one RGB frame to an mp4 file; the file appears under its name when complete.

    The codec is MPEG-4 part 2, because OpenCV's wheels have no H.264 encoder.
    """
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer: cv2.VideoWriter | None = None

    def write(rgb: Rgb) -> None:
        nonlocal writer
        even = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2]  # many players need even sides
        if writer is None:
            code = cv2.VideoWriter.fourcc(*"mp4v")
            with opencv_path(temporary) as place:
                writer = cv2.VideoWriter(place, code, float(fps), even.shape[1::-1])
            if not writer.isOpened():
                raise OutputError(f"cannot write {path}: this OpenCV has no MPEG-4 encoder")
        writer.write(cv2.cvtColor(np.ascontiguousarray(even), cv2.COLOR_RGB2BGR))

    try:
        yield write
        if writer is not None:
            writer.release()
            temporary.replace(path)
    finally:
        if writer is not None:
            writer.release()
        temporary.unlink(missing_ok=True)
