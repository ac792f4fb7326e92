"""Reading and writing picture files. Pictures become RGB bytes H x W x 3; maps become floats H x W in [0, 1]."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.files import write_atomically
from boostvsod.kinds import Map, Rgb
from boostvsod.media.archive import File

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # our own error message is enough
Levels: TypeAlias = NDArray[np.unsignedinteger[Any]]
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
PNG = b"\x89PNG\r\n\x1a\n"  # how every PNG file begins
MOST_PIXELS = "2^30 pixels or a side of 2^20"  # limits of OpenCV
TOPS = (1.0, 255.0, 65535.0)  # the highest value of the ranges in which floats may be given
SLACK = 0.01  # how far values may leave their range, in its highest value: resampling overshoots


def decode_rgb(data: bytes, name: str) -> Rgb:
    """The content of a picture file as RGB, H x W x 3 bytes.

    Grey is repeated in all channels, alpha is dropped, 16 bits and floats become 8. `name` stands in error
    messages.
    """
    image = _to_bytes(decode(data, name), name)
    code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def read_map(path: Path) -> Map:
    """A picture file of 8 or 16 bits as a map in [0, 1]. Colours are converted to grey."""
    return decode_map(File(path).read(), str(path))


def decode_map(data: bytes, name: str) -> Map:
    """Like `read_map`, from the content of the file."""
    image = _grey(data, name)
    return from_levels(image) if image.dtype.kind == "u" else unit_range(image, name).astype(np.float32)


def decode_exactly(data: bytes, name: str) -> NDArray[np.float64]:
    """Like `decode_map`, in double precision, for metrics: level k of 8 bits is exactly k / 255."""
    image = _grey(data, name)
    if image.dtype.kind == "u":
        return image / np.float64(np.iinfo(image.dtype).max)
    return unit_range(image, name)


def unit_range(image: np.ndarray, name: str) -> NDArray[np.float64]:
    """The values of a picture of floats or signed numbers as values in [0, 1].

    They are given in [0, 1] or in the range of 8 or 16 bits; the highest value shows which. Anything else, such as
    NaN or logits, is an error that names the file.
    """
    values = image.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds {np.count_nonzero(~np.isfinite(values))} values that are NaN or infinite")
    low, high = float(values.min()), float(values.max())
    top = next((top for top in TOPS if high <= top * (1 + SLACK)), 0.0)
    if not top or low < -SLACK * top:
        ranges = "[0, 1], [0, 255] or [0, 65535]"
        raise InputError(f"{name} holds values from {low:.4g} to {high:.4g}; expected floats in {ranges}")
    return np.clip(values / top, 0, 1)


def _grey(data: bytes, name: str) -> np.ndarray:
    """The decoded picture in one channel."""
    image = decode(data, name)
    if image.ndim == 2:
        return image
    if image.dtype in (np.uint8, np.uint16):
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.cvtColor(image.astype(np.float32), cv2.COLOR_BGR2GRAY)  # the only other type that OpenCV converts


def write_map(path: Path, saliency: Map, bits: int) -> None:
    """Write a map as a grey PNG of 8 or 16 bits, atomically."""
    write_png(path, to_levels(saliency, bits))


def to_levels(saliency: Map, bits: int) -> Levels:
    """A map in the levels of 8 or 16 bits, as it is stored."""
    levels = np.rint(np.clip(saliency, 0, 1) * np.float32(2**bits - 1))
    return np.asarray(levels, np.uint8 if bits == 8 else np.uint16)


def from_levels(levels: Levels) -> Map:
    """A stored map as floats in [0, 1]."""
    return levels.astype(np.float32) / np.float32(np.iinfo(levels.dtype).max)


def write_png(path: Path, image: np.ndarray, *, durable: bool = True) -> None:
    """Write a grey, RGB or RGBA picture as a PNG, atomically. `durable` is that of `write_atomically`."""
    data = grey_png(image) if image.ndim == 2 else _coloured_png(image)
    with write_atomically(path, durable=durable) as temporary:
        temporary.write_bytes(data)


def _coloured_png(image: np.ndarray) -> bytes:
    code = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, data = cv2.imencode(".png", cv2.cvtColor(image, code), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done, "OpenCV always encodes PNG of these types"
    return data.tobytes()


def grey_png(levels: np.ndarray) -> bytes:
    """A grey picture H x W of 8 or 16 bits as a PNG.

    Maps are smooth or constant in large parts: differences of rows, packed by run lengths, are as small as what
    OpenCV writes, in less than half of its time.
    """
    height, width = levels.shape
    rows = np.ascontiguousarray(levels, levels.dtype.newbyteorder(">")).view(np.uint8)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2  # PNG's filter "up"
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    packed = packer.compress(filtered.data) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8 * levels.itemsize, 0, 0, 0, 0)
    return PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


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


def decode(data: bytes, name: str) -> np.ndarray:
    """The decoded picture with its own depth, grey H x W or BGR H x W x 3. `name` stands in error messages.

    The picture is upright: the orientation that a camera writes into a file (EXIF) is applied, to frames, masks
    and maps alike. Alpha is dropped.
    """
    if not data:
        raise InputError(f"{name} is empty (0 bytes)")
    if data.startswith(PNG):
        _check_png(data, name)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise InputError(f"{name} is too large: its header states more than {MOST_PIXELS}") from error
        raise InputError(f"{name} cannot be decoded as a picture ({error.err or error})") from error
    if image is None or not image.size or image.shape[2:] not in ((), (3,)):
        raise InputError(f"{name} cannot be decoded as a picture ({len(data)} bytes); is it damaged?")
    return image


def _check_png(data: bytes, name: str) -> None:
    """Refuse a PNG that is cut or damaged, before libpng prints a line of its own about it."""
    at, kind = len(PNG), b""
    while kind != b"IEND":
        length = int.from_bytes(data[at : at + 4], "big")
        kind, end = data[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(data):
            raise InputError(f"{name} cannot be decoded as a picture ({len(data)} bytes): it is truncated")
        if kind[:1].isupper() and zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise InputError(f"{name} cannot be decoded as a picture ({len(data)} bytes): it is damaged at byte {at}")
        at = end + 4


def _to_bytes(image: np.ndarray, name: str) -> np.ndarray:
    """A picture of any depth as 8 bits per value."""
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return np.asarray(np.right_shift(image, 8), np.uint8)
    return np.asarray(np.rint(unit_range(image, name) * 255), np.uint8)
