"""Shot boundaries (cuts), found from thumbnails.

At a cut the whole picture changes at once, far more than between the frames around it. The thresholds were
set on DAVIS train and dev (40 clips without a cut) and on the same clips spliced together.
"""

from __future__ import annotations

import cv2
import numpy as np

from boostvsod.kinds import Rgb

SIZE = (32, 18)
LEAST = 0.05  # least mean change at a cut; thumbnail values are in [0, 1]
TIMES = 2.6  # the change at a cut is at least this many times the median change around it
AROUND = 6  # frames on either side that count as around


class Thumbnails:
    """Measures the change from each frame to the next. Only the last thumbnail stays in memory."""

    def __init__(self) -> None:
        self.last: np.ndarray | None = None
        self.changes: list[float] = []

    def __len__(self) -> int:
        return len(self.changes)

    def add(self, rgb: Rgb) -> None:
        """Add the next frame."""
        small = cv2.resize(rgb, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        self.changes.append(0.0 if self.last is None else _change(self.last, small))
        self.last = small

    def cuts(self) -> tuple[int, ...]:
        """The numbers of the frames that begin a new shot."""
        return tuple(i for i in range(1, len(self.changes)) if self._is_cut(i))

    def _is_cut(self, i: int) -> bool:
        around = self.changes[max(1, i - AROUND) : i] + self.changes[i + 1 : i + 1 + AROUND]
        usual = float(np.median(around)) if around else 0.0
        return self.changes[i] > max(LEAST, TIMES * usual)


def _change(a: np.ndarray, b: np.ndarray) -> float:
    """Mean change between two thumbnails. Each pixel is compared with the most similar of its 3 x 3 neighbours."""
    padded = cv2.copyMakeBorder(a, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    height, width = a.shape[:2]
    shifted = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return float(np.min([np.abs(b - s).mean(2) for s in shifted], axis=0).mean())
