"""Reading mask files. Evaluation and training read them with the same rules:

    coloured, lossless       a palette picture, one colour per object: everything but black is salient
    all values below 128     a label picture with the values 0, 1, 2, ...: everything but 0 is salient
    everything else          grey levels: 0 to 255, or 0 to 65535 if the file has 16 bits

JPEG files are always grey levels, because compression changes labels and colours. Floats are grey levels in [0, 1]
or in the range of 8 or 16 bits; if all are whole numbers, they are read like the same numbers of 8 or 16 bits.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.kinds import Map
from boostvsod.media.archive import File
from boostvsod.media.images import decode, unit_range

LOSSY = (".jpg", ".jpeg")
CUT = np.float32(128) / np.float32(255)  # grey levels above this are salient
LABELS_BELOW = 128  # a lossless mask without any higher value holds labels


def read_mask(file: File) -> Map:
    """A mask as a map H x W in [0, 1]: labels and palettes become 0 or 1, grey levels stay soft."""
    image = _whole(_one_channel(decode(file.read(), str(file)), lossy=file.suffix in LOSSY))
    if image.dtype.kind != "u":
        return unit_range(image, str(file)).astype(np.float32)
    if image.max() < LABELS_BELOW and file.suffix not in LOSSY:
        return (image > 0).astype(np.float32)
    return image.astype(np.float32) / np.float32(np.iinfo(image.dtype).max)


def _whole(image: np.ndarray) -> np.ndarray:
    """Whole numbers that are stored as floats or signed numbers, as 8 or 16 bits; other pictures unchanged."""
    if image.dtype.kind == "u" or not np.isfinite(image).all():
        return image
    if image.min() < 0 or image.max() > np.iinfo(np.uint16).max or (image % 1).any():
        return image
    return image.astype(np.uint8 if image.max() <= np.iinfo(np.uint8).max else np.uint16)


def read_truth(file: File) -> NDArray[np.bool_]:
    """A mask as booleans H x W: what is salient. Grey levels count as salient above 128 of 255."""
    return np.asarray(read_mask(file) > CUT)


def _one_channel(image: np.ndarray, lossy: bool) -> np.ndarray:
    """A grey picture itself; of a coloured one 1 where it is not black, or its grey levels if it is lossy."""
    if image.ndim == 2:
        return image
    colours = image[..., :3]
    if bool((colours == colours[..., :1]).all()):
        return np.asarray(colours[..., 0])
    if lossy:
        return cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY)
    return np.asarray((colours.max(2) > 0).astype(np.uint8))
