"""The common part of OpenCV's two flow backends: grey pictures of a minimal size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from boostvsod.kinds import Flow, Rgb


def on_grey(solve: Callable[..., Any], a: Rgb, b: Rgb, smallest: int) -> Flow:
    """Run a solver on two grey pictures. Small pictures are padded to `smallest` pixels by repeating the border."""
    height, width = a.shape[:2]
    grey = [_pad(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), smallest) for rgb in (a, b)]
    flow: Flow = solve(grey[0], grey[1], None)
    return np.ascontiguousarray(flow[:height, :width])


def _pad(grey: np.ndarray, smallest: int) -> np.ndarray:
    bottom, right = (max(0, smallest - side) for side in grey.shape)
    return cv2.copyMakeBorder(grey, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
