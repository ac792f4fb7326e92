"""Reading and writing picture files. Pictures become RGB bytes H x W x 3; maps become floats H x W in [0, 1]."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.files import write_atomically
from boostvsod.kinds import Map, Rgb

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")


def decode_rgb(data: bytes, name: str) -> Rgb:
    """The content of a picture file as RGB, H x W x 3 bytes.

    Grey is repeated in all channels, alpha is dropped, 16 bits become 8. `name` stands in error messages.
    """
    image = _to_bytes(decode(data, name))
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)
    code = cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def read_map(path: Path) -> Map:
    """A picture file of 8 or 16 bits as a map in [0, 1]. Colours are converted to grey."""
    return decode_map(_bytes(path), str(path))


def decode_map(data: bytes, name: str) -> Map:
    """Like `read_map`, from the content of the file."""
    image = _grey(data, name)
    if image.dtype.kind == "u":
        return image.astype(np.float32) / np.float32(np.iinfo(image.dtype).max)
    return np.clip(image.astype(np.float32), 0, 1)


def decode_exactly(data: bytes, name: str) -> NDArray[np.float64]:
    """Like `decode_map`, in double precision, for metrics: level k of 8 bits is exactly k / 255."""
    image = _grey(data, name)
    if image.dtype.kind == "u":
        return image / np.float64(np.iinfo(image.dtype).max)
    return np.clip(image.astype(np.float64), 0, 1)


def _grey(data: bytes, name: str) -> np.ndarray:
    """The decoded picture in one channel."""
    image = decode(data, name)
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2GRAY if image.shape[2] == 4 else cv2.COLOR_BGR2GRAY)
    return image


def write_map(path: Path, saliency: Map, bits: int) -> None:
    """Write a map as a grey PNG of 8 or 16 bits, atomically."""
    top = 2**bits - 1
    grey = np.rint(np.clip(saliency, 0, 1) * top).astype(np.uint8 if bits == 8 else np.uint16)
    write_png(path, grey)


def write_png(path: Path, image: np.ndarray) -> None:
    """Write a grey, RGB or RGBA picture as a PNG, atomically."""
    if image.ndim == 3:
        code = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
        image = cv2.cvtColor(image, code)
    done, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done, "OpenCV always encodes PNG of these types"
    with write_atomically(path) as temporary:
        temporary.write_bytes(data.tobytes())


def grey_rgb(saliency: Map) -> Rgb:
    """A map as a grey RGB picture."""
    grey = np.rint(saliency * 255).astype(np.uint8)
    return np.dstack([grey, grey, grey])


def resize_rgb(rgb: Rgb, height: int, width: int) -> Rgb:
    """A picture at another size: bilinear when it grows, averaged over areas when it shrinks.

    The averaging is done in steps of 2 x 2 pixels, with one bilinear step. That is nearly the same as averaging
    over exact areas, and four times as fast.
    """
    rows, columns = rgb.shape[:2]
    if (rows, columns) == (height, width):
        return rgb
    if height * width >= rows * columns:
        return _sized(rgb, height, width, cv2.INTER_LINEAR)
    tall, wide = rows >= 4 * height, columns >= 4 * width
    if tall or wide:
        half = _sized(rgb, rows // 2 if tall else rows, columns // 2 if wide else columns, cv2.INTER_AREA)
        return resize_rgb(half, height, width)
    return _sized(_sized(rgb, 2 * height, 2 * width, cv2.INTER_LINEAR), height, width, cv2.INTER_AREA)


def _sized(rgb: Rgb, height: int, width: int, interpolation: int) -> Rgb:
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=interpolation), np.uint8)


def _bytes(path: Path) -> bytes:
    """The content of a file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def decode(data: bytes, name: str) -> np.ndarray:
    """The decoded picture with its own depth and channels (BGR or BGRA). `name` stands in error messages."""
    if not data:
        raise InputError(f"{name} is empty (0 bytes)")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise InputError(f"{name} cannot be decoded as a picture ({len(data)} bytes); is it damaged?")
    return image


def _to_bytes(image: np.ndarray) -> np.ndarray:
    """8, 16 or 32 bits (floats in [0, 1]) per value as 8 bits."""
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return np.asarray(np.right_shift(image, 8), np.uint8)
    return np.asarray(np.rint(np.clip(image, 0, 1) * 255), np.uint8)
