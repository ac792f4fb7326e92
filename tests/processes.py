"""Commands in processes of their own, which tests can kill. They are forked from a server that has torch loaded."""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

LOADED = ["boostvsod.engine", "boostvsod.cli.run", "boostvsod.boosting.report", "boostvsod_adapters.nets.lite"]

FRAMES = 16  # of the small run: several batches in every stage
BATCH, TARGET_BATCH = 4, 8  # frames whose maps are computed and written together; those of the target `maps`


@dataclass(frozen=True)
class Run:
    """One `boostvsod run`: its command without the output folder, and the bytes of its maps."""

    words: tuple[str, ...]
    bits: dict[str, bytes]

    def into(self, out: Path) -> list[str]:
        """The words of the command that writes to `out`."""
        return [*self.words, "-o", str(out)]

    def finished(self, out: Path) -> bool:
        """Whether the folder holds the right maps and nothing beside them."""
        return bits_of(out) == self.bits


def bits_of(out: Path) -> dict[str, bytes]:
    """The final maps of a run."""
    return {path.name: path.read_bytes() for path in sorted((out / "maps").iterdir())}


def finished_maps(out: Path) -> dict[Path, int]:
    """The maps of all whole batches of every stage, with their times. They must not be computed again."""
    finished: dict[Path, int] = {}
    for stage in out.glob(".boostvsod/[tmsf]*-*"):
        size = TARGET_BATCH if stage.name.startswith("target-") else BATCH
        maps = sorted(stage.glob("*.png"))
        batches = [[path for path in maps if int(path.stem) // size == i] for i in range(FRAMES)]
        finished |= {path: path.stat().st_mtime_ns for batch in batches if len(batch) == size for path in batch}
    return finished


@dataclass(frozen=True)
class Fault:
    """What happens to a command when it reports `done` steps of a stage: a signal, or something to its folder."""

    stage: str
    done: int
    signal: int = 0
    remove: str = ""  # this folder is deleted
    freeze: str = ""  # the file system that is mounted here becomes read-only

    def strike(self) -> None:
        """Let it happen, in the process of the command."""
        if self.signal:
            os.kill(os.getpid(), self.signal)
        if self.remove:
            shutil.rmtree(self.remove)
        if self.freeze:
            # The lock is open for writing, so the mount itself cannot change; a read-only one is laid over it.
            assert mount("--bind", self.freeze, self.freeze)
            assert mount("-o", "remount,bind,ro", self.freeze)


@functools.cache
def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    return context


def start(words: list[str], log: Path, fault: Fault | None = None) -> ForkServerProcess:
    """Start `boostvsod WORDS`. What it prints goes to the file `log`."""
    process = _context().Process(target=_command, args=(words, str(log), fault))
    process.start()
    return process


def finish(process: ForkServerProcess, seconds: float = 60) -> int:
    """Wait for the end of a command; returns its exit code, or minus the signal that ended it."""
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        raise AssertionError(f"the command did not end in {seconds} seconds")
    return process.exitcode


def _command(words: list[str], log: str, fault: Fault | None) -> None:
    """Run the command line in this process, as the script `boostvsod` does."""
    from boostvsod.cli import main

    with open(log, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = ["boostvsod", *words]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if fault is not None:
        _arm(fault)
    main(words)


def _arm(fault: Fault) -> None:
    """Make the progress display of this process strike. It prints nothing."""
    from boostvsod.boosting import progress

    struck: list[str] = []

    @contextmanager
    def show(title: str, *, plain: bool = False) -> Iterator[Callable[[str, int, int], None]]:
        def report(stage: str, done: int, total: int) -> None:
            if stage == fault.stage and done >= fault.done and not struck:
                struck.append(stage)
                fault.strike()

        yield report

    progress.show_progress = show


def mount(*words: str) -> bool:
    """Call mount; returns whether it succeeded."""
    return subprocess.run(["mount", *words], capture_output=True).returncode == 0


def descendants(pid: int) -> set[int]:
    """The processes that a process has started, and those that they have started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    """Those of the processes that still run."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            running.add(pid)
    return running


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"after {seconds} s: {what}"
        time.sleep(0.02)
