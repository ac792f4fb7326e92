"""A run that is killed in any stage ends, when it is started again, with the same maps, bit by bit."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from made import call
from processes import FRAMES, Fault, Run, finish, finished_maps, start

MOMENTS = [
    ("index", 1), ("target", 1), ("target", 12), ("motion", 8), ("motion", 16), ("learn", 1), ("learn", 9),
    ("student", 8), ("fused", 8), ("fused", FRAMES), ("final", 8), ("final", FRAMES), ("maps", 1), ("maps", FRAMES),
]  # fmt: skip
SIGNALS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}


CASES = [
    *((*moment, signal.SIGKILL) for moment in MOMENTS),
    *((*moment, signal.SIGTERM) for moment in MOMENTS[::2]),
    *((*moment, signal.SIGINT) for moment in MOMENTS[1::4]),
]


@pytest.mark.parametrize(("stage", "done", "number"), CASES, ids=lambda x: getattr(x, "name", str(x)))
def test_a_killed_run_resumes(stage: str, done: int, number: signal.Signals, run: Run, tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    code = finish(start(run.into(out), log, Fault(stage, done, signal=number)))
    printed = log.read_text()
    assert code == SIGNALS[number], printed
    if number != signal.SIGKILL:
        lines = [line for line in printed.splitlines() if not line.startswith("device ")]
        assert len(lines) == 1, printed
        assert re.match(r"boostvsod: interrupted; to resume: boostvsod run --video ", lines[0])
    before = finished_maps(out)
    again = call(*run.into(out))
    assert again.exit_code == 0, again.output
    assert run.finished(out)
    assert {path: path.stat().st_mtime_ns for path in before} == before, "finished maps were computed again"


def test_a_run_that_is_killed_again_and_again(run: Run, tmp_path: Path) -> None:
    """The same run dies at each moment in turn; every attempt gets further."""
    out = tmp_path / "out"
    for stage, done in MOMENTS:
        finish(start(run.into(out), tmp_path / "log", Fault(stage, done, signal=signal.SIGKILL)))
    assert call(*run.into(out)).exit_code == 0
    assert run.finished(out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_other_commands_are_interrupted_in_one_line(number: signal.Signals, tmp_path: Path, run: Run) -> None:
    words = ["flow", run.words[2], "-o", str(tmp_path / "flow")]
    code = finish(start(words, tmp_path / "log", Fault("flow", 3, signal=number)))
    assert code == SIGNALS[number]
    assert (tmp_path / "log").read_text().splitlines()[1:] == ["boostvsod: interrupted"]
