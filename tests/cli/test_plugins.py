"""`boostvsod plugins`: generated projects work, and any part can be checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest
from made import ROOT, call

from boostvsod.cli.kit.create import NEW
from boostvsod.cli.kit.trials import TRIALS
from boostvsod.cli.plugins import PLURAL
from boostvsod.registry import KINDS
from boostvsod.testing import CHECKS, WANTED

SOURCES = [str(path) for path in (ROOT, ROOT / "adapters", ROOT / "plugins") if path.is_dir()]


def new(folder: Path, name: str, kind: str) -> Any:
    return call("plugins", "new", name, "--kind", kind, "-o", folder)


def environment(folder: Path) -> Path:
    """A throw-away environment with the packages of this one, but its own plugins. Returns its Python."""
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "packages_of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    places = os.pathsep.join([*SOURCES, os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": places, "PYTEST_ADDOPTS": "", "OMP_NUM_THREADS": "1", "PIP_NO_INDEX": "1"}
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.slow
def test_generated_projects_install_pass_their_tests_are_listed_and_boosted(tmp_path: Path) -> None:
    python, projects = environment(tmp_path / "env"), {kind: tmp_path / f"my-{kind}" for kind in NEW}
    for kind, folder in projects.items():
        assert new(folder, f"my-{kind}", kind).exit_code == 0
    editable = [word for folder in projects.values() for word in ("-e", folder)]
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q")
    run(sys.executable, "-m", "pip", "--python", python, "install", *offline, *editable)
    tested = run(
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        projects["flow"] / "pyproject.toml",
        *(folder / "tests" for folder in projects.values()),
    )  # one process for all: torch is imported once
    assert f"{4 * len(NEW)} passed" in tested.stdout, tested.stdout
    rows = json.loads(run(python, "-m", "boostvsod", "list", "--json").stdout)
    listed = {(row["kind"], row["name"], row["distribution"]) for row in rows}
    assert {(NEW[kind][0], f"my-{kind}", f"boostvsod-my-{kind}") for kind in NEW} <= listed
    assert "boostvsod-my-miner" in run(python, "-m", "boostvsod", "list", "miners").stdout
    checked = run(python, "-m", "boostvsod", "plugins", "check", "my-target").stdout
    assert "target my-target, from boostvsod-my-target" in checked
    assert checked.endswith("  ok\n")


@pytest.mark.parametrize("kind", NEW)
def test_a_project_has_all_files_and_places_to_fill_in(kind: str, tmp_path: Path) -> None:
    done = new(tmp_path / "p", "glow", kind)
    assert done.exit_code == 0, done.output
    files = {
        path.relative_to(tmp_path / "p").as_posix(): path.read_text()
        for path in (tmp_path / "p").rglob("*.*")
        if path.is_file()
    } | {"LICENSE": (tmp_path / "p" / "LICENSE").read_text()}
    module, test = files["src/boostvsod_glow/__init__.py"], files["tests/test_boostvsod_glow.py"]
    assert {"pyproject.toml", "README.md", ".gitignore", ".github/workflows/tests.yml", "LICENSE"} <= set(files)
    assert "FILL IN" in module
    compile(module, "module", "exec")
    compile(test, "test", "exec")
    assert f"plugins check glow --kind {kind}" in files["README.md"]
    assert "${{ matrix.python }}" in files[".github/workflows/tests.yml"]
    assert not [name for name, text in files.items() if "$name" in text or "$module" in text]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("My-Net", "the name 'My-Net' cannot be used; expected small letters"),
        ("../up", "cannot be used"),
        ("a b", "cannot be used"),
        ("", "cannot be used"),
        ("a:b", "cannot be used"),
        ("1a", "cannot be used"),
        ("a--b", "cannot be used"),
        ("x" * 41, "at most 40 characters"),
        ("u2net", "a target called 'u2net' exists, from boostvsod; choose another name"),
        ("adapters", "a package called boostvsod_adapters is installed"),
    ],
)
def test_names_that_are_refused(name: str, says: str, tmp_path: Path) -> None:
    done = new(tmp_path / "p", name, "target")
    assert done.exit_code == 2, done.output
    assert says in done.stderr
    assert not (tmp_path / "p").exists()


def test_an_existing_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    done = new(tmp_path / "p", "glow", "flow")
    assert (done.exit_code, list((tmp_path / "p").iterdir())) == (7, [])
    assert "exists; choose another name, or another folder with -o" in done.stderr


def test_every_kind_has_a_check_a_trial_and_a_contract() -> None:
    assert set(KINDS) == set(CHECKS) == set(WANTED) == set(TRIALS) == set(PLURAL.values())


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["classic"], "maps from"),
        (["dis"], "motion from"),
        (["contrast"], "the moving object is brighter by"),
        (["nr", "--kind", "miner", "--set", "top_k=1"], "of 4 frames mined"),
        (["regions"], "5 were requested"),
        (["warp"], "2 frames filled between 2 mined ones"),
        (["product"], "from three equal maps"),
        (["lite", "--kind", "student", "--set", "lite.weights=none", "--set", "size=64"], "M parameters at 64 x 64"),
        (["none"], "baseline, the recipe is the target alone"),
        (["davis2016"], "masks in"),
    ],
)
def test_parts_of_every_kind_are_checked(words: list[str], seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from boostvsod.cli.kit import trials

    monkeypatch.setattr(trials, "SECONDS", 0.01)
    done = call("plugins", "check", *words, "--threads", 1)
    assert done.exit_code == 0, done.output
    assert seen in done.stdout
    assert "  wants  " in done.stdout
    assert ("ms a frame" in done.stdout) == (words != ["davis2016"])
    assert done.stdout.endswith("  ok\n")


FILES = {
    "a function": "def build():\n    return lambda rgb: rgb.mean(axis=2).astype('float32') / 255\n",
    "an object": "class T:\n    window, batch = 1, 4\n    def predict(self, windows):\n"
    "        return [w.frame.rgb[..., 0].astype('float32') / 255 for w in windows]\nbuild = T\n",
    "a network": "import torch\ndef build():\n    torch.manual_seed(0)\n    return torch.nn.Conv2d(3, 1, 1)\n",
}


@pytest.mark.parametrize("what", FILES)
def test_targets_of_files_are_checked(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from boostvsod.cli.kit import trials

    monkeypatch.setattr(trials, "SECONDS", 0.01)
    (tmp_path / "mine.py").write_text(FILES[what])
    done = call("plugins", "check", f"{tmp_path / 'mine.py'}:build")
    assert done.exit_code == 0, done.output
    assert "maps from" in done.stdout


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (
            "def build():\n    return lambda rgb: rgb[..., 0]\n",
            "target",
            "contract: target, frame '00000': returned uint8",
        ),
        ("def build():\n    return lambda rgb: 1 / 0\n", "target", "mine.py:2"),
        ("def build(gain: float): return lambda rgb: rgb\n", "target", "needs gain: --set target.gain=VALUE"),
        (
            "class F:\n    def fuse(self, a, b, c):\n        a += 1\n        return b\ndef build(): return F()\n",
            "fuser",
            "mine.py:build breaks its contract: fusing changed its inputs; wanted: a map H x W",
        ),
        ("class F: pass\ndef build(): return F()\n", "fuser", "has no attribute 'fuse'"),
    ],
)
def test_a_broken_contract_is_one_line(code: str, kind: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(code)
    done = call("plugins", "check", f"{tmp_path / 'mine.py'}:build", "--kind", kind)
    lines = [line for line in done.stderr.splitlines() if line.startswith("boostvsod: ")]
    assert done.exit_code in (2, 4), done.output
    assert len(lines) == 1
    assert says in lines[0]
    assert "FAILED" in done.stdout
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["farnebak"], "no part is called 'farnebak'; did you mean 'farneback'"),
        (["nr", "--kind", "flow"], "flows: nothing is called 'nr'"),
        (["nr", "--kind", "miner", "--set", "T=high"], "nr.T='high': expected float, got str"),
        (["dis", "--set", "nosuch=1"], "dis has no option 'nosuch'"),
        (["nothing.onnx", "--kind", "flow"], "nothing.onnx is a target, not a flow"),
    ],
)
def test_wrong_words_of_check(words: list[str], says: str) -> None:
    done = call("plugins", "check", *words)
    assert done.exit_code == 2, done.output
    assert says in done.stderr


def test_list_shows_the_options_of_a_part() -> None:
    rows = {row["option"]: row for row in json.loads(call("list", "miners", "nr", "--json").stdout)}
    assert rows["threshold"] == {
        "option": "threshold", "type": "float", "allowed": "from 0 to 2", "default": "0.6",
        "set it with": "--set nr.threshold=VALUE",
    }  # fmt: skip
    shown = call("list", "targets", "maps").stdout
    assert "maps (targets, from boostvsod)" in shown
    assert "(must be set)" in shown
    assert "--set target.folder=VALUE" in shown
    assert "--set train.batch=VALUE" in call("list", "recipes", "nr").stdout
    assert "It has no options." in call("list", "fusers", "student").stdout
    assert call("list", "miners", "nosuch").exit_code == 2
