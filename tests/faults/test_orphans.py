"""Worker processes end with the command that started them, however it ends, and import nothing from the folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from made import write_maps, write_pictures
from processes import alive, descendants, wait_until

from boostvsod.media.synthetic import make_clip

SCRIPT = "import sys\nfrom boostvsod.cli import main\nif __name__ == '__main__':\n    main()\n"
SLEEPS = """
import pathlib, time
def build():
    def sleep(rgb):
        pathlib.Path(__file__).with_name("busy").touch()
        time.sleep(600)
    return sleep
"""
LOCKS = SLEEPS.replace("time.sleep(600)", "import re; re.match('(a+)+b', 'a' * 60)")  # it never lets other threads run
SPREAD = """
import sys, time
from boostvsod.workers import spread
if __name__ == '__main__':
    list(spread(time.sleep, [600] * 4, 2))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clip = make_clip(3, 48, 64)
    for name in "ab":
        write_pictures(tmp_path / "data" / name / "frames", clip.frames)
        write_maps(tmp_path / "data" / name / "masks", clip.truth)
        write_maps(tmp_path / "maps" / name, clip.truth)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "boostvsod").write_text(SCRIPT)
    return tmp_path


def start_bench(folder: Path, target: str) -> subprocess.Popen[str]:
    """A benchmark of two workers, both of which are busy with the target when this returns."""
    (folder / "mine.py").write_text(target)
    words = ["bench", "--dataset", folder / "data", "--target", f"{folder}/mine.py:build", "--recipe", "none"]
    words += ["--control", "none", "--jobs", "2", "-o", folder / "out"]
    command = [sys.executable, str(folder / "bin" / "boostvsod"), *map(str, words)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_listen
    )
    wait_until((folder / "busy").exists, 60, "no worker has begun")
    return process


def _listen() -> None:
    """Whoever runs the tests in the background has interruptions ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("target", [SLEEPS, LOCKS], ids=["sleeping", "busy"])
def test_workers_of_a_killed_benchmark_end(folder: Path, target: str) -> None:
    process = start_bench(folder, target)
    workers = descendants(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    wait_until(lambda: not alive(workers), 5, "workers still run")


@pytest.mark.parametrize(
    ("number", "whole_group", "code"),
    [(signal.SIGTERM, False, 143), (signal.SIGINT, True, 130)],
    ids=["SIGTERM", "Ctrl-C"],
)
def test_an_interrupted_benchmark(folder: Path, number: int, whole_group: bool, code: int) -> None:
    process = start_bench(folder, SLEEPS)
    workers = descendants(process.pid)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    _, printed = process.communicate(timeout=10)
    assert process.returncode == code, printed
    assert "Traceback" not in printed
    assert printed.splitlines()[-1].startswith("boostvsod: interrupted; to resume: boostvsod bench --dataset ")
    wait_until(lambda: not alive(workers), 5, "workers still run")


def test_workers_of_a_killed_script_end(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SPREAD)
    process = subprocess.Popen([sys.executable, str(tmp_path / "script.py")])
    wait_until(lambda: len(descendants(process.pid)) >= 3, 60, "no worker started")  # two, and one of multiprocessing
    workers = descendants(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: not alive(workers), 5, "workers still run")


def test_workers_import_nothing_from_the_current_folder(folder: Path) -> None:
    here = folder / "here"
    here.mkdir()
    for name in ("multiprocessing", "pickle", "signal", "numpy", "cv2", "click", "boostvsod"):
        (here / f"{name}.py").write_text(f"open({str(folder / 'obeyed')!r}, 'a').write({name!r})\n")
    words = ["eval", str(folder / "maps"), str(folder / "data"), "--jobs", "2", "--json"]
    command = [sys.executable, str(folder / "bin" / "boostvsod"), *words]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert not (folder / "obeyed").exists(), (folder / "obeyed").read_text()
