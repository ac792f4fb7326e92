"""Training data: pairs are found in folders and zips, held out by clip, seen at random, staged in motion."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from made import write_maps, write_pictures

from boostvsod.datasets.layouts import open_dataset
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors import InputError
from boostvsod.flow.tools import warp_back
from boostvsod.media.maps import resize_map
from boostvsod.media.synthetic import Clip
from boostvsod.runtime import Runtime
from boostvsod.training import motion as motiondata
from boostvsod.training.augment import Augment, views
from boostvsod.training.motion import filmed, filmed_count, staged
from boostvsod.training.samples import load


@pytest.fixture
def folder(tmp_path: Path, clip: Clip) -> Path:
    for name in ("a", "b", "c"):
        write_pictures(tmp_path / "set" / name / "frames", clip.frames, ".jpg")
        write_maps(tmp_path / "set" / name / "masks", clip.truth)
    return tmp_path / "set"


def test_pairs_of_a_folder_and_of_its_zip(folder: Path, tmp_path: Path, clip: Clip) -> None:
    (folder / "a" / "frames" / "lonely.jpg").write_bytes(b"no mask")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    for source in (folder, tmp_path / "set.zip"):
        pairs = Pairs.open(source)
        assert len(pairs) == 36
        assert [clip.clip for clip in pairs.pairs[::12]] == ["a/frames", "b/frames", "c/frames"]
        rgb, mask = next(iter(pairs.read()))
        assert np.abs(rgb.astype(int) - clip.frames[0]).mean() < 10
        assert np.array_equal(mask > 0.5, clip.truth[0])


def write_palette_png(path: Path, indices: np.ndarray) -> None:
    """A PNG of palette indices, as DAVIS 2017 and others have them: black, dark red, dark green."""

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


def test_clips_are_held_out_whole(folder: Path) -> None:
    train, held = Pairs.open(folder).split(20)
    assert {p.clip for p in train.pairs} == {"a/frames", "b/frames"}
    assert {p.clip for p in held.pairs} == {"c/frames"}


def test_nothing_to_train_on_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"not a zip")
    for source, said in ((tmp_path, "no picture with a mask"), (tmp_path / "x.zip", "readable zip")):
        with pytest.raises(InputError, match=said):
            Pairs.open(source)


def test_views_move_picture_and_mask_together() -> None:
    mask = torch.zeros(64, 1, 64, 64, dtype=torch.uint8)
    mask[:, :, 20:40, 10:30] = 255
    plain = Augment(colour=0, grey=0, blur=0, noise=0)
    rgb, truth = views(mask.expand(-1, 3, -1, -1), mask, plain, torch.Generator().manual_seed(0))
    assert torch.allclose(rgb[:, :1], truth, atol=1e-5)
    assert truth.mean((1, 2, 3)).std() > 0.01, "sizes differ"
    again = views(mask.expand(-1, 3, -1, -1), mask, plain, torch.Generator().manual_seed(0))[0]
    assert torch.equal(rgb, again)


def test_colours_change_and_stay_in_range(clip: Clip) -> None:
    pictures = torch.from_numpy(clip.frames.transpose(0, 3, 1, 2).copy())
    still = Augment(flip=False, zoom=(1, 1), aspect=0, degrees=0)
    rgb, _ = views(pictures, pictures[:, :1], still, torch.Generator().manual_seed(1))
    assert 0 <= rgb.min() < rgb.max() <= 1
    assert (rgb - pictures / 255).abs().mean() > 0.02


def test_swapped_channels_are_the_same_picture_in_other_colours(clip: Clip) -> None:
    pictures = torch.from_numpy(clip.frames[:12].transpose(0, 3, 1, 2).copy())
    still = Augment(flip=False, zoom=(1, 1), aspect=0, degrees=0, colour=0, grey=0, blur=0, noise=0, swap=True)
    rgb, _ = views(pictures, pictures[:, :1], still, torch.Generator().manual_seed(1))
    seen, given = (rgb * 255).round().byte(), pictures
    assert torch.equal(seen.sort(1).values, given.sort(1).values)
    assert not torch.equal(seen, given)


def test_motion_pictures_show_what_moves(folder: Path) -> None:
    pairs = Pairs.open(folder)
    flows = list(filmed(pairs, "dis", 96, Runtime(threads=2)))
    assert len(flows) == filmed_count(pairs) == 66, "to the next frame and back"
    first, second = [mask for _, mask in pairs.clips()[0].read()][:2]
    assert np.array_equal(flows[0][1], resize_map(first, 96, 96)), "a frame's motion goes with its own mask"
    assert np.array_equal(flows[1][1], resize_map(second, 96, 96))
    made = list(staged(pairs, "dis", 96, Runtime(threads=2)))
    assert len(made) == 36
    contrasts = []
    for rgb, mask in made:
        inside, outside = rgb[mask > 0.5].mean(0), rgb[mask < 0.5].mean(0)
        contrasts.append(np.abs(inside - outside).mean())
    assert np.mean(contrasts) > 10, "objects move unlike their scenes"
    exact = list(staged(pairs, "exact", 96, Runtime()))
    assert [mask.tobytes() for _, mask in exact] == [mask.tobytes() for _, mask in made]
    near = [np.abs(a.astype(float) - b).mean() for (a, _), (b, _) in zip(exact, made, strict=True)]
    far = [np.abs(a.astype(float) - b).mean() for (a, _), (b, _) in zip(exact, made[1:] + made[:1], strict=True)]
    assert np.mean(near) < 0.6 * np.mean(far), "the backend sees what was staged"
    again = load(staged(pairs, "dis", 96, Runtime()), 36, 96)
    assert torch.equal(again.masks[:1, 0], torch.from_numpy(np.rint(made[0][1] * 255).astype(np.uint8))[None])


def test_a_staged_motion_is_followed_to_where_it_lands() -> None:
    rng = np.random.default_rng(3)
    picture = cv2.GaussianBlur(rng.uniform(0, 255, (96, 96, 3)).astype(np.float32), (0, 0), 4)
    field = motiondata._motion(96, rng, shift=0.06, turn=5, zoom=0.05, bend=3.0)
    later = motiondata._warp(picture, field)
    followed, field_alone, still = (
        np.abs(warp_back(later, flow) - picture)[16:-16, 16:-16].mean()
        for flow in (motiondata._flow_of(field), field, 0 * field)
    )
    assert followed < 0.4 * field_alone < 0.4 * still
