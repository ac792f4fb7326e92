"""ONNX files as targets."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from boostvsod.errors import BoostError
from boostvsod.kinds import Frame, Window
from boostvsod.media.synthetic import Clip
from boostvsod.runtime import Runtime
from boostvsod.targets import open_target


def one(rgb: np.ndarray, name: str = "00000") -> Window:
    return Window((Frame(0, name, rgb),), 0)


class Threshold(torch.nn.Module):
    """Logits that are the shifted and scaled red channel: easy to recognise in the map."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 8 * (x[:, :1] - 0.5)


def export(path: Path, net: torch.nn.Module, shape: tuple[int, ...], **metadata: str) -> Path:
    import onnx

    torch.onnx.export(net, (torch.rand(shape),), str(path), dynamo=False)
    if metadata:
        model = onnx.load(str(path))
        onnx.helper.set_model_props(model, metadata)
        onnx.save(model, str(path))
    return path


legacy = pytest.mark.filterwarnings("ignore::DeprecationWarning")


PLAIN = {"mean": "0,0,0", "std": "1,1,1"}


@legacy
def test_onnx_reads_its_contract_from_the_file(tmp_path: Path, clip: Clip) -> None:
    path = export(tmp_path / "net.onnx", Threshold(), (1, 3, 48, 64), **PLAIN)
    expected = 1 / (1 + np.exp(-8 * (clip.frames[0][..., 0] / 255 - 0.5)))
    assert np.allclose(open_target(str(path), Runtime()).predict([one(clip.frames[0])])[0], expected, atol=1e-4)


@legacy
def test_onnx_options_go_over_the_file(tmp_path: Path, clip: Clip) -> None:
    path = export(tmp_path / "net.onnx", Threshold(), (1, 3, 48, 64), **PLAIN)
    options = {"mean": [0.1, 0.1, 0.1], "std": "2,2,2", "activation": "sigmoid", "range": 255.0}
    x = (clip.frames[0][..., 0].astype(np.float64) - 0.1) / 2
    made = open_target(str(path), Runtime(), options).predict([one(clip.frames[0])])[0]
    assert np.allclose(made, 1 / (1 + np.exp(-np.clip(8 * (x - 0.5), -60, 60))), atol=1e-4)


@legacy
def test_onnx_without_a_sigmoid_is_recognised(tmp_path: Path, clip: Clip, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "boostvsod")
    done = torch.nn.Sequential(Threshold(), torch.nn.Sigmoid())
    with_it = export(tmp_path / "with.onnx", done, (1, 3, 48, 64), **PLAIN)
    without = export(tmp_path / "without.onnx", Threshold(), (1, 3, 48, 64), **PLAIN)
    maps = [open_target(str(p), Runtime()).predict([one(clip.frames[0])])[0] for p in (with_it, without)]
    assert np.allclose(maps[0], maps[1], atol=1e-5)
    assert "so activation is none" in caplog.text
    assert "so activation is sigmoid" in caplog.text
    assert "CPUExecutionProvider" in caplog.text


