"""Layouts of data sets are recognised, and their truth is read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from boostvsod.datasets.layouts import open_dataset
from boostvsod.datasets.masks import read_truth
from boostvsod.errors import InputError
from boostvsod.media.archive import File, Tree
from boostvsod.media.synthetic import Clip

LIST_1080P = "ImageSets/1080p/val.txt"
LAYOUTS = {
    "davis2016": ("JPEGImages/480p/{s}/{i:05d}.jpg", "Annotations/480p/{s}/{i:05d}.png", "ImageSets/480p/val.txt"),
    "davis2017": ("JPEGImages/480p/{s}/{i:05d}.jpg", "Annotations/480p/{s}/{i:05d}.png", "ImageSets/2017/val.txt"),
    "davis2016-1080p": (
        "JPEGImages/1080p/{s}/{i:05d}.jpg",
        "Annotations/1080p/{s}/{i:05d}.png",
        "ImageSets/1080p/val.txt",
    ),
    "davsod-easy": ("Test Set/easy-35/{s}/Imgs/{i:04d}.jpg", "Test Set/easy-35/{s}/GT_object_level/{i:04d}.png", ""),
    "segtrack2": ("JPEGImages/{s}/{i:05d}.bmp", "GroundTruth/{s}/1/{i:05d}.png", ""),
    "fbms": ("fbms/Testset/{s}/{s}_{i:02d}.jpg", "fbms/Testset/{s}/GroundTruth/{s}_{i:02d}_gt.png", ""),
    "visal": ("visal/{s}/Imgs/{i:03d}.jpg", "visal/{s}/ground-truth/{i:03d}.png", ""),
    "vos": ("VOS/{s}/Imgs/{i:03d}.jpg", "VOS/{s}/ground-truth/{i:03d}.png", ""),
    "mcl": ("MCL/{s}/Imgs/{i:03d}.jpg", "MCL/{s}/ground-truth/{i:03d}.png", ""),
    "uvsd": ("UVSD/{s}/Imgs/{i:03d}.jpg", "UVSD/{s}/ground-truth/{i:03d}.png", ""),
    "folder": ("{s}/frames/{i}.webp", "{s}/masks/{i}.png", ""),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_are_found(name: str, tmp_path: Path, clip: Clip) -> None:
    frames, truths, split = LAYOUTS[name]
    for sequence in ("one", "two", "unlisted"):
        for i in range(3):
            _write(tmp_path / frames.format(s=sequence, i=i), clip.frames[i])
            if i != 1:  # truth may be sparse
                _write(tmp_path / truths.format(s=sequence, i=i), clip.truth[i] * np.uint8(255))
    if split:
        (tmp_path / split).parent.mkdir(parents=True)
        (tmp_path / split).write_text("/JPEGImages/480p/one/00000.jpg /x\n/JPEGImages/480p/two/00000.jpg /x\n")
    found = open_dataset(str(tmp_path))
    assert found.layout.name == name
    assert [s.name for s in found.sequences] == (["one", "two"] if split else ["one", "two", "unlisted"])
    assert [len(s.frames) for s in found.sequences] == [3] * len(found.sequences)
    assert [len(s.truths) for s in found.sequences] == [2] * len(found.sequences)
    first = found.sequences[0]
    assert (first.truth(first.frames[2].stem) == clip.truth[2]).all()
    known = found.layout.sequences
    assert bool(known) == any(f"has {known} sequences" in note for note in found.notes)


def test_penguin_can_be_left_out(tmp_path: Path, clip: Clip) -> None:
    for name in ("bird", "penguin"):
        _write(tmp_path / f"JPEGImages/{name}/0.bmp", clip.frames[0])
        _write(tmp_path / f"GroundTruth/{name}/1/0.png", clip.truth[0] * np.uint8(255))
    assert [s.name for s in open_dataset(str(tmp_path)).sequences] == ["bird", "penguin"]
    assert [s.name for s in open_dataset(str(tmp_path), "segtrack2-13").sequences] == ["bird"]


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def test_several_objects_are_one(tmp_path: Path, clip: Clip) -> None:
    for i in range(2):
        _write(tmp_path / f"JPEGImages/a/{i}.png", clip.frames[i])
        for part, half in (("1", np.s_[:, :40]), ("2", np.s_[:, 40:])):
            truth = np.zeros(clip.truth[i].shape, np.uint8)
            truth[half] = clip.truth[i][half] * 255
            _write(tmp_path / f"GroundTruth/a/{part}/{i}.png", truth)
    (sequence,) = open_dataset(str(tmp_path)).sequences
    assert (sequence.truth("1") == clip.truth[1]).all()


def test_truth_files_of_every_kind(tmp_path: Path) -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[2:5, 2:6] = 1
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[mask > 0] = (0, 0, 64)  # the eighth object of a DAVIS palette
    for name, image in (
        ("grey", mask * 255),
        ("labels", mask * 3),
        ("colours", colours),
        ("deep", mask * np.uint16(65535)),
    ):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        assert (read_truth(File(tmp_path / f"{name}.png")) == (mask > 0)).all(), name
    cv2.imwrite(str(tmp_path / "noisy.jpg"), np.full((8, 8), 100, np.uint8))
    assert not read_truth(File(tmp_path / "noisy.jpg")).any()


def test_a_place_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no annotated sequence"):
        open_dataset(str(tmp_path))
    with pytest.raises(InputError, match="neither a folder nor"):
        Tree.open(tmp_path / "nowhere")
