"""The ways to name a target: folders of maps, network files, functions in a file."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from made import QUICK, ROOT, write_maps

from boostvsod import boost, build
from boostvsod.errors import BoostError, ConfigError, InputError, PluginError, WeightsError
from boostvsod.kinds import Frame, Window
from boostvsod.media.synthetic import Clip
from boostvsod.runtime import Runtime
from boostvsod.targets import open_target

EXAMPLES = ROOT / "examples"


def one(rgb: np.ndarray, name: str = "00000") -> Window:
    return Window((Frame(0, name, rgb),), 0)


def test_maps_are_found_by_name(pictures: Path, maps: Path, tmp_path: Path, clip: Clip) -> None:
    result = boost(pictures, f"maps:{maps}", "none", tmp_path / "out")
    assert all(np.array_equal(m > 0.5, t) for m, t in zip(result.maps, clip.truth, strict=True))
    assert result.notes == ()


def test_maps_may_lie_under_the_videos_name(pictures: Path, tmp_path: Path, clip: Clip) -> None:
    write_maps(tmp_path / "all" / "walk", clip.truth)
    assert len(boost(pictures, f"maps:{tmp_path / 'all'}", "none", tmp_path / "out").maps) == 12


def test_a_missing_last_map_repeats_its_neighbour_and_says_so(pictures: Path, maps: Path, tmp_path: Path) -> None:
    (maps / "00011.png").unlink()
    result = boost(pictures, f"maps:{maps}", "none", tmp_path / "out")
    assert np.array_equal(result.maps[11], result.maps[10])
    assert any("the last frame, 00011, has no map" in note for note in result.notes)


def test_other_names_are_taken_in_order_and_said(pictures: Path, tmp_path: Path, clip: Clip) -> None:
    folder = write_maps(tmp_path / "m", clip.truth, [f"out_{i + 1}" for i in range(12)])
    result = boost(pictures, f"maps:{folder}", "none", tmp_path / "out")
    assert np.array_equal(result.maps[9] > 0.5, clip.truth[9])
    assert any("used in order" in note for note in result.notes)


def test_maps_of_another_size_are_resized_and_said(pictures: Path, tmp_path: Path, clip: Clip) -> None:
    folder = write_maps(tmp_path / "m", clip.truth[:, ::2, ::2])
    result = boost(pictures, f"maps:{folder}", "none", tmp_path / "out")
    assert result.maps[0].shape == (48, 64)
    assert any("32x24 are resized to the frames' 64x48" in note for note in result.notes)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("missing", "11 maps for 12 frames; 1 frames without a map, the first is '00004'"),
        ("extra", "13 maps for 12 frames; 1 maps without a frame, the first is '99999'"),
        ("nothing", "no picture in it"),
        ("nowhere", "there is no such folder"),
        ("damaged", r"00002\.png cannot be decoded"),
    ],
)
def test_bad_map_folders_are_named_and_leave_nothing(
    pictures: Path, maps: Path, tmp_path: Path, fault: str, said: str
) -> None:
    folder = maps
    match fault:
        case "missing":
            (maps / "00004.png").unlink()
        case "extra":
            cv2.imwrite(str(maps / "99999.png"), np.zeros((48, 64), np.uint8))
        case "nothing":
            folder = tmp_path / "empty"
            folder.mkdir()
        case "nowhere":
            folder = tmp_path / "nowhere"
        case "damaged":
            (maps / "00002.png").write_bytes(b"\x89PNG no more")
    with pytest.raises(InputError, match=said):
        boost(pictures, f"maps:{folder}", out=tmp_path / "out", settings=QUICK)
    assert not (tmp_path / "out").exists()


class Threshold(torch.nn.Module):
    """Logits that are the red channel, shifted: easy to recognise afterwards."""

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
def test_onnx_tells_whether_a_sigmoid_is_missing(tmp_path: Path, clip: Clip, caplog: pytest.LogCaptureFixture) -> None:
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
    for path, options, said in (
        (tmp_path / "bad.onnx", {}, "cannot be loaded as ONNX"),
        (tmp_path / "none.onnx", {}, "there is no such ONNX file"),
        (odd, {}, r"its input has shape \[1, 5, 8, 8\]"),
        (export(tmp_path / "a.onnx", Threshold(), (1, 3, 8, 8)), {"mean": "1,2"}, "expected three numbers"),
    ):
        with pytest.raises(BoostError, match=said):
            open_target(str(path), Runtime(), options)


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="needs the source tree")
def test_a_function_in_a_file(clip: Clip, tmp_path: Path) -> None:
    example = EXAMPLES / "wrap_your_model.py"
    assert len(example.read_text().splitlines()) <= 15
    assert len(boost(clip.frames, f"{example}:build", "none", tmp_path / "out").maps) == 12


def test_files_that_are_no_targets_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def build(): return 7\nbroken = 3\n")
    (tmp_path / "b.py").write_text("import nothing_of_the_kind\n")
    for spec, error, said in (
        (f"{tmp_path}/a.py:build", PluginError, "int is neither a target"),
        (f"{tmp_path}/a.py:broken", PluginError, "has no function 'broken'"),
        (f"{tmp_path}/b.py", PluginError, "cannot be imported: ModuleNotFoundError"),
        (f"{tmp_path}/c.py", ConfigError, "there is no file"),
        ("classic:x", ConfigError, "takes nothing after the colon"),
        ("sssav", ConfigError, "nothing is called 'sssav'"),
    ):
        with pytest.raises(error, match=said):
            open_target(spec, Runtime())


def test_weights_come_safely_or_not_at_all(tmp_path: Path) -> None:
    import pickle

    from boostvsod.weights.files import read_weights, save_weights

    net = build("students", "lite", Runtime(), weights="none").net
    save_weights(net, tmp_path / "good.safetensors")
    wrapped = {"state_dict": {f"module.{k}": v for k, v in net.state_dict().items() if "num_batches" not in k}}
    torch.save(wrapped, tmp_path / "wrapped.pth")
    for name in ("good.safetensors", "wrapped.pth"):
        student = build("students", "lite", Runtime(), weights=str(tmp_path / name))
        assert name in student.origin
        first = next(iter(net.state_dict().values()))
        assert torch.allclose(next(iter(student.net.state_dict().values())), first, atol=1e-3)

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (print, ("this must never run",))

    with (tmp_path / "evil.pth").open("wb") as file:
        pickle.dump({"state_dict": Evil()}, file)
    with pytest.raises(WeightsError, match=r"could run code|cannot be read"):
        read_weights(tmp_path / "evil.pth")
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"does not fit LiteNet: \d+ missing .*; 1 unknown \(conv.weight\)"):
        build("students", "lite", Runtime(), weights=str(tmp_path / "other.pth"))
    with pytest.raises(WeightsError, match="neither a file, nor bundled, nor cached; bundled are: lite"):
        build("students", "lite", Runtime(), weights="ghost")
