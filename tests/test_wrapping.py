"""Any network as a target, as people write it: what may be returned, what counts, and the usual mistakes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from made import call
from safetensors.torch import save_file

from boostvsod import boost
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError, PluginError
from boostvsod.kinds import Frame, Window
from boostvsod.media.synthetic import Clip
from boostvsod.offer import Offer
from boostvsod.registry import Entry, door
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetSpec, open_target, predict_windows
from boostvsod.testing import _windows

NETWORK = """import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Conv2d(3, 1, 3, padding=1)
    def forward(self, x):
        return self.layers(x), x
"""
RETURNED = {  # what `build` returns, as the code of a file
    "a function": "import numpy as np\ndef build():\n    return lambda rgb: rgb[..., 0].astype(np.float32) / 255\n",
    "an object": "class T:\n    window = batch = 1\n    def predict(self, windows):\n"
    "        return [w.frame.rgb[..., 0].astype('float32') / 255 for w in windows]\ndef build():\n    return T()\n",
    "a network": f"{NETWORK}\ndef build():\n    return Net()\n",
    "a class is the builder": "class build:\n    window = batch = 1\n    def predict(self, windows):\n"
    "        return [w.frame.rgb[..., 0].astype('float32') / 255 for w in windows]\n",
}


@pytest.mark.parametrize("case", RETURNED)
def test_what_a_builder_may_return(case: str, pictures: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "mine.py").write_text(RETURNED[case])
    done = call("predict", pictures, "--target", f"{tmp_path}/mine.py", "-o", tmp_path / "o")
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "o").glob("*.png"))) == 12
    assumed = [line for line in caplog.messages if "assumed: RGB, 320 x 320, white is 1, mean 0.485" in line]
    assert len(assumed) == (case == "a network"), caplog.messages


def test_an_unrelated_network_is_boosted_in_fifteen_lines(tmp_path: Path, clip: Clip) -> None:
    assert len(RETURNED["a network"].splitlines()) <= 15
    (tmp_path / "mine.py").write_text(RETURNED["a network"])
    quick = ["train.epochs=1", "train.size=64", "recipe.gate=off"]
    result = boost(clip.frames, f"{tmp_path}/mine.py:build", "default", tmp_path / "o", settings=quick)
    assert len(result.maps) == 12


def test_a_network_that_the_caller_built(tmp_path: Path, clip: Clip) -> None:
    assert len(boost(clip.frames, torch.nn.Conv2d(3, 1, 1), "none", tmp_path / "o").maps) == 12


def stamp(script: Path) -> list[Any]:
    return TargetSpec.parse(f"{script}:build").stamp({}, Runtime())


def module_elsewhere(folder: Path) -> tuple[str, Path]:
    (folder / "elsewhere" / "inner").mkdir(parents=True)
    module = folder / "elsewhere" / "inner" / "net.py"
    module.write_text("LEVEL = 0.5\n")
    return f"import sys\nsys.path.insert(0, {str(folder / 'elsewhere')!r})\nfrom inner.net import LEVEL\n", module


def module_of_a_package(folder: Path) -> tuple[str, Path]:
    (folder / "user" / "__init__.py").write_text("")
    (folder / "user" / "net.py").write_text("LEVEL = 0.5\n")
    return "from .net import LEVEL\n", folder / "user" / "net.py"


def module_of_a_folder_below(folder: Path) -> tuple[str, Path]:
    (folder / "user" / "models").mkdir()
    (folder / "user" / "models" / "net.py").write_text("LEVEL = 0.5\n")
    return "import models.net\n", folder / "user" / "models" / "net.py"


def weights_of_torch(folder: Path) -> tuple[str, Path]:
    path = folder / "net.pth"
    torch.save({"a": torch.zeros(3)}, path)
    return f"import os, torch\ntorch.load(os.path.join({str(folder)!r}, 'ne' + 't.pth'))\n", path


def weights_of_safetensors(folder: Path) -> tuple[str, Path]:
    save_file({"a": torch.zeros(3)}, folder / "net.safetensors")
    code = "from safetensors.torch import load_file\nload_file({!r} + '/ne' + 't.safetensors')\n"
    return code.format(str(folder)), folder / "net.safetensors"


def weights_of_onnx(folder: Path) -> tuple[str, Path]:
    value = onnx.helper.make_tensor_value_info("x", 1, [1, 3, 8, 8])
    end = onnx.helper.make_tensor_value_info("y", 1, [1, 3, 8, 8])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "net", [value], [end])
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), folder / "n.onnx"
    )
    code = "import onnxruntime\ndef open_it(path) -> onnxruntime.InferenceSession | None:\n"
    code += "    return onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])\n"
    return f"{code}open_it({str(folder)!r} + '/n' + '.onnx')\n", folder / "n.onnx"


COUNTS = [
    module_elsewhere,
    module_of_a_package,
    module_of_a_folder_below,
    weights_of_torch,
    weights_of_safetensors,
    weights_of_onnx,
]


@pytest.mark.parametrize("make", COUNTS)
def test_every_module_and_every_weights_file_counts(make: Callable[[Path], tuple[str, Path]], tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    code, counted = make(tmp_path)
    script = tmp_path / "user" / "mine.py"
    script.write_text(f"{code}def build():\n    return lambda rgb: rgb[..., 0] / 255\n")
    before = stamp(script)
    assert stamp(script) == before, "nothing changed"
    content = counted.read_bytes()
    counted.write_bytes(content.replace(b"0.5", b"0.75") if b"0.5" in content else content + b"\0")
    if counted.suffix == ".py":
        assert stamp(script) != before
    else:  # the damaged file may not load any more; what matters is that it counts
        counted.write_bytes(content)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("boostvsod.stamps.file_stamp", lambda path: "other" if path == counted else "same")
            changed = stamp(script)
            patch.setattr("boostvsod.stamps.file_stamp", lambda path: "same")
            assert stamp(script) != changed


def test_an_edited_module_is_read_afresh(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    code, module = module_elsewhere(tmp_path)
    script = tmp_path / "user" / "mine.py"
    script.write_text(f"{code}def build():\n    return lambda rgb: rgb[..., 0] * 0.0 + LEVEL\n")
    values = []
    for level in (0.5, 0.25):
        module.write_text(f"LEVEL = {level}\n")
        maps = predict_windows(open_target(f"{script}:build", Runtime()), _windows(1, 8, 8, 1), "mine")
        values.append(float(maps[0][0, 0]))
    assert values == [0.5, 0.25]


def test_a_target_of_a_file_is_built_once_in_a_run(tmp_path: Path, clip: Clip) -> None:
    counter = tmp_path / "builds"
    (tmp_path / "mine.py").write_text(
        f"def build():\n    with open({str(counter)!r}, 'a') as file:\n        file.write('x')\n"
        "    return lambda rgb: rgb[..., 0].astype('float32') / 255\n"
    )
    boost(clip.frames, f"{tmp_path}/mine.py:build", "none", tmp_path / "o")
    assert counter.read_text() == "x"
    assert boost(clip.frames, f"{tmp_path}/mine.py:build", "none", tmp_path / "o").reused


MAP = "rgb[..., 0].astype('float32') / 255"
MISTAKES = {  # what went wrong -> the code of a file, and what the one line says
    "no function of that name": ("def make():\n    pass\n", r"has no function 'build'; it has: make; write .*:make"),
    "a module that is not installed": ("import kornja\n", "No module named 'kornja'.*install kornja, or put it beside"),
    "nothing is returned": ("def build():\n    1\n", "NoneType is neither a target.*did the function forget to return"),
    "the class instead of an object": (
        "class T:\n    def predict(self, w): pass\n    window = batch = 1\n"
        "def build():\n    return type('U', (), {})\n",
        r"the class U came back; return an object of it: U\(\)",
    ),
    "no window": (
        "class T:\n    def predict(self, windows): pass\ndef build():\n    return T()\n",
        "T.window must be a number of frames, it has none: write `window = 1` in the class",
    ),
    "bytes instead of floats": ("def build():\n    return lambda rgb: rgb[..., 0]\n", "returned uint8.*divide by 255"),
    "values up to 255": ("def build():\n    return lambda rgb: rgb[..., 0] * 1.0\n", "values from .*divide by 255"),
    "logits": (f"def build():\n    return lambda rgb: 9 * ({MAP}) - 5\n", r"values from -.*need a sigmoid\?"),
    "a channel too many": (
        f"def build():\n    return lambda rgb: ({MAP})[None]\n",
        r"returned shape \(1, 48, 64\), expected \(48, 64\).*use .reshape\(48, 64\)",
    ),
    "transposed": (f"def build():\n    return lambda rgb: ({MAP}).T\n", r"shape \(64, 48\).*transpose it"),
    "the size of the network": (
        "import numpy as np\ndef build():\n    return lambda rgb: np.zeros((32, 32), np.float32)\n",
        r"shape \(32, 32\), expected \(48, 64\).*cv2.resize",
    ),
    "a tensor that needs gradients": (
        "import torch\ndef build():\n    return lambda rgb: torch.ones(48, 64, requires_grad=True)\n",
        "frame '00000': RuntimeError: .*requires grad",
    ),
    "weights of another network": (
        "import torch\ndef build():\n    net = torch.nn.Conv2d(3, 1, 1)\n"
        "    net.load_state_dict({'a': torch.ones(1)})\n",
        r"RuntimeError: Error\(s\) in loading state_dict for Conv2d.*mine.py:4",
    ),
    "missing weights": (
        "import torch\ndef build():\n    torch.load('nowhere.pth')\n",
        "FileNotFoundError: .*nowhere.pth.*mine.py:3",
    ),
    "a required option": (
        "def build(ckpt):\n    return 1\n",
        r"mine.py:build needs ckpt: --set target.ckpt=VALUE$",
    ),
    "a network for another number of channels": (
        "import torch\ndef build():\n    return torch.nn.Conv2d(4, 1, 1)\n",
        "target .*mine.py:build: RuntimeError: .*expected input.*to have 4 channels",
    ),
    "writing to the frame": (
        "def build():\n    def f(rgb):\n        rgb /= 255\n        return rgb\n    return f\n",
        "frame '00000': .*mine.py:3",
    ),
    "a wrong indent": ("def build():\nreturn 1\n", "cannot be imported: IndentationError: .*mine.py:2"),
}


@pytest.mark.parametrize("command", ["run", "predict"])
@pytest.mark.parametrize("case", MISTAKES)
def test_usual_mistakes_are_one_line(case: str, command: str, pictures: Path, tmp_path: Path) -> None:
    code, message = MISTAKES[case]
    (tmp_path / "mine.py").write_text(code)
    done = call(command, pictures, "--target", f"{tmp_path}/mine.py:build", "-o", tmp_path / "o")
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("device", "walk: "))]
    assert done.exit_code in (2, 4), done.output
    assert len(lines) == 1, done.stderr
    assert re.search(message, lines[0]), lines[0]
    assert "internal error" not in lines[0]


def test_at_least_twelve_mistakes() -> None:
    assert len(MISTAKES) >= 12


def test_a_plugin_whose_recipe_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: dict[str, Any] = {}
    builders: dict[str, Callable[..., Any]] = {"empty": lambda: nothing, "fails": lambda: nothing["x"], "native": dict}
    for name, build in builders.items():
        monkeypatch.setitem(door().offered["recipes"], name, [Entry(Offer(name, "", build), "third:x")])
    with pytest.raises(PluginError, match="recipe 'empty' is a dict, expected a Recipe"):
        find_recipe("empty")
    with pytest.raises(PluginError, match=r"fails: KeyError: 'x' \(.*test_wrapping.py:\d+\)"):
        find_recipe("fails")
    with pytest.raises(PluginError, match="native: its builder has no signature"):
        find_recipe("native")


def test_maps_that_are_all_empty_are_told(tmp_path: Path, clip: Clip, caplog: pytest.LogCaptureFixture) -> None:
    class Dark(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x[:, :1] * 0 - 50

    boost(np.concatenate([clip.frames] * 2), Dark(), "none", tmp_path / "o")
    assert len([line for line in caplog.messages if "is the normalisation right?" in line]) == 1


def test_a_network_takes_the_options_of_its_form(tmp_path: Path, clip: Clip) -> None:
    (tmp_path / "mine.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return {'a': x, 'b': x * 0.5}\n"
        "def build(scale=1.0):\n    return Net()\n"
    )
    options = {"output": "b", "channel": 1, "mean": "0,0,0", "std": "1,1,1", "activation": "none", "scale": 2.0}
    target = open_target(f"{tmp_path}/mine.py", Runtime(), {**options, "size": 64})
    saliency = predict_windows(target, [Window((Frame.of(clip.frames[0], 0),), 0)], "mine")[0]
    assert np.allclose(saliency, clip.frames[0][..., 1] / 510, atol=0.2)
    with pytest.raises(ConfigError, match=r"has no option 'chanel'; there are: scale"):
        open_target(f"{tmp_path}/mine.py", Runtime(), {"chanel": 1})
    with pytest.raises(ConfigError, match=r"target\.channel=.*"):
        open_target(f"{tmp_path}/mine.py", Runtime(), {"channel": 1.5})
    with pytest.raises(ConfigError, match="'colour'; there are: size, mean"):
        open_target(torch.nn.Conv2d(3, 1, 1), Runtime(), {"colour": 1})


def test_a_function_has_no_options_of_a_network(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f"def build():\n    return lambda rgb: {MAP}\n")
    with pytest.raises(ConfigError, match="channel: only a torch network that is returned has these options"):
        open_target(f"{tmp_path}/mine.py", Runtime(), {"channel": 1})
