"""How pictures go into a network that nobody described, and how its output becomes a map."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from boostvsod.errors import ConfigError, PluginError
from boostvsod.media.form_options import OPTIONS, fields_of, three_numbers
from boostvsod.media.forms import Flatness, Form, channels_of, chosen_output, to_map

RGB = np.zeros((8, 10, 3), np.uint8)
ROW = np.arange(80, dtype=np.float32).reshape(8, 10) / 80


@pytest.mark.parametrize("raw", [ROW, ROW[None], ROW[None, None], ROW[..., None], ROW[None, ..., None]])
def test_one_channel_wherever_it_stands(raw: np.ndarray) -> None:
    assert np.array_equal(channels_of(raw, "net"), ROW[None])
    assert np.array_equal(to_map(raw, RGB, Form(activation="none"), "net"), ROW)


@pytest.mark.parametrize(
    ("raw", "activation"),
    [(ROW, "none"), (ROW - 1e-6, "sigmoid"), (ROW * 9, "sigmoid"), (np.stack([ROW, -ROW]), "softmax")],
)
def test_the_output_for_noise_decides(raw: np.ndarray, activation: str) -> None:
    assert Form().activation_for(raw, "net") == activation
    assert Form(activation="sigmoid").activation_for(raw, "net") == "sigmoid"


def test_activations_by_hand() -> None:
    assert to_map(np.full((8, 10), np.log(3)), RGB, Form(activation="sigmoid"), "net")[0, 0] == pytest.approx(0.75)
    both = np.stack([np.zeros((8, 10)), np.full((8, 10), np.log(4))])
    assert to_map(both, RGB, Form(activation="softmax"), "net")[0, 0] == pytest.approx(0.8)


@pytest.mark.parametrize("shape", [(5, 8, 10), (8, 10, 3), (2, 3, 8, 10), (8,)])
def test_outputs_that_are_no_map(shape: tuple[int, ...]) -> None:
    with pytest.raises(PluginError, match=r"net: its output has (shape|\d channels; choose one)"):
        to_map(np.zeros(shape, np.float32), RGB, Form(), "net")


@pytest.mark.parametrize("last", [False, True])
def test_the_chosen_channel(last: bool) -> None:
    layers = np.stack([ROW * k / 4 for k in range(5)])
    raw = layers.transpose(1, 2, 0) if last else layers
    for k in range(5):
        assert np.array_equal(to_map(raw, RGB, Form(activation="none", channel=k), "net"), layers[k])
    inverted = to_map(raw, RGB, Form(activation="none", channel=2, invert=True), "net")
    assert np.allclose(inverted, 1 - layers[2])
    with pytest.raises(PluginError, match=r"target\.channel=5, but its output has 5 channels"):
        to_map(raw, RGB, Form(channel=5), "net")


def test_softmax_over_many_channels() -> None:
    scores = np.log(np.full((4, 8, 10), 1.0, np.float32) * np.array([1, 2, 3, 4])[:, None, None])
    form = Form(activation="softmax", channel=0, invert=True)
    assert to_map(scores, RGB, form, "net")[0, 0] == pytest.approx(0.9)


def test_bytes_and_stretched_maps() -> None:
    assert channels_of(np.full((8, 10), 51, np.uint8), "net")[0, 0, 0] == pytest.approx(0.2)
    low = to_map(ROW * 0.1 + 0.2, RGB, Form(activation="none", stretch=True), "net")
    assert (low.min(), low.max()) == (0, pytest.approx(1, abs=1e-5))


def test_the_chosen_output() -> None:
    table, several = {"map": ROW, "edge": ROW * 2}, [ROW, [ROW * 2], ROW * 3]
    assert chosen_output(table, "edge", "net") is table["edge"]
    assert np.array_equal(chosen_output(several, "1", "net"), ROW * 2)
    assert np.array_equal(chosen_output(several, "-1", "net"), ROW * 3)
    assert chosen_output(ROW, "0", "net") is ROW
    for outputs, wanted, names in (
        (table, "2", "0 (map), 1 (edge)"),
        (several, "3", "0 to 2"),
        (table, "x", "0 (map)"),
    ):
        with pytest.raises(PluginError, match=re.escape(names)):
            chosen_output(outputs, wanted, "net")


def test_divided_by_the_brightest_value() -> None:
    form = Form(4, 4, (0.0,) * 3, (1.0,) * 3, by_max=True)
    assert form.picture(np.full((4, 4, 3), 51, np.uint8)) == pytest.approx(1.0)
    assert form.picture(np.zeros((4, 4, 3), np.uint8)) == pytest.approx(0.0)


WRONG = {"size": 0, "mean": [1, 2], "std": "0,1,1", "range": "white", "activation": "relu", "channel": "red"}


@pytest.mark.parametrize(("option", "value"), [*WRONG.items(), ("output", True), ("invert", 2), ("stretch", "yes")])
def test_wrong_options_are_named(option: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^target\.{option}={re.escape(repr(value))}"):
        fields_of({option: value})


def test_every_option_becomes_a_field() -> None:
    texts = {"size": "64", "mean": "1,2,3", "std": "1,2,3", "range": "255", "divide_by_max": "true", "output": "2"}
    texts |= {"channel": "3", "activation": "none", "invert": "true", "stretch": "false"}
    assert texts.keys() == OPTIONS.keys()
    three = (1.0, 2.0, 3.0)
    assert Form(**fields_of(texts)) == Form(64, 64, three, three, 255, True, "2", 3, "none", True, False)


@pytest.mark.parametrize("outputs", [ROW, [ROW, RGB], {"map": ROW, "edge": RGB}, ([{"map": (ROW,)}], RGB)])
def test_the_first_output(outputs: Any) -> None:
    assert chosen_output(outputs, "", "net") is ROW


@pytest.mark.parametrize("outputs", [None, [], {}, "map", ([],)])
def test_no_output(outputs: Any) -> None:
    with pytest.raises(PluginError, match=r"net: it returned .*, expected a tensor"):
        chosen_output(outputs, "", "net")


def test_a_picture_by_hand() -> None:
    form = Form(4, 4, (0.5, 0.0, 0.0), (0.5, 1.0, 2.0), white=2.0)
    assert form.picture(np.full((4, 4, 3), 255, np.uint8))[0, 0] == pytest.approx([3.0, 2.0, 1.0])


def test_three_numbers() -> None:
    assert three_numbers("[1, 2,3]", "target.mean") == three_numbers([1, 2, 3], "target.mean") == (1, 2, 3)
    assert three_numbers("0,0,0", "target.mean") == (0, 0, 0)
    with pytest.raises(ConfigError, match=r"target\.std='0,1,1': expected three numbers"):
        three_numbers("0,1,1", "target.std")


def test_flat_maps_are_told_once() -> None:
    watch = Flatness("net")
    said = [watch.look(np.zeros((4, 4), np.float32)) for _ in range(20)]
    assert [bool(text) for text in said].count(True) == 1
    assert "8 of its first 8 maps" in said[7]
    watch = Flatness("net")
    assert not any(watch.look(np.full((4, 4), 0.3, np.float32)) for _ in range(20))
