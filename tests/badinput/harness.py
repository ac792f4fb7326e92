"""A bad input as a case, and what must hold after the program has met it."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from click.testing import CliRunner, Result

from boostvsod.cli import main

SECONDS = 30  # no bad input takes longer
MEGABYTES = 1200  # by which the peak of memory may rise
CODES = range(8)  # the documented exit codes
Make = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """One call of the program.

    `files` are written below the folder IN, or `make` makes them. `{in}` and `{out}` in the arguments stand for
    the folders. The exit code must be one of `exits`, and the output must match `says`.
    """

    name: str
    arguments: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    exits: tuple[int, ...] = (3,)
    says: str = ""
    make: Make | None = None
    never: str = ""  # this file must not appear below OUT: only a file that was obeyed makes it

    def __str__(self) -> str:
        return self.name


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files with their paths relative to a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def snapshot(folder: Path) -> dict[str, str]:
    """Path -> what is there: the content of a file, the target of a link, or nothing for a folder."""
    return {str(path.relative_to(folder)): _content(path) for path in sorted(folder.rglob("*"))}


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if not path.is_file() or not os.access(path, os.R_OK):
        return "folder"
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"


@contextmanager
def bounded() -> Iterator[None]:
    """Raise TimeoutError after too long, and check the peak of memory."""

    def late(signal_: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    before, old = _peak(), signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert _peak() - before < MEGABYTES, f"memory rose by {_peak() - before:.0f} MB"


def _peak() -> float:
    """The highest memory of this process so far, in MB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def call(arguments: list[str]) -> Result:
    """The program in this process, within its bounds."""
    with bounded():
        return CliRunner().invoke(main, arguments)


def check(case: Case, folder: Path) -> Result:
    """Run one case in an empty folder and check everything that holds for all bad inputs."""
    given, out = folder / "in", folder / "out"
    given.mkdir()
    write_all(given, case.files)
    if case.make is not None:
        case.make(given)
    before = snapshot(given)
    places = {"{in}": str(given), "{out}": str(out)}
    result = call([_filled(argument, places) for argument in case.arguments])
    shown = f"\nexit {result.exit_code}\n{result.output}"
    assert result.exception is None or isinstance(result.exception, SystemExit), shown + _trace(result)
    assert result.exit_code in CODES, shown
    assert result.exit_code in case.exits, shown
    assert "Traceback" not in result.output, shown
    assert "internal error" not in result.output, shown
    assert re.search(case.says, result.output), shown
    assert all(char.isprintable() or char == "\n" for char in result.output), shown.encode("unicode_escape").decode()
    if result.exit_code:
        _check_message(result, shown)
    assert snapshot(given) == before, "the input was changed" + shown
    assert not case.never or not (folder / case.never).exists(), "the file was obeyed" + shown
    return result


def _check_message(result: Result, shown: str) -> None:
    """One line says what is wrong; click prints how to use the command before it."""
    lines = [line for line in result.stderr.splitlines() if line.startswith(("boostvsod: ", "Error: "))]
    if result.stderr.startswith("Usage: ") and not lines:
        return  # a group of commands that was called without one
    assert lines, "no error line" + shown
    several = result.exit_code == 4 or "videos failed" in lines[-1]  # one for each job, one for each video
    assert len(lines) == 1 or several, "more than one error line" + shown
    assert result.stderr.splitlines()[-1] == lines[-1] or result.exit_code in (4, 5), "more after it" + shown


def _filled(text: str, places: Mapping[str, str]) -> str:
    for sign, place in places.items():
        text = text.replace(sign, place)
    return text


def _trace(result: Result) -> str:
    return "".join(traceback.format_exception(*result.exc_info)) if result.exc_info else ""
