"""Draw docs/demo.webp from the folder of `boostvsod demo`: python draw_demo.py boostvsod-demo demo.webp.

Frame, target's map and boosted map side by side, as an animation that repeats.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from boostvsod.boosting.record import read_result
from boostvsod.kinds import Rgb
from boostvsod.media.images import grey_rgb
from boostvsod.media.video import Video

MILLISECONDS = 90  # a frame
PAUSE = 900  # the last frame
GAP, BAR = 6, 26  # pixels between the pictures, and of the bar with their names
QUALITY = 85


def main(folder: str, output: str) -> None:
    result = read_result(Path(folder))
    frames = [frame.rgb for frame in Video.open(Path(folder) / "frames")]
    rows = [
        in_a_row([rgb, grey_rgb(before), grey_rgb(after)])
        for rgb, before, after in zip(frames, result.baseline, result.maps, strict=True)
    ]
    film = cv2.Animation()
    film.frames = [cv2.cvtColor(row, cv2.COLOR_RGB2BGR) for row in rows]
    film.durations = np.array([MILLISECONDS] * (len(rows) - 1) + [PAUSE], np.int32)
    if not cv2.imwriteanimation(output, film, [cv2.IMWRITE_WEBP_QUALITY, QUALITY]):
        raise SystemExit(f"{output}: OpenCV could not write it")


def in_a_row(pictures: list[Rgb]) -> Rgb:
    """The pictures side by side under their names, on white."""
    height, width = pictures[0].shape[:2]
    row = np.full((height + BAR, 3 * width + 2 * GAP, 3), 255, np.uint8)
    for k, (name, picture) in enumerate(zip(("frame", "target", "boosted"), pictures, strict=True)):
        left = k * (width + GAP)
        row[BAR:, left : left + width] = picture
        cv2.putText(row, name, (left + 2, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (40, 40, 40), 1, cv2.LINE_AA)
    return row


if __name__ == "__main__":
    main(*sys.argv[1:])
