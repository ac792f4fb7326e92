"""Pictures are read upright, in the right range, or refused by their name."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from badinput.bad_files import bmp_of, encoded, picture, png_of, turned_jpeg

from boostvsod.datasets.masks import read_mask
from boostvsod.errors import InputError
from boostvsod.media.archive import File
from boostvsod.media.images import decode_exactly, decode_map, decode_rgb, grey_png

RAMP = np.linspace(0, 1, 32 * 48).reshape(32, 48)


def mask_of(folder: Path, data: bytes, suffix: str) -> np.ndarray:
    path = folder / f"mask.{suffix}"
    path.write_bytes(data)
    return read_mask(File(path))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_camera_s_orientation_is_applied_to_frames_and_masks_alike(tmp_path: Path, orientation: int) -> None:
    plain, data = picture("jpg"), turned_jpeg(orientation)
    turns = {1: 0, 3: 2, 6: 3, 8: 1}[orientation]
    assert np.array_equal(decode_rgb(data, "x"), np.rot90(decode_rgb(plain, "x"), turns))
    assert np.array_equal(decode_map(data, "x"), np.rot90(decode_map(plain, "x"), turns))
    assert np.array_equal(mask_of(tmp_path, data, "jpg"), np.rot90(mask_of(tmp_path, plain, "jpg"), turns))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_floats_may_be_in_the_range_of_1_or_of_8_or_16_bits(tmp_path: Path, kind: type, top: float) -> None:
    data = encoded((RAMP * top).astype(kind), "tiff")
    assert np.allclose(decode_map(data, "x"), RAMP, atol=1e-6)
    assert np.allclose(decode_exactly(data, "x"), RAMP, atol=1e-6)
    assert np.allclose(mask_of(tmp_path, data, "tiff"), RAMP, atol=1e-6)


@pytest.mark.parametrize("kind", [np.float32, np.int16, np.int32])
@pytest.mark.parametrize("high", [1, 3, 255])
def test_whole_numbers_are_read_like_the_bytes_they_are(tmp_path: Path, kind: type, high: int) -> None:
    values = np.where(RAMP > 0.5, high, 0)
    data = encoded(values.astype(kind), "tiff")
    same = encoded(values.astype(np.uint8))
    assert np.array_equal(mask_of(tmp_path, data, "tiff"), mask_of(tmp_path, same, "png"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -3.0, 1e9])
def test_other_floats_are_refused_by_name(tmp_path: Path, value: float) -> None:
    values = RAMP.astype(np.float32)
    values[3, 4] = value
    data = encoded(values, "tiff")
    for read in (decode_map, decode_exactly, decode_rgb):
        with pytest.raises(InputError, match=r"x\.tiff holds"):
            read(data, "x.tiff")
    with pytest.raises(InputError, match=r"mask\.tiff holds"):
        mask_of(tmp_path, data, "tiff")


@pytest.mark.parametrize("data", [png_of(40000, 40000), png_of(2**31 - 1, 1), bmp_of(60000, 60000)])
def test_headers_of_huge_pictures_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"too large|cannot be decoded"):
        decode_rgb(data, "x.png")


def test_a_png_with_a_wrong_checksum_is_damaged() -> None:
    data = bytearray(picture())
    data[data.index(b"IDAT") + 9] ^= 1
    with pytest.raises(InputError, match="it is damaged at byte"):
        decode_rgb(bytes(data), "x.png")


def test_a_png_that_ends_early_is_truncated() -> None:
    with pytest.raises(InputError, match="it is truncated"):
        decode_rgb(picture()[:-9], "x.png")
    with pytest.raises(InputError, match="it is truncated"):
        decode_rgb(picture()[:8] + struct.pack(">I", 2**32 - 1) + b"IHDR", "x.png")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (48, 64)])
def test_grey_pngs_are_read_as_they_were(kind: type[np.unsignedinteger[Any]], size: tuple[int, int]) -> None:
    levels = np.random.default_rng(0).integers(0, np.iinfo(kind).max, size, kind, endpoint=True)
    for grey in (levels, levels[:, ::-1], np.full(size, np.iinfo(kind).max, kind)):
        data = np.frombuffer(grey_png(grey), np.uint8)
        read = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        assert read is not None
        assert read.dtype == kind
        assert (read == grey).all()
