"""Full disks, read-only disks and removed folders: one line, finished stages survive, and the next run succeeds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from made import call
from processes import Fault, Run, finish, finished_maps, mount, start

DOCUMENTED = (1, 2, 3, 4, 5, 6, 7)  # exit codes of errors


def one_line(log: Path) -> str:
    """The only line that a command printed besides the device."""
    lines = [line for line in log.read_text().splitlines() if not line.startswith("device ")]
    assert len(lines) == 1, lines
    assert lines[0].startswith("boostvsod: "), lines
    assert "internal error" not in lines[0], lines
    return lines[0]


@pytest.mark.parametrize("left", [0, 20, 60, 120, 200, 300])
def test_a_full_disk(left: int, run: Run, disk: Path, tmp_path: Path) -> None:
    """With `left` kilobytes free the disk is full in another stage each time."""
    out = disk / "out"
    assert mount("-o", f"remount,size={max(4, left)}k", str(disk))
    code = finish(start(run.into(out), tmp_path / "log", Fault("", 0)))
    assert code == 7, (tmp_path / "log").read_text()
    assert "No space left on device" in one_line(tmp_path / "log")
    before = finished_maps(out)
    assert not (out / "run.json").exists()
    assert mount("-o", "remount,size=64m", str(disk))
    again = call(*run.into(out))
    assert again.exit_code == 0, again.output
    assert run.finished(out)
    assert {path: path.stat().st_mtime_ns for path in before} == before, "finished maps were computed again"


@pytest.mark.parametrize(("stage", "done"), [("index", 1), ("target", 8), ("learn", 1), ("final", 8), ("maps", 3)])
def test_a_disk_that_becomes_read_only(stage: str, done: int, run: Run, disk: Path, tmp_path: Path) -> None:
    code = finish(start(run.into(disk / "out"), tmp_path / "log", Fault(stage, done, freeze=str(disk))))
    assert code == 7, (tmp_path / "log").read_text()
    assert "ead-only file system" in one_line(tmp_path / "log")
    assert finish(start(run.into(disk / "out"), tmp_path / "log")) == 7
    assert "cannot write" in one_line(tmp_path / "log")
    subprocess.run(["umount", "-l", str(disk)], check=True)
    assert call(*run.into(disk / "out")).exit_code == 0
    assert run.finished(disk / "out")


@pytest.mark.parametrize("what", ["out", "out/.boostvsod"])
@pytest.mark.parametrize(("stage", "done"), [("target", 8), ("motion", 16), ("learn", 3), ("final", 8), ("maps", 3)])
def test_a_folder_that_is_removed_during_the_run(stage: str, done: int, what: str, run: Run, tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    code = finish(start(run.into(out), log, Fault(stage, done, remove=str(tmp_path / what))))
    printed = log.read_text()
    assert "Traceback" not in printed
    if code:
        assert code in DOCUMENTED
        one_line(log)
    again = call(*run.into(out))
    assert again.exit_code == 0, again.output
    assert run.finished(out)


def test_input_that_is_removed_during_the_run(run: Run, tmp_path: Path) -> None:
    video = tmp_path / "walk"
    shutil.copytree(run.words[2], video)
    words = ["run", "--video", str(video), *run.words[3:], "-o", str(tmp_path / "out")]
    code = finish(start(words, tmp_path / "log", Fault("index", 1, remove=str(video))))
    assert code == 3
    one_line(tmp_path / "log")
    shutil.copytree(run.words[2], video)
    assert call(*words).exit_code == 0
    assert run.finished(tmp_path / "out")
