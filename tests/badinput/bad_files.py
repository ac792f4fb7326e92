"""Files that are damaged, hostile or simply odd, as bytes, and small good ones to damage."""

from __future__ import annotations

import functools
import io
import json
import pickle
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np
from made import write_film

from boostvsod.media.synthetic import make_clip

FRAMES, HEIGHT, WIDTH = 3, 32, 48
CLIP = make_clip(FRAMES, HEIGHT, WIDTH)
FORMATS = ("png", "jpg", "bmp", "webp", "tif", "ppm", "pgm")
CONTAINERS = {"mp4": "mp4v", "avi": "MJPG", "mov": "mp4v", "mkv": "mp4v", "webm": "VP90"}


def picture(suffix: str = "png", i: int = 0) -> bytes:
    """A frame of the small clip as a picture file."""
    image = CLIP.frames[i][..., ::-1].copy()
    return encoded(image if suffix != "pgm" else image[..., 1].copy(), suffix)


def mask(i: int = 0) -> bytes:
    """The truth of a frame as a PNG of 0 and 255."""
    return encoded(np.uint8(255) * CLIP.truth[i].astype(np.uint8))


def encoded(image: np.ndarray, suffix: str = "png") -> bytes:
    done, data = cv2.imencode(f".{suffix}", image)
    assert done
    return data.tobytes()


@functools.cache
def film(suffix: str = "mp4", frames: int = 12) -> bytes:
    """A film of the synthetic clip."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        write_film(path, make_clip(frames, HEIGHT, WIDTH).frames, 25, CONTAINERS[suffix])
        return path.read_bytes()


def damages(data: bytes, seed: int) -> dict[str, bytes]:
    """Ways to damage any file."""
    rng = np.random.default_rng(seed)
    flipped = bytearray(data)
    for place in rng.integers(0, len(data), 8):
        flipped[place] = int(rng.integers(0, 256))
    half = len(data) // 2
    return {
        "empty": b"",
        "one byte": data[:1],
        "header only": data[:24],
        "half": data[:half],
        "last byte gone": data[:-1],
        "zeros inside": data[: half - half // 4] + b"\0" * (half // 2) + data[half + half // 4 :],
        "zeros": b"\0" * len(data),
        "noise": rng.integers(0, 256, len(data), np.uint8).tobytes(),
        "flipped bytes": bytes(flipped),
        "text": b"this is no picture\n" * 9,
        "twice": data + data,
    }


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header states a size, with next to no data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def bmp_of(width: int, height: int) -> bytes:
    """A BMP whose header states a size."""
    head = struct.pack("<2sIHHI", b"BM", 54, 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0) + b"\0" * 64


def turned_jpeg(orientation: int = 6) -> bytes:
    """A JPEG that a camera marked as lying on its side (EXIF)."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    data = picture("jpg")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def archive(members: Mapping[str, bytes] | Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        for name, data in members.items() if isinstance(members, Mapping) else members:
            packed.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def frames_and_masks(prefix: str = "walk/") -> dict[str, bytes]:
    """The members of a small data set."""
    pictures = {f"{prefix}frames/{i:05d}.png": picture(i=i) for i in range(FRAMES)}
    return pictures | {f"{prefix}masks/{i:05d}.png": mask(i) for i in range(FRAMES)}


def encrypted(data: bytes) -> bytes:
    """The archive with every member marked as encrypted."""
    marked = bytearray(data)
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(sign)
        while at >= 0:
            marked[at + place] |= 1
            at = data.find(sign, at + 4)
    return bytes(marked)


def with_method(data: bytes, method: int) -> bytes:
    """The archive with every member marked as packed by another method."""
    marked = bytearray(data)
    for sign, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.find(sign)
        while at >= 0:
            struct.pack_into("<H", marked, at + place, method)
            at = data.find(sign, at + 4)
    return bytes(marked)


@functools.cache
def bomb(size: int = 2**31 - 2**20) -> bytes:
    """A zip with a picture of nearly 2 GB of zeros. The deflated blocks of one MB are written again and again."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(b"\0" * 2**20) + squeeze.flush(zlib.Z_FULL_FLUSH)
    body = block * (size >> 20) + b"\x03\x00"
    name = b"00000.png"
    common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(body), size >> 20 << 20, len(name), 0)
    local = b"PK\x03\x04" + common + name + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def npy(header: str, body: bytes = b"") -> bytes:
    """A .npy file with any header."""
    text = header.encode() + b" " * ((-len(header) - 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + body


class Runs:
    """What a hostile pickle does when it is loaded: it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def hostile_pickle(path: Path, protocol: int) -> bytes:
    """A pickle that makes `path` when it is loaded."""
    return pickle.dumps({"weight": Runs(path)}, protocol)


def safetensors(header: object, body: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body
