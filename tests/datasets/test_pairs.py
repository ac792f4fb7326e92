"""Pairs of pictures and masks, in folders and in zips."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from made import write_pictures

from boostvsod.datasets.layouts import open_dataset
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors import InputError
from boostvsod.media.synthetic import Clip


def test_pairs_of_a_folder_and_of_its_zip(three_clips: Path, tmp_path: Path, clip: Clip) -> None:
    (three_clips / "a" / "frames" / "lonely.jpg").write_bytes(b"no mask")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted(three_clips.rglob("*.*")):
            archive.write(path, path.relative_to(three_clips))
    for source in (three_clips, tmp_path / "set.zip"):
        pairs = Pairs.open(source)
        assert len(pairs) == 36
        assert [clip.clip for clip in pairs.pairs[::12]] == ["a/frames", "b/frames", "c/frames"]
        rgb, mask = next(iter(pairs.read()))
        assert np.abs(rgb.astype(int) - clip.frames[0]).mean() < 10
        assert np.array_equal(mask > 0.5, clip.truth[0])


def write_palette_png(path: Path, indices: np.ndarray) -> None:
    """Write a PNG of palette indices, as in DAVIS 2017: black, dark red, dark green."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = indices.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in indices.astype(np.uint8))
    parts = (b"IHDR", head), (b"PLTE", bytes([0, 0, 0, 128, 0, 0, 0, 128, 0])), (b"IDAT", zlib.compress(rows))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in (*parts, (b"IEND", b""))))


@pytest.mark.parametrize("kind", ["palette", "labels", "black and white", "16 bits", "soft", "lossy"])
def test_evaluation_and_training_read_masks_alike(tmp_path: Path, clip: Clip, kind: str) -> None:
    truth = clip.truth[0]
    objects = truth * (1 + (np.arange(truth.shape[1]) % 2)).astype(np.uint8)  # objects 1 and 2
    levels = np.rint(cv2.GaussianBlur(truth * np.float32(255), (9, 9), 3)).astype(np.uint8)
    file = tmp_path / "a" / "masks" / ("0.jpg" if kind == "lossy" else "0.png")
    file.parent.mkdir(parents=True)
    write_pictures(tmp_path / "a" / "frames", clip.frames[:1], ".png")
    (frame,) = (tmp_path / "a" / "frames").iterdir()
    frame.rename(frame.with_stem("0"))
    match kind:
        case "palette":
            write_palette_png(file, objects)
        case "labels":
            cv2.imwrite(str(file), truth.astype(np.uint8))
        case "16 bits":
            cv2.imwrite(str(file), truth * np.uint16(65535))
        case "soft":
            cv2.imwrite(str(file), levels)
        case _:
            cv2.imwrite(str(file), truth * np.uint8(255))
    (sequence,) = open_dataset(str(tmp_path)).sequences
    ((_, mask),) = Pairs.open(tmp_path).read()
    assert mask.dtype == np.float32
    if kind == "soft":
        assert (sequence.truth("0") == (levels > 128)).all()
        assert np.array_equal(mask, levels / np.float32(255))
    elif kind == "lossy":
        assert (sequence.truth("0") == (mask > 0.502)).all()
        assert np.abs(mask - truth).mean() < 0.02
    else:
        assert (sequence.truth("0") == truth).all()
        assert np.array_equal(mask, truth.astype(np.float32))


def test_clips_are_held_out_whole(three_clips: Path) -> None:
    train, held = Pairs.open(three_clips).split(20)
    assert {p.clip for p in train.pairs} == {"a/frames", "b/frames"}
    assert {p.clip for p in held.pairs} == {"c/frames"}


def test_a_source_without_samples_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"not a zip")
    for source, message in ((tmp_path, "no picture with a mask"), (tmp_path / "x.zip", "readable zip")):
        with pytest.raises(InputError, match=message):
            Pairs.open(source)
