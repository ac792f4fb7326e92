"""Truth between mined frames: which frames, what the neighbours look like from there, what learns from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made import FORCED, write_pictures

from boostvsod import boost, build
from boostvsod.flow.tools import warp_back
from boostvsod.kinds import Flow, Frame, Map, Mined
from boostvsod.media.synthetic import make_clip
from boostvsod.runtime import Runtime
from boostvsod_adapters.nets.rcrnet import ImageModel
from boostvsod_plugins.densify.fgplg import generator, magnitude, seven_channels
from boostvsod_plugins.densify.gaps import WarpedTruth, gaps


def mined(*numbers: int) -> list[Mined]:
    return [Mined(i, square(i), 0.5, "mined") for i in numbers]


def square(i: int) -> Map:
    """A square that goes to the right by two pixels a frame."""
    truth = np.zeros((40, 60), np.float32)
    truth[10:20, 10 + 2 * i : 20 + 2 * i] = 1
    return truth


class Exact:
    """Everything goes to the right by two pixels a frame."""

    def estimate(self, a: Frame, b: Frame) -> Flow:
        flow = np.zeros((*a.rgb.shape[:2], 2), np.float32)
        flow[..., 0] = 2 * (b.index - a.index)
        return flow


FRAMES = [Frame.of(np.zeros((40, 60, 3), np.uint8), i) for i in range(8)]


@pytest.mark.parametrize(
    ("numbers", "between", "reach", "expected"),
    [
        ((0, 3, 4), 0, 10, [1, 2]),
        ((0, 4), 1, 10, [2]),
        ((0, 6), 2, 10, [2, 4]),
        ((0, 2), 5, 10, [1]),  # no more than there are
        ((0, 6), 0, 5, []),  # too far apart
        ((3,), 0, 10, []),
        ((), 0, 10, []),
    ],
)
def test_frames_between(numbers: tuple[int, ...], between: int, reach: int, expected: list[int]) -> None:
    assert [gap.index for gap in gaps(mined(*numbers), between, reach)] == expected


def test_warped_truth_is_where_the_object_is() -> None:
    filled = build("densifiers", "warp").fill(FRAMES, mined(0, 4), Exact())
    assert [m.index for m in filled] == [0, 1, 2, 3, 4]
    for one in filled:
        assert np.array_equal(one.truth, square(one.index)), one.index
    assert filled[2].why == "filled in from frames 0 and 4"


def test_where_neighbours_disagree_the_truth_is_soft() -> None:
    apart = [Mined(0, square(0), 0.5, ""), Mined(2, np.zeros((40, 60), np.float32), 0.4, "")]
    middle = build("densifiers", "warp").fill(FRAMES, apart, Exact())[1]
    assert np.array_equal(middle.truth, square(1) / 2)
    assert middle.score == 0.4


def test_magnitude_is_in_shares_of_the_sides() -> None:
    flow = np.tile(np.array([3.0, 4.0], np.float32), (10, 20, 1))
    assert magnitude(flow) == pytest.approx(np.hypot(3 / 20, 4 / 10))


def test_the_network_is_given_seven_channels() -> None:
    rgb = np.full((40, 60, 3), 255, np.uint8)
    flow = np.tile(np.array([6.0, 0.0], np.float32), (40, 60, 1))
    seen = seven_channels(Frame.of(rgb), WarpedTruth(square(0), flow), WarpedTruth(square(4), -2 * flow), 32)[0]
    assert seen.shape == (7, 32, 32)
    white = (1 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    assert torch.allclose(seen[:3, 5, 5], white)
    assert seen[3, :, :12].sum() > 0 == seen[4, :, :8].sum()
    assert seen[5].mean() == pytest.approx(0.1)
    assert seen[6].mean() == pytest.approx(0.2)


def test_the_generator_has_the_keys_of_the_published_network() -> None:
    with torch.device("meta"):
        made, published = generator().state_dict(), ImageModel(7).state_dict()
    assert {key: value.shape for key, value in made.items()} == {key: value.shape for key, value in published.items()}


def test_generator_fills_one_frame_in_each_gap() -> None:
    densifier = build("densifiers", "fgplg", Runtime(), weights="random", side=64)
    filled = densifier.fill(FRAMES, mined(0, 4, 7), Exact())
    assert [m.index for m in filled] == [0, 2, 4, 6, 7]
    assert filled[1].truth.shape == (40, 60)


def test_a_run_learns_from_what_was_filled_in(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "clip", make_clip(8, 96, 128).frames)
    few = [*FORCED, "recipe.miner=random", "random.share=0.3", "lite.weights=lite"]
    few.remove("nr.threshold=1.1")
    plain = boost(folder, "lite", "nr", tmp_path / "plain", settings=few)
    dense = boost(folder, "lite", "nr", tmp_path / "dense", settings=[*few, "recipe.densifier=warp"])
    assert dense.mined == plain.mined, "filled frames are not mined ones"
    assert len(dense.record["losses"]["0"]) > len(plain.record["losses"]["0"])
    assert "filled in" in dense.decisions[0].why
    assert any(not np.array_equal(a, b) for a, b in zip(plain.maps, dense.maps, strict=True))


def test_clips_are_learnt_from_with_the_loss_of_mined_frames_alone(tmp_path: Path) -> None:
    from boostvsod.boosting.finetune import draw_clips
    from boostvsod.kinds import Student
    from boostvsod.media.video import Video

    video = Video.open(make_clip(6, 48, 64).frames)
    piece = video.pieces(100)[0]
    student = Student(torch.nn.Identity(), 32, window=3)
    found = [Mined(i, np.full((48, 64), 0.25 * (i + 1), np.float32), 1.0, "") for i in (0, 1)]
    draw = draw_clips(piece, found, student, 2)
    clips, truth, weight = draw(0, torch.Generator())
    assert clips.shape == (2, 3, 3, 32, 32)
    assert truth.shape == weight.shape == (6, 1, 32, 32)
    order = [float(t.mean()) for t in truth]
    assert sorted(order) == pytest.approx(sorted([0.25, 0.25, 0.5, 0.25, 0.5, 0])), "the first frame is repeated"
    assert [float(w.mean()) for w in weight] == [float(value > 0) for value in order]


@pytest.mark.slow
def test_a_video_network_is_its_own_student(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "clip", make_clip(4, 64, 64).frames)
    quick = ["target.weights=random", "target.size=64", "recipe.student=twin", "train.size=64", "train.epochs=1"]
    mining = ["mqpm.threshold=0.0", "mqpm.T=2"]
    result = boost(folder, "rcrnet-ner", "mqpm", tmp_path / "out", settings=[*quick, *mining], precision="fp32")
    assert result.decisions[0].choice == "boosted"
    assert result.record["losses"]["0"]
    assert any(not np.array_equal(a, b) for a, b in zip(result.baseline, result.maps, strict=True))


def test_warp_agrees_with_moving_whole_pixels() -> None:
    flow = np.tile(np.array([2.0, 0.0], np.float32), (40, 60, 1))
    assert np.array_equal(warp_back(square(1), flow), square(0))
