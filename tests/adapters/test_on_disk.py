"""Networks that people have on disk: rembg's cache, TorchScript, torchvision, the Hugging Face hub."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import call, visible
from safetensors.torch import save_file

from boostvsod import boost
from boostvsod.errors import BoostError, ConfigError, InputError, WeightsError
from boostvsod.kinds import Frame, Map, Window
from boostvsod.media.synthetic import Clip
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetSpec, open_target
from boostvsod.testing import check_target
from boostvsod_adapters.rembg import ALIASES, FILES


def map_of(target: str, rgb: np.ndarray, **options: Any) -> Map:
    return open_target(target, Runtime(), options).predict([Window((Frame.of(rgb, 0),), 0)])[0]


def write_network(path: Path, side: int, scale: float = 1.0) -> Path:
    """A file with the signature of rembg's: a picture 1 3 S S in, several maps 1 1 S S out; the first is red."""
    from onnx import TensorProto, helper, numpy_helper, save

    entry = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, side, side])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, side, side]) for name in ("1959", "1960")]
    layers = np.array([[[[scale]], [[0]], [[0]]], [[[0]], [[scale]], [[0]]]], np.float32)
    weights = [numpy_helper.from_array(layers[k : k + 1], f"w{k}") for k in range(2)]
    nodes = [helper.make_node("Conv", ["input.1", f"w{k}"], [ends[k].name]) for k in range(2)]
    graph = helper.make_graph(nodes, "net", [entry], ends, weights)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which rembg would keep its files."""
    for name in ("XDG_DATA_HOME", "REMBG_HOME", "U2NET_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("U2NET_HOME", str(tmp_path / "u2net"))
    return tmp_path


def as_rembg(rgb: np.ndarray, name: str) -> np.ndarray:
    """What rembg's steps give for the network of `write_network` and a picture of its size."""
    published = FILES[name]
    x = rgb[..., 0] / (rgb.max() if published["divide_by_max"] else 255)
    x = (x - published["mean"][0]) / published["std"][0]
    y = 1 / (1 + np.exp(-x)) if published["activation"] == "sigmoid" else x
    return np.asarray((y - y.min()) / (y.max() - y.min()))


