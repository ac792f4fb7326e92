"""The guides for users: every block of code runs, and every command, option and setting is in one of them."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import click
import numpy as np
import pytest
import torch
from made import ROOT, call, write_film, write_maps, write_pictures
from networks import weights_of_torchvision, write_network, write_repository

from boostvsod.cli import main
from boostvsod.media.form_options import OPTIONS
from boostvsod.media.synthetic import Clip
from boostvsod.recipe import CHOICES, EFFORT, PASSES, Recipe, TrainOptions

pytestmark = pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="needs the source tree")
QUICK = ("--set", "train.size=64", "--set", "train.epochs=0.5")  # added to commands that learn


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def blocks(name: str, *languages: str) -> list[tuple[str, str]]:
    """The blocks of code of a document, each with its language."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", text_of(name), re.DOTALL | re.MULTILINE)
    return [(language, code) for language, code in found if language in languages]


@pytest.fixture
def folder(tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with all files that the documents name. Modules that are imported there are forgotten."""
    write_film(tmp_path / "clip.mp4", clip.frames)
    write_pictures(tmp_path / "frames", clip.frames)
    names = [f"{i:05d}" for i in range(len(clip.frames))]
    for place in ("my_maps", "all_maps/frames", "masks"):
        write_maps(tmp_path / place, clip.truth.astype(np.uint8), names)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def run_blocks(name: str) -> int:
    """Run every block of a document in order, in this folder. Returns the number of blocks."""
    found = blocks(name, "python", "bash")
    for language, code in found:
        if language == "bash":
            for line in code.splitlines():
                run_line(line)
        elif file := re.match(r"# (\w+\.py)\n", code):
            Path(file[1]).write_text(code)
        else:
            exec(compile(code, name, "exec"), {})
    return len(found)


def run_line(line: str) -> None:
    """Run one command of the program."""
    program, *words = shlex.split(line)
    assert program == "boostvsod", f"a block with other programs has no language: {line}"
    learns = words[0] == "run" and "motion" not in words
    done = call(*words, *(QUICK if learns else ()))
    assert done.exit_code == 0, f"{line}\n{done.output}"


def export(path: Path, *names: str) -> None:
    """An ONNX file with outputs of these names, each the mean of the channels."""
    from onnx import TensorProto, helper, save

    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 32, 32])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 32, 32]) for name in names]
    nodes = [helper.make_node("ReduceMean", ["x"], [name], axes=[1], keepdims=1) for name in names]
    graph = helper.make_graph(nodes, "net", [entry], ends)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


@pytest.mark.slow
def test_getting_started_runs(folder: Path) -> None:
    export(folder / "net.onnx", "map")
    assert run_blocks("getting-started.md") >= 6
    assert len(list((folder / "boosted" / "maps").glob("*.png"))) == 12


@pytest.mark.filterwarnings("ignore:.*torch.jit:Warning")
@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="needs the extra hub")
def test_the_six_ways_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(folder / "net.onnx", "map")
    export(folder / "two_outputs.onnx", "map", "edges")
    net = torch.nn.Conv2d(3, 1, 3, padding=1)
    torch.save({f"layer.{key}": value for key, value in net.state_dict().items()}, folder / "weights.pth")
    torch.jit.save(torch.jit.script(net), str(folder / "net.ts"))
    monkeypatch.setenv("U2NET_HOME", str(folder / "u2net"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(folder / "modules"))
    write_network(folder / "u2net" / "u2netp.onnx", 320)
    shutil.move(weights_of_torchvision(folder), folder / "lraspp.pth")
    write_repository(folder / "tiny_repository")
    assert run_blocks("wrapping.md") == 11
    for k in (k for k in range(1, 14) if k != 10):
        assert len(list((folder / f"out{k}").glob("*.png"))) == 12, f"out{k}"


def test_every_option_of_a_network_is_explained() -> None:
    assert set(re.findall(r"^\| `target\.(\w+)` \|", text_of("wrapping.md"), re.MULTILINE)) == set(OPTIONS)


def renewer() -> ModuleType:
    """docs/renew_tables.py as a module."""
    spec = importlib.util.spec_from_file_location("renew_tables", ROOT / "docs" / "renew_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_is_documented_as_it_is() -> None:
    assert text_of("commands.md") == renewer().commands_page(), "run: python docs/renew_tables.py"


def test_every_option_of_the_command_line_has_help() -> None:
    without = [
        f"{context.command_path} {option.opts[-1]}"
        for context in renewer().contexts(click.Context(main, info_name="boostvsod"))
        for option in context.command.params
        if isinstance(option, click.Option) and not (option.help or option.show_default or option.required)
    ]
    assert not without


def settings_of(table: str) -> dict[str, str]:
    """Key -> default, as the document says."""
    rows = re.findall(rf"^\| `{table}\.(\w+)` \| (.*?) \|", text_of("settings.md"), re.MULTILINE)
    return {key: "" if default == "none" else default.strip("`") for key, default in rows}


def test_every_setting_of_a_recipe_is_documented() -> None:
    defaults = {f.name: str(f.default) for f in fields(Recipe)}
    assert settings_of("recipe") == {key: defaults[key] for key in (*CHOICES, EFFORT[1])}
    train = {f.name: str(f.default) for f in fields(TrainOptions)}
    assert settings_of("train") == {**dict.fromkeys(PASSES, defaults["per_frame"]), **train}


def test_the_recipe_file_in_the_document_is_valid(tmp_path: Path) -> None:
    ((_, code),) = blocks("settings.md", "toml")
    (tmp_path / "mine.toml").write_text(code)
    recipe = Recipe.read(tmp_path / "mine.toml")
    assert (recipe.per_frame, recipe.train.lr_scale, recipe.of("nr")) == (2.0, 0.5, {"threshold": 0.5})


def test_other_documents_have_no_code_that_no_test_runs() -> None:
    run = {"getting-started.md", "wrapping.md"}  # here
    run |= {"plugins.md"}  # in test_doc_contents.py
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name in run or not blocks(path.name, "python", "bash"), path.name
