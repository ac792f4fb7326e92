"""A standard DAVIS tree has two resolutions and lists of clips: training uses the listed ones once."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import call, write_maps, write_pictures

from boostvsod.datasets.layouts import open_dataset
from boostvsod.datasets.pairs import Pairs
from boostvsod.datasets.splits import Split
from boostvsod.errors import ConfigError
from boostvsod.media.synthetic import Clip

LISTS = {"train": ["bear", "bus"], "val": ["camel"]}


@pytest.fixture(params=[("480p", "1080p"), ("480p",), ("1080p",)], ids="-".join)
def davis(request: pytest.FixtureRequest, tmp_path: Path, clip: Clip) -> Path:
    root = tmp_path / "DAVIS"
    for side in request.param:
        for name in (*LISTS["train"], *LISTS["val"]):
            write_pictures(root / "JPEGImages" / side / name, clip.frames[:3], ".jpg")
            write_maps(root / "Annotations" / side / name, clip.truth[:3])
        for split, names in LISTS.items():
            lines = [
                f"/JPEGImages/{side}/{n}/{i:05d}.jpg /Annotations/{side}/{n}/{i:05d}.png"
                for n in names
                for i in range(3)
            ]
            (root / "ImageSets" / side).mkdir(parents=True, exist_ok=True)
            (root / "ImageSets" / side / f"{split}.txt").write_text("\n".join(lines))
    return root


def clips_of(pairs: Pairs) -> list[str]:
    return [clip.pairs[0].clip.rpartition("/")[2] for clip in pairs.clips()]


def test_training_uses_the_listed_clips_in_one_resolution(davis: Path) -> None:
    pairs = Split().training(str(davis))
    assert clips_of(pairs) == ["bear", "bus"]
    assert len(pairs) == 6
    assert clips_of(Split().validation(str(davis))) == ["camel"]
    assert [s.name for s in open_dataset(str(davis)).sequences] == ["camel"]


@pytest.mark.parametrize("name", ["val", "all"])
def test_test_clips_are_refused_unless_forced(name: str, davis: Path) -> None:
    with pytest.raises(ConfigError, match=r"1 clips to train on are test clips of DAVIS-2016 val.*: camel"):
        Split(name).training(str(davis))
    assert "camel" in clips_of(Split(name, test_clips=True).training(str(davis)))


def test_a_source_without_lists_is_used_whole(two_clips: Path) -> None:
    assert len(Split().training(str(two_clips))) == len(Split("all").training(str(two_clips))) == 22
    with pytest.raises(ConfigError, match="needs a list"):
        Split("train").training(str(two_clips))


def test_frames_without_a_mask_stay_in_their_clip(tmp_path: Path, clip: Clip) -> None:
    """As in FBMS: the frames lie beside the folder of masks, and the masks have names of their own."""
    write_pictures(tmp_path / "cats", clip.frames[:5], ".jpg")
    write_pictures(tmp_path / "unlabelled", clip.frames[:5], ".jpg")
    write_maps(tmp_path / "cats" / "GroundTruth", clip.truth[[0, 3]], ["00000_gt", "00003_gt"])
    assert len(Pairs.open(tmp_path)) == 2
    pairs = Pairs.open(tmp_path, every_frame=True)
    assert [bool(pair.mask) for pair in pairs.pairs] == [True, False, False, True, False]
    assert len(list(pairs.read())) == 2


def test_the_command_refuses_test_clips(davis: Path, tmp_path: Path) -> None:
    words = ["train", "saliency", "--data", davis, "--size", 32, "--epochs", 0.01, "-o", tmp_path / "w.safetensors"]
    refused = call(*words, "--split", "val")
    assert refused.exit_code == 2
    assert "test clips of DAVIS-2016 val" in refused.output
    assert call(*words).exit_code == 0