@pytest.mark.parametrize("name", ["u2netp", "isnet-general-use", "birefnet-general-lite", "bria-rmbg", "BEN2_Base"])
def test_networks_of_rembg(name: str, home: Path, clip: Clip) -> None:
    side = FILES[name]["size"]
    write_network(home / "u2net" / f"{name}.onnx", side)
    rgb = np.repeat(np.repeat(clip.frames[0][:40, :40], side // 40, 0), side // 40, 1)
    rgb = np.pad(rgb, [(0, side - len(rgb)), (0, side - len(rgb)), (0, 0)], mode="edge")
    assert np.allclose(map_of(f"rembg:{name}", rgb), as_rembg(rgb, name), atol=1e-4)


def test_published_facts_of_rembg() -> None:
    assert {"u2net", "silueta", "u2net_human_seg", "birefnet-portrait"} <= FILES.keys()
    assert {settings["size"] for settings in FILES.values()} == {320, 1024}
    assert all(settings["stretch"] for settings in FILES.values())
    assert set(ALIASES.values()) <= FILES.keys()


PLACES = {  # the variable that names a folder -> the file in it
    "U2NET_HOME": "u2netp.onnx",
    "REMBG_HOME": "models/u2netp/u2netp.onnx",
    "XDG_DATA_HOME": ".u2net/u2netp.onnx",
    "HOME": ".rembg/models/u2netp/u2netp.onnx",
}


@pytest.mark.parametrize("variable", PLACES)
def test_where_rembg_keeps_files(variable: str, home: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("U2NET_HOME")
    monkeypatch.setenv(variable, str(home / "here"))
    write_network(home / "here" / PLACES[variable], 320)
    assert map_of("rembg:u2netp", clip.frames[0]).shape == (48, 64)


def test_a_run_with_a_network_of_rembg(home: Path, pictures: Path) -> None:
    path = write_network(home / "u2net" / "u2netp.onnx", 320)
    words = ["predict", pictures, "--target", "rembg:u2netp", "--set", "target.output=1", "-o", home / "o"]
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert len(visible(home / "o")) == 12
    path.unlink()
    done = call(*words, "--overwrite")
    assert done.exit_code == 5
    assert str(path) in done.stderr
    assert "boostvsod does not download it" in done.stderr
    with pytest.raises(ConfigError, match="rembg:u3net: no such network is known; there are: u2net, "):
        map_of("rembg:u3net", np.zeros((8, 8, 3), np.uint8))


def stamp_of(target: str, **options: Any) -> list[Any]:
    return TargetSpec.parse(target).stamp(options, Runtime())


def test_the_file_of_rembg_counts(home: Path) -> None:
    path = write_network(home / "u2net" / "u2netp.onnx", 320)
    before = stamp_of("rembg:u2netp")
    assert stamp_of("rembg:u2netp") == before
    write_network(path, 320, scale=2.0)
    assert stamp_of("rembg:u2netp") != before


class Half(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [x[:, :1] * 0.5, x[:, 1:2]]


@pytest.mark.filterwarnings("ignore:.*torch.jit:Warning")
@pytest.mark.parametrize("suffix", [".ts", ".torchscript", ".pt"])
def test_torchscript(suffix: str, tmp_path: Path, clip: Clip) -> None:
    path = tmp_path / f"net{suffix}"
    torch.jit.save(torch.jit.script(Half()), str(path))
    spec = f"torchscript:{path}" if suffix == ".pt" else str(path)
    rgb = np.repeat(np.repeat(clip.frames[0][:32, :32], 2, 0), 2, 1)
    options = {"mean": "0,0,0", "std": "1,1,1", "activation": "none", "size": 64}
    assert np.allclose(map_of(spec, rgb, **options), rgb[..., 0] / 510, atol=1e-4)
    assert np.allclose(map_of(spec, rgb, output=1, **options), rgb[..., 1] / 255, atol=1e-4)
    check_target(lambda: open_target(spec, Runtime(), options))


@pytest.mark.filterwarnings("ignore:.*torch.jit:Warning")
def test_torchscript_that_is_none(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "w.ts")
    (tmp_path / "bad.ts").write_bytes(b"no network")
    for name, message in (("w.ts", "cannot be loaded"), ("bad.ts", "cannot be loaded"), ("no.ts", "there is no such")):
        with pytest.raises(InputError, match=message):
            open_target(f"{tmp_path}/{name}", Runtime())


def weights_of_torchvision(folder: Path, name: str = "lraspp_mobilenet_v3_large", classes: int = 3) -> Path:
    from torchvision.models import get_model

    torch.manual_seed(0)
    net = get_model(name, weights=None, weights_backbone=None, num_classes=classes)
    torch.save(net.state_dict(), folder / "w.pth")
    return folder / "w.pth"


def test_a_network_of_torchvision(tmp_path: Path, clip: Clip) -> None:
    options = {"weights": str(weights_of_torchvision(tmp_path)), "size": 64}
    spec, rgb = "torchvision:lraspp_mobilenet_v3_large", clip.frames[0]
    of_classes = [map_of(spec, rgb, channel=k, **options) for k in range(3)]
    assert np.allclose(map_of(spec, rgb, **options), of_classes[1] + of_classes[2], atol=1e-4)


def test_faults_of_torchvision(tmp_path: Path) -> None:
    weights = weights_of_torchvision(tmp_path)
    faults: list[tuple[str, dict[str, Any], type[BoostError], str]] = [
        ("resnet50", {"weights": str(weights)}, ConfigError, "no such segmentation network; there are: deeplabv3_"),
        ("fcn_resnet50", {}, WeightsError, "needs the file of its weights: --weights FILE"),
        ("fcn_resnet50", {"weights": str(weights)}, WeightsError, "does not fit FCN"),
    ]
    for name, options, kind, message in faults:
        with pytest.raises(kind, match=message):
            open_target(f"torchvision:{name}", Runtime(), options)


NETWORK = """import torch
from transformers import PretrainedConfig, PreTrainedModel

class TinyConfig(PretrainedConfig):
    model_type = "tiny"

class BiRefNet(PreTrainedModel):
    config_class = TinyConfig
    def __init__(self, config):
        super().__init__(config)
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.post_init()
    def forward(self, x):
        return [x[:, :1] * 0, x[:, 1:2] * self.scale]
"""


def write_repository(folder: Path) -> Path:
    """A repository of the hub as BiRefNet's: its code, its configuration, its weights."""
    folder.mkdir(parents=True)
    (folder / "birefnet.py").write_text(NETWORK)
    names = {"AutoConfig": "birefnet.TinyConfig", "AutoModelForImageSegmentation": "birefnet.BiRefNet"}
    config = {"architectures": ["BiRefNet"], "auto_map": names, "model_type": "tiny"}
    (folder / "config.json").write_text(json.dumps(config))
    save_file({"scale": torch.full((1,), 3.0)}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


hub = pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="needs the extra hub")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub with the repository me/tiny; the copies of its code go there too."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub" / "models--me--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    return write_repository(repository / "snapshots" / commit)


@hub
@pytest.mark.parametrize("by_name", [True, False])
def test_a_network_of_the_hub(by_name: bool, cache: Path, clip: Clip) -> None:
    spec = "hf:me/tiny" if by_name else f"hf:{cache}"
    rgb = np.repeat(np.repeat(clip.frames[0][:32, :32], 2, 0), 2, 1)
    saliency = map_of(spec, rgb, trust=True, size=64)
    expected = 1 / (1 + np.exp(-3 * (rgb[..., 1] / 255 - 0.456) / 0.224))
    assert np.allclose(saliency, expected, atol=1e-4)


@hub
def test_code_of_the_hub_runs_only_if_it_is_trusted(cache: Path, pictures: Path, tmp_path: Path) -> None:
    (cache / "birefnet.py").write_text("raise SystemExit('this must not run')")
    done = call("predict", pictures, "--target", "hf:me/tiny", "-o", tmp_path / "o")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("device")]
    assert (done.exit_code, len(lines)) == (2, 1), done.output
    assert "birefnet.py in " in lines[0]
    assert "allow it by: --set target.trust=true" in lines[0]


@hub
def test_nothing_is_downloaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    with pytest.raises(WeightsError, match=r"hf:me/other: it is not in the cache.*--set target.download=true"):
        open_target("hf:me/other", Runtime())
    with pytest.raises(ConfigError, match="neither a folder nor OWNER/REPO"):
        open_target("hf:me/other/than/this", Runtime())
    monkeypatch.setenv("BOOSTVSOD_OFFLINE", "1")
    with pytest.raises(WeightsError, match="was not downloaded"):
        open_target("hf:me/other", Runtime(), {"download": True})


def edited_code(folder: Path) -> None:
    (folder / "birefnet.py").write_text(NETWORK.replace("* 0", "* 1"))


def other_weights(folder: Path) -> None:
    save_file({"scale": torch.full((1,), 4.0)}, folder / "model.safetensors", metadata={"format": "pt"})


@hub
@pytest.mark.parametrize("change", [edited_code, other_weights])
def test_code_and_weights_of_the_hub_count(change: Callable[[Path], None], cache: Path) -> None:
    before = stamp_of("hf:me/tiny", trust=True)
    assert stamp_of("hf:me/tiny", trust=True) == before
    change(cache)
    assert stamp_of("hf:me/tiny", trust=True) != before


@hub
def test_pictures_as_the_repository_says(cache: Path, clip: Clip) -> None:
    says = {"size": {"height": 64, "width": 64}, "image_mean": [0.0] * 3, "image_std": [3.0] * 3}
    (cache / "preprocessor_config.json").write_text(json.dumps(says))
    rgb = np.repeat(np.repeat(clip.frames[0][:32, :32], 2, 0), 2, 1)
    expected = 1 / (1 + np.exp(-(rgb[..., 1] / 255)))
    assert np.allclose(map_of("hf:me/tiny", rgb, trust=True), expected, atol=1e-4)


@hub
@pytest.mark.slow
def test_a_network_of_the_hub_is_boosted(cache: Path, tmp_path: Path, clip: Clip) -> None:
    settings = ["target.trust=true", "target.size=64", "train.epochs=1", "train.size=64", "recipe.gate=off"]
    result = boost(clip.frames, "hf:me/tiny", "default", tmp_path / "o", settings=settings)
    assert len(result.maps) == 12
