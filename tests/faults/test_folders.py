"""Two processes on one folder, damaged files, and clocks that go backwards."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made import call
from processes import Fault, Run, bits_of, finish, start


@pytest.mark.parametrize("pair", range(10))
def test_two_processes_on_one_folder(pair: int, run: Run, tmp_path: Path) -> None:
    """Even pairs run the same command, odd pairs commands with different results."""
    out = tmp_path / "out"
    other = [*run.into(out), "--bits", "16"] if pair % 2 else run.into(out)
    logs = [tmp_path / "log0", tmp_path / "log1"]
    processes = [start(words, log) for words, log in zip((run.into(out), other), logs, strict=True)]
    codes = [finish(process) for process in processes]
    assert set(codes) <= {0, 7}, [log.read_text() for log in logs]
    assert 0 in codes
    for code, log in zip(codes, logs, strict=True):
        assert (f"{out} is in use by process " in log.read_text()) == (code == 7), log.read_text()
    assert call(*run.into(out)).exit_code == 0
    assert run.finished(out)


def test_a_killed_run_leaves_no_lock(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    finish(start(run.into(out), tmp_path / "log", Fault("target", 8, signal=9)))
    assert call(*run.into(out)).exit_code == 0
    assert run.finished(out)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


DAMAGES: tuple[Callable[[Path], None], ...] = (cut, empty, garble, Path.unlink)
FINISHED = ["maps/00003.png", "run.json"]
UNFINISHED = [
    f"{stage}-*/00003.png" for stage in ("target", "motion", "student", "fused", "final")
] + ["index-*.json", "costs.json", "student-*/losses-0.json"]  # fmt: skip


@pytest.fixture(scope="module")
def finished(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    assert call(*run.into(out)).exit_code == 0
    return out


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("name", [*FINISHED, *UNFINISHED])
def test_damaged_files_are_made_again(
    name: str, damage: Callable[[Path], None], finished: Path, run: Run, tmp_path: Path
) -> None:
    """Results that are damaged are not "already done"; files of a run that is not finished are made again."""
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    work = out if name in FINISHED else out / ".boostvsod"
    if name in UNFINISHED:
        shutil.rmtree(out / "maps")
        (out / "run.json").unlink()
    (path,) = work.glob(name)
    damage(path)
    again = call(*run.into(out))
    assert again.exit_code == 0, again.output
    assert run.finished(out)


@pytest.mark.parametrize("moment", [0, 4_000_000_000], ids=["1970", "2096"])
@pytest.mark.parametrize("stage", ["target", "fused"])
def test_files_from_another_time(moment: int, stage: str, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    finish(start(run.into(out), tmp_path / "log", Fault(stage, 8, signal=9)))
    for path in out.rglob("*"):
        os.utime(path, (moment, moment))
    assert call(*run.into(out)).exit_code == 0
    assert run.finished(out)
    assert "already done" in call(*run.into(out)).stderr


def test_a_clock_that_goes_backwards(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(2_000_000_000, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    done = call(*run.into(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert bits_of(tmp_path / "out") == run.bits
