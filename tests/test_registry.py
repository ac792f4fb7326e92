"""The registry: entry points, names, and faulty plugins."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from made import ROOT

from boostvsod import build, offers
from boostvsod.errors import ConfigError
from boostvsod.registry import KINDS, door
from boostvsod.testing import check_cheap

PLUGIN_FOLDERS = ("adapters/boostvsod_adapters", "plugins/boostvsod_plugins")
source_tree = pytest.mark.skipif(not (ROOT / "boostvsod").is_dir(), reason="needs the source tree")


@source_tree
def test_installed_door_is_the_one_in_pyproject() -> None:
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["boostvsod"]
    ours = metadata.distribution("boostvsod").entry_points
    installed = {e.name: e.value for e in ours if e.group == "boostvsod"}
    assert installed == written, "run `pip install -e .` again: the entry points changed"


@source_tree
def test_every_file_with_a_hook_is_listed() -> None:
    listed = {e.value for e in metadata.entry_points(group="boostvsod")}
    for folder in PLUGIN_FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            if "@hookimpl" in path.read_text():
                module = ".".join(path.relative_to((ROOT / folder).parent).with_suffix("").parts)
                assert module in listed, f"{module} has a hook and no entry point"


def test_nothing_is_broken_and_no_kind_is_empty() -> None:
    assert all(offers(kind) for kind in KINDS)
    assert door().broken == {}
    assert door().clashes() == {}


def test_listing_needs_no_heavy_library() -> None:
    code = (
        "import sys, boostvsod; from boostvsod.registry import KINDS; [boostvsod.offers(k) for k in KINDS]; "
        "print([m for m in ('torch', 'timm', 'cv2', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "public", ["datasets.Layout", "weights.load_weights", "metrics.Scores", "datasets.open_dataset"]
)
def test_packages_hand_on_public_names(public: str) -> None:
    package, _, name = public.partition(".")
    module = importlib.import_module(f"boostvsod.{package}")
    assert callable(getattr(module, name))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing
    with pytest.raises(ImportError, match="nothing"):
        exec(f"from boostvsod.{package} import nothing")


def test_packages_are_cheap_to_import() -> None:
    check_cheap("boostvsod, boostvsod.datasets, boostvsod.weights, boostvsod.metrics")


def test_unknown_names_get_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'farneback'\? there are: .*dis"):
        build("flows", "farnebak")
    with pytest.raises(ConfigError, match=r"nr has no option 'treshold'; did you mean 'threshold'"):
        build("miners", "nr", treshold=1)
    with pytest.raises(ConfigError, match="maps needs folder"):
        build("targets", "maps")


PLUGINS = {
    "good": "from boostvsod import Offer, hookimpl\n"
    "@hookimpl\ndef offer_miners(): return [Offer('mine', 'fine', lambda: 7)]\n"
    "@hookimpl\ndef add_commands(cli):\n    import click\n"
    "    cli.add_command(click.Command('wave', callback=lambda: click.echo('hi')))\n",
    "crash": "raise RuntimeError('boom on import')\n",
    "typo": "from boostvsod import hookimpl\n@hookimpl\ndef offer_minners(): return []\n",
    "old": "boostvsod_api = 99\n",
    "argument": "from boostvsod import hookimpl\n@hookimpl\ndef offer_miners(nonsense): return []\n",
    "failing": "from boostvsod import hookimpl\n@hookimpl\ndef offer_flows(): raise ValueError('no flow today')\n",
    "clash": "from boostvsod import Offer, hookimpl\n"
    "@hookimpl\ndef offer_miners(): return [Offer('nr', 'another', lambda: 8)]\n",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder on the path with one distribution for each plugin, as pip installs them."""
    for name, text in PLUGINS.items():
        (tmp_path / f"third_{name}.py").write_text(text)
        info = tmp_path / f"third_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: third-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[boostvsod]\n{name} = third_{name}\n")
    return tmp_path


def command(site: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from boostvsod.cli import main; sys.argv[0] = 'boostvsod'; main()"
    environment = {**os.environ, "PYTHONPATH": str(site), **env}
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment)


def test_a_bad_plugin_is_reported_in_one_line_and_the_others_load(site: Path) -> None:
    done = command(site, "list", "--json", BOOSTVSOD_PLUGINS=",".join(f"third-{name}" for name in PLUGINS))
    assert done.returncode == 0, done.stderr
    names = [row["name"] for row in json.loads(done.stdout) if row["kind"] == "miners"]
    assert names == ["longterm", "mine", "mqpm", "boostvsod:nr", "third-clash:nr", "oracle", "random", "trust"]
    lines = done.stderr.strip().splitlines()
    for message in (
        "third-crash:crash: third_crash: RuntimeError: boom on import",
        "third-typo:typo: third_typo: PluginValidationError: unknown hook 'offer_minners'",
        "third-old:old: third_old: PluginError: written for plugin API 99, this is 1",
        "third-argument:argument: third_argument: PluginValidationError",
        "third-failing:failing: its offer_flows failed: ValueError: no flow today",
        "clash     miners/nr: offered by boostvsod:nr and by third-clash:clash",
    ):
        assert len([line for line in lines if message in line]) == 1, (message, lines)
    assert len(lines) == 6


def test_a_plugin_adds_a_command(site: Path) -> None:
    assert command(site, "wave").stdout == "hi\n"


def test_plugins_can_be_limited(site: Path) -> None:
    only = command(site, "list", "miners", "--json", BOOSTVSOD_PLUGINS="third-good, old")
    assert [row["name"] for row in json.loads(only.stdout)] == [
        "longterm",
        "mine",
        "mqpm",
        "nr",
        "oracle",
        "random",
        "trust",
    ]
    assert "written for plugin API 99" in only.stderr
    assert "boom" not in only.stderr
    none = command(site, "list", "miners", "--no-plugins")
    assert "mine " not in none.stdout
    assert none.stderr == ""


def test_a_broken_plugin_is_named_when_its_offer_is_asked_for(site: Path) -> None:
    done = command(site, "run", "--target", "crash", "--video", "nowhere.mp4")
    assert done.returncode != 0
    asked = command(site, "predict", "nowhere.mp4", "--target", "nr", "-o", "x")
    assert asked.returncode == 3
    assert "nowhere.mp4" in asked.stderr


@source_tree
def test_every_hook_is_documented_and_named_like_its_kind() -> None:
    text = (ROOT / "docs" / "plugins.md").read_text()
    for kind in KINDS:
        assert f"offer_{kind}()" in text
    assert "add_commands(cli)" in text
