"""How pictures go into a network that nobody described, and how its output becomes a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from boostvsod.errors import ConfigError, PluginError
from boostvsod.media.forms import Flatness, Form, channels_of, first_output, three_numbers, to_map

RGB = np.zeros((8, 10, 3), np.uint8)
ROW = np.arange(80, dtype=np.float32).reshape(8, 10) / 80


@pytest.mark.parametrize("raw", [ROW, ROW[None], ROW[None, None], ROW[..., None], ROW[None, ..., None]])
def test_one_channel_wherever_it_stands(raw: np.ndarray) -> None:
    assert np.array_equal(channels_of(raw, "net"), ROW[None])
    assert np.array_equal(to_map(raw, RGB, "none", "net"), ROW)


@pytest.mark.parametrize(
    ("raw", "activation"),
    [(ROW, "none"), (ROW - 1e-6, "sigmoid"), (ROW * 9, "sigmoid"), (np.stack([ROW, -ROW]), "softmax")],
)
def test_the_output_for_noise_decides(raw: np.ndarray, activation: str) -> None:
    assert Form().activation_for(raw, "net") == activation
    assert Form(activation="sigmoid").activation_for(raw, "net") == "sigmoid"


def test_activations_by_hand() -> None:
    assert to_map(np.full((8, 10), np.log(3)), RGB, "sigmoid", "net")[0, 0] == pytest.approx(0.75)
    both = np.stack([np.zeros((8, 10)), np.full((8, 10), np.log(4))])
    assert to_map(both, RGB, "softmax", "net")[0, 0] == pytest.approx(0.8)


@pytest.mark.parametrize("shape", [(5, 8, 10), (8, 10, 3), (2, 3, 8, 10), (8,)])
def test_outputs_that_are_no_map(shape: tuple[int, ...]) -> None:
    with pytest.raises(PluginError, match=r"net: its output has (shape|\d channels)"):
        channels_of(np.zeros(shape, np.float32), "net")


@pytest.mark.parametrize("outputs", [ROW, [ROW, RGB], {"map": ROW, "edge": RGB}, ([{"map": (ROW,)}], RGB)])
def test_the_first_output(outputs: Any) -> None:
    assert first_output(outputs, "net") is ROW


@pytest.mark.parametrize("outputs", [None, [], {}, "map", ([],)])
def test_no_output(outputs: Any) -> None:
    with pytest.raises(PluginError, match=r"net: it returned .*, expected a tensor"):
        first_output(outputs, "net")


def test_a_picture_by_hand() -> None:
    form = Form(4, 4, (0.5, 0.0, 0.0), (0.5, 1.0, 2.0), white=2.0)
    assert form.picture(np.full((4, 4, 3), 255, np.uint8))[0, 0] == pytest.approx([3.0, 2.0, 1.0])


def test_three_numbers() -> None:
    assert three_numbers("[1, 2,3]", "onnx.mean") == three_numbers([1, 2, 3], "onnx.mean") == (1, 2, 3)
    assert three_numbers("0,0,0", "onnx.mean") == (0, 0, 0)
    with pytest.raises(ConfigError, match=r"onnx\.std='0,1,1': expected three numbers"):
        three_numbers("0,1,1", "onnx.std")


def test_flat_maps_are_told_once() -> None:
    watch = Flatness("net")
    said = [watch.look(np.zeros((4, 4), np.float32)) for _ in range(20)]
    assert [bool(text) for text in said].count(True) == 1
    assert "8 of its first 8 maps" in said[7]
    watch = Flatness("net")
    assert not any(watch.look(np.full((4, 4), 0.3, np.float32)) for _ in range(20))
