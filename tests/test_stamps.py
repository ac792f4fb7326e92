"""Results are stored under hashes of content: whatever changes a result gives it another key."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from made import write_maps, write_pictures

import boostvsod
from boostvsod import boost
from boostvsod.bench.arms import Arm
from boostvsod.bench.jobs import Job, Setup
from boostvsod.boosting.plan import Plan, find_recipe
from boostvsod.media.synthetic import Clip, make_clip
from boostvsod.media.video import Video
from boostvsod.runtime import Runtime
from boostvsod.stamps import content_stamp, file_stamp, folder_stamp, module_files, package_stamp
from boostvsod.targets import TargetSpec
from boostvsod.weights.cache import add_to_cache

SCRIPT = """
from pathlib import Path
import helper

def build(level=0.5):
    extra = float((Path(__file__).parent / ("level" + ".txt")).read_text())
    return lambda rgb: rgb[..., 0].astype("float32") * 0 + level * helper.SCALE * extra
"""


@dataclass
class Case:
    """A target and settings, and a change that must give another key."""

    target: str
    change: Callable[[], None]
    settings: tuple[str, ...] = ()


def same_size_and_time(path: Path, content: bytes) -> None:
    """Replace a file by one that differs in nothing but its content."""
    before = path.stat()
    assert len(content) == before.st_size
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flipped(path: Path) -> None:
    """Change the last byte of a file, and neither its size nor its time."""
    content = path.read_bytes()
    same_size_and_time(path, content[:-1] + bytes([content[-1] ^ 1]))


def user_script(folder: Path) -> Path:
    folder.mkdir()
    (folder / "mine.py").write_text(SCRIPT)
    (folder / "helper.py").write_text("SCALE = 0.5\n")
    (folder / "level.txt").write_text("0.50")
    return folder / "mine.py"


def of_script(part: str, old: str, new: str) -> Callable[[Path], Case]:
    def make(folder: Path) -> Case:
        script = user_script(folder / "user")
        edited = script.parent / part
        changed = edited.read_bytes().replace(old.encode(), new.encode())
        return Case(f"{script}:build", lambda: same_size_and_time(edited, changed))

    return make


def weights_by_name(folder: Path) -> Case:
    for number in (1, 2):
        (folder / f"{number}.pth").write_bytes(bytes([number]) * 10)
    add_to_cache("cpd", folder / "1.pth")

    def change() -> None:
        add_to_cache("cpd", folder / "2.pth")

    return Case("cpd", change)


def weights_of_the_student(folder: Path) -> Case:
    (folder / "w.safetensors").write_bytes(b"12345")
    return Case("lite", lambda: flipped(folder / "w.safetensors"), (f"lite.weights={folder}/w.safetensors",))


def weights_behind_a_link(folder: Path) -> Case:
    (folder / "w.safetensors").write_bytes(b"12345")
    (folder / "link.safetensors").symlink_to(folder / "w.safetensors")
    return Case("lite", lambda: flipped(folder / "w.safetensors"), (f"target.weights={folder}/link.safetensors",))


def weights_at_home(folder: Path) -> Case:
    (folder / "w.safetensors").write_bytes(b"12345")
    return Case("lite", lambda: flipped(folder / "w.safetensors"), ("target.weights=~/w.safetensors",))


def onnx_file(folder: Path) -> Case:
    (folder / "net.onnx").write_bytes(b"model")
    return Case(f"{folder}/net.onnx", lambda: flipped(folder / "net.onnx"))


def onnx_weights_beside_it(folder: Path) -> Case:
    (folder / "net.onnx").write_bytes(b"model with its weights in net.data")
    (folder / "net.data").write_bytes(b"weights")
    return Case(f"{folder}/net.onnx", lambda: flipped(folder / "net.data"))


def folder_of_maps(folder: Path) -> Case:
    maps = write_maps(folder / "maps", make_clip(3, 16, 24).truth)
    return Case(f"maps:{maps}", lambda: flipped(next(maps.iterdir())))


CASES: dict[str, Callable[[Path], Case]] = {
    "weights add": weights_by_name,
    "the file of --set lite.weights": weights_of_the_student,
    "a file behind a link": weights_behind_a_link,
    "a file under ~": weights_at_home,
    "net.onnx": onnx_file,
    "the weights of net.onnx": onnx_weights_beside_it,
    "a folder of maps": folder_of_maps,
    "file.py": of_script("mine.py", "level=0.5", "level=0.9"),
    "a module that file.py imports": of_script("helper.py", "0.5", "0.9"),
    "a file that file.py opens": of_script("level.txt", "0.50", "0.90"),
}


@pytest.fixture(name="clip", scope="module")
def _clip() -> Clip:
    return make_clip(3, 16, 24)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOSTVSOD_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("name", CASES)
def test_a_change_gives_a_run_another_key(name: str, tmp_path: Path, clip: Clip) -> None:
    case = CASES[name](tmp_path)

    def key() -> str:
        recipe = find_recipe("default", case.settings)
        return Plan(Video.open(clip.frames), TargetSpec.parse(case.target), recipe, Runtime()).key

    before = key()
    assert key() == before, "nothing changed"
    case.change()
    assert key() != before


@pytest.mark.parametrize("name", CASES)
def test_a_change_gives_a_benchmark_job_another_key(name: str, tmp_path: Path, clip: Clip) -> None:
    case = CASES[name](tmp_path)
    data = tmp_path / "data" / "clip"
    write_pictures(data / "frames", clip.frames)
    write_maps(data / "masks", clip.truth)
    setup = Setup(str(tmp_path / "data"), "", "video", Runtime(), tmp_path / "out")
    job = Job("clip", "mine", case.target, Arm("default", "default", case.settings), 0)
    before = job.key(setup)
    assert job.key(setup) == before, "nothing changed"
    case.change()
    assert job.key(setup) != before


def test_a_run_is_computed_again_after_a_change(tmp_path: Path, clip: Clip) -> None:
    case = CASES["a file that file.py opens"](tmp_path)

    def run() -> tuple[bool, float]:
        result = boost(clip.frames, case.target, "none", tmp_path / "out")
        return result.reused, round(float(result.maps[0][0, 0]), 2)

    assert run() == (False, 0.13)
    assert run() == (True, 0.13), "the same run is not computed twice"
    case.change()
    assert run() == (False, 0.22)


def copied_core(folder: Path) -> Path:
    return Path(shutil.copytree(Path(boostvsod.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__")))


def test_every_file_of_the_code_counts(tmp_path: Path) -> None:
    core = copied_core(tmp_path / "core")
    before = folder_stamp(core)
    assert before == folder_stamp(copied_core(tmp_path / "copy")), "the place does not count"
    flipped(core / "media" / "images.py")
    assert folder_stamp(core) != before


def test_what_is_bundled_with_a_plugin_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "stamped_plugin"
    package.mkdir()
    (package / "__init__.py").write_text("LEVEL = 1\n")
    (package / "net.safetensors").write_bytes(b"12345")
    monkeypatch.syspath_prepend(str(tmp_path))
    stamps = []
    for change in (
        lambda: None,
        lambda: flipped(package / "net.safetensors"),
        lambda: (package / "__init__.py").write_text("LEVEL = 2\n"),
    ):
        change()
        package_stamp.cache_clear()
        stamps.append(package_stamp("stamped_plugin"))
    package_stamp.cache_clear()
    assert len(set(stamps)) == 3


def test_a_copy_has_the_stamp_of_its_original(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("same")
    assert file_stamp(tmp_path / "a") == file_stamp(tmp_path / "b")


@pytest.mark.parametrize("value", ["", "x" * 5000, "a\0b", "no such file", 3, None, [], {"a": "nothing"}])
def test_what_names_no_file_has_no_stamp(value: object) -> None:
    assert content_stamp(value) in (None, [], {"a": None})


def test_a_folder_that_contains_itself_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "again").symlink_to(tmp_path)
    assert folder_stamp(tmp_path) == folder_stamp(tmp_path)


def test_modules_are_found_through_packages(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import json\nfrom inner.deep import thing\n")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "__init__.py").write_text("")
    (tmp_path / "inner" / "deep.py").write_text("import main\nthing = 'weights.bin'\n")
    (tmp_path / "weights.bin").write_bytes(b"1")
    (tmp_path / "other.py").write_text("")
    names = {path.relative_to(tmp_path.resolve()).as_posix() for path in module_files(tmp_path / "main.py")[0]}
    assert names == {"main.py", "inner/__init__.py", "inner/deep.py", "weights.bin"}
    assert "main" not in sys.modules