@legacy
def test_onnx_of_any_layout_and_size(tmp_path: Path, clip: Clip) -> None:
    class Last(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sigmoid(x[..., 0])

    path = export(tmp_path / "last.onnx", Last(), (1, 20, 30, 3), **PLAIN)
    assert open_target(f"onnx:{path}", Runtime()).predict([one(clip.frames[0])])[0].shape == (48, 64)


@legacy
def test_onnx_faults_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    odd = export(tmp_path / "odd.onnx", torch.nn.Identity(), (1, 5, 8, 8))
    for path, options, message in (
        (tmp_path / "bad.onnx", {}, "cannot be loaded as ONNX"),
        (tmp_path / "none.onnx", {}, "there is no such ONNX file"),
        (odd, {}, r"its input has shape \[1, 5, 8, 8\]"),
        (export(tmp_path / "a.onnx", Threshold(), (1, 3, 8, 8)), {"mean": "1,2"}, "expected three numbers"),
    ):
        with pytest.raises(BoostError, match=message):
            open_target(str(path), Runtime(), options)


def graph(
    path: Path,
    outputs: dict[str, str],
    kind: str = "FLOAT",
    shape: tuple[int | str, ...] = (1, 3, 48, 64),
    metadata: dict[str, str] | None = None,
) -> Path:
    """A network file whose outputs are named operators of the picture."""
    from onnx import TensorProto, helper, save

    data = getattr(TensorProto, kind)
    entry = helper.make_tensor_value_info("x", data, shape)
    ends = [helper.make_tensor_value_info(name, data, None) for name in outputs]
    nodes = [helper.make_node(operator, ["x"], [name]) for name, operator in outputs.items()]
    made = helper.make_graph(nodes, "net", [entry], ends)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    save(model, str(path))
    return path


def maps_of(path: Path, clip: Clip, **options: object) -> np.ndarray:
    return open_target(str(path), Runtime(), options).predict([one(clip.frames[0])])[0]


def red(clip: Clip, channel: int = 0) -> np.ndarray:
    return np.asarray(clip.frames[0][..., channel] / 255, np.float32)


SHAPES = [(1, 3, 48, 64), (1, 3, "h", "w"), ("n", "c", 48, "w"), (4, 3, 48, 64), (1, 48, 64, 3)]


@pytest.mark.parametrize("kind", ["FLOAT", "FLOAT16", "DOUBLE", "UINT8"])
@pytest.mark.parametrize(
    "shape", [(1, 3, 48, 64), (1, 3, "h", "w"), ("n", "c", 48, "w"), (4, 3, 48, 64), (1, 48, 64, 3)]
)
def test_inputs_as_exported(kind: str, shape: tuple[int | str, ...], tmp_path: Path, clip: Clip) -> None:
    path = graph(tmp_path / "net.onnx", {"y": "Identity"}, kind, shape)
    plain = {} if kind == "UINT8" else PLAIN
    saliency = maps_of(path, clip, channel=1, activation="none", size=48, **plain)
    exact = (isinstance(shape[2], int) and shape[2] == 48) or shape[1] == 48
    assert np.allclose(saliency, red(clip, 1), atol=2e-3 if exact and shape[3] != "w" else 0.5)
    assert saliency.shape == (48, 64)


@pytest.mark.parametrize("output", [1, "1", -1, "edge"])
def test_the_output_by_number_or_name(output: int | str, tmp_path: Path, clip: Clip) -> None:
    path = graph(tmp_path / "net.onnx", {"map": "Identity", "edge": "Sqrt"}, metadata=PLAIN)
    assert np.allclose(maps_of(path, clip, channel=0), red(clip), atol=1e-5)
    assert np.allclose(maps_of(path, clip, channel=0, output=output), red(clip) ** 0.5, atol=1e-5)


def test_the_file_says_how_it_is_used(tmp_path: Path, clip: Clip) -> None:
    says = {"output": "edge", "channel": "2", "activation": "none", "range": "1", "divide_by_max": "false"}
    path = graph(tmp_path / "net.onnx", {"map": "Identity", "edge": "Sqrt"}, metadata=PLAIN | says)
    assert np.allclose(maps_of(path, clip), red(clip, 2) ** 0.5, atol=1e-5)
    assert np.allclose(maps_of(path, clip, output="map"), red(clip, 2), atol=1e-5)


@legacy
def test_weights_in_a_file_beside_it(tmp_path: Path, clip: Clip) -> None:
    import onnx

    path = export(tmp_path / "net.onnx", torch.nn.Conv2d(3, 1, 9), (1, 3, 48, 64), **PLAIN)
    expected = maps_of(path, clip)
    external = {"save_as_external_data": True, "location": "net.data", "size_threshold": 0}
    onnx.save(onnx.load(str(path)), str(path), **external)
    assert np.array_equal(maps_of(path, clip), expected)
    (tmp_path / "net.data").unlink()
    with pytest.raises(BoostError, match=r"cannot be loaded as ONNX.*net\.data"):
        maps_of(path, clip)


FAULTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"outputs": {"y": "Identity"}}, {}, "its output has 3 channels; choose one: --set target.channel=0 to 2"),
    ({"outputs": {"y": "Identity"}}, {"channel": 3}, "target.channel=3, but its output has 3 channels"),
    ({"outputs": {"y": "Identity"}}, {"output": 1}, r"it has no output '1'; target.output may be: 0 \(y\)"),
    ({"outputs": {"y": "Identity"}, "kind": "UINT8"}, {"mean": "1,2,3"}, "it takes bytes from 0 to 255"),
    ({"outputs": {"y": "Identity"}, "kind": "INT64"}, {}, r"its input is a tensor\(int64\); expected one of"),
    (
        {"outputs": {"y": "Identity"}, "metadata": {"size": "many"}},
        {},
        "in its metadata, size='many': expected",
    ),
]


@pytest.mark.parametrize(("made", "options", "message"), FAULTS)
def test_more_faults_are_named(
    made: dict[str, Any], options: dict[str, Any], message: str, tmp_path: Path, clip: Clip
) -> None:
    with pytest.raises(BoostError, match=message):
        maps_of(graph(tmp_path / "net.onnx", **made), clip, **options)


def test_empty_maps_are_told(tmp_path: Path, clip: Clip, caplog: pytest.LogCaptureFixture) -> None:
    dark = {"mean": "0,0,0", "std": "9000,9000,9000", "channel": "0"}
    path = graph(tmp_path / "net.onnx", {"y": "Identity"}, metadata=dark)
    target = open_target(str(path), Runtime())
    target.predict([one(frame) for frame in clip.frames])
    assert len([line for line in caplog.messages if "is the normalisation right?" in line]) == 1
