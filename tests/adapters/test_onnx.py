"""ONNX files as targets."""

from __future__ import annotations

import logging
from pathlib import Path

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
