"""Densifiers: truth for frames between mined ones."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from made import square

from boostvsod import build
from boostvsod.kinds import Flow, Frame, Mined
from boostvsod.runtime import Runtime
from boostvsod_adapters.nets.rcrnet import ImageModel
from boostvsod_plugins.densify.fgplg import generator, magnitude, seven_channels
from boostvsod_plugins.densify.gaps import WarpedTruth, gaps


def mined(*numbers: int) -> list[Mined]:
    return [Mined(i, square(i), 0.5, "mined") for i in numbers]


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
        ((0, 2), 5, 10, [1]),  # only one frame lies between
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


def test_truth_is_soft_where_the_neighbours_differ() -> None:
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
    channels = seven_channels(Frame.of(rgb), WarpedTruth(square(0), flow), WarpedTruth(square(4), -2 * flow), 32)[0]
    assert channels.shape == (7, 32, 32)
    white = (1 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    assert torch.allclose(channels[:3, 5, 5], white)
    assert channels[3, :, :12].sum() > 0 == channels[4, :, :8].sum()
    assert channels[5].mean() == pytest.approx(0.1)
    assert channels[6].mean() == pytest.approx(0.2)


def test_the_generator_has_the_keys_of_the_published_network() -> None:
    with torch.device("meta"):
        made, published = generator().state_dict(), ImageModel(7).state_dict()
    assert {key: value.shape for key, value in made.items()} == {key: value.shape for key, value in published.items()}


def test_generator_fills_one_frame_in_each_gap() -> None:
    densifier = build("densifiers", "fgplg", Runtime(), weights="random", side=64)
    filled = densifier.fill(FRAMES, mined(0, 4, 7), Exact())
    assert [m.index for m in filled] == [0, 2, 4, 6, 7]
    assert filled[1].truth.shape == (40, 60)


@pytest.mark.parametrize(("inputs", "planes"), [("Gb", 3), ("Gc", 5), ("Gd", 7)])
def test_inputs_of_the_generator_are_those_of_table_four(inputs: str, planes: int) -> None:
    densifier: Any = build("densifiers", "fgplg", Runtime(), weights="random", side=64, inputs=inputs)
    given = mined(0, 4)
    ((index, x),) = densifier.inputs(FRAMES, given, Exact())
    assert (index, tuple(x.shape)) == (2, (planes, 64, 64))
    assert densifier.fill(FRAMES, given, Exact())[1].truth.shape == (40, 60)
    if inputs == "Gc":
        small = cv2.resize(given[0].truth, (64, 64), interpolation=cv2.INTER_LINEAR)
        assert np.allclose(x[3], small), "not warped"
