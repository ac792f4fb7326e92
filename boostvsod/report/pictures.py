"""Frames and maps as embedded pictures, small enough for a hundred frames of five panes in one file."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from boostvsod.kinds import Map, Rgb
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map

WIDTH = 320
TALLEST = 2000  # pixels, as on a large screen
QUALITY = 60  # of JPEG: WebP makes files a third smaller, but takes 35 times as long


def evenly_spaced(count: int, most: int) -> list[int]:
    """Which of `count` frames are shown: all, or `most` evenly spaced ones."""
    return [i * count // most for i in range(most)] if count > most else list(range(count))


def pane_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a pane, for frames of a given shape."""
    scale = min(WIDTH / shape[1], TALLEST / shape[0])
    return max(8, round(shape[0] * scale)), max(8, round(shape[1] * scale))


def rgb_url(rgb: Rgb) -> str:
    """A picture as a data URL."""
    return _url(cv2.cvtColor(resize_rgb(rgb, *pane_size(rgb.shape)), cv2.COLOR_RGB2BGR))


def map_url(saliency: Map) -> str:
    """A map as a data URL."""
    return _url(np.rint(resize_map(saliency, *pane_size(saliency.shape)) * 255).astype(np.uint8))


def _url(image: np.ndarray) -> str:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done, "OpenCV always encodes JPEG of these types"
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
