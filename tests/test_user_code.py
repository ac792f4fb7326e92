"""Errors of user code are one line that names the model, the frame, the file and the line. Frames are read-only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from made import FORCED, call, sets
from made import read_image as picture

from boostvsod import registry
from boostvsod.cli import main
from boostvsod.engine import boost
from boostvsod.errors import PluginError
from boostvsod.errors.user_code import user_code
from boostvsod.kinds import Frame, Mined, Mining, Verdict
from boostvsod.media.synthetic import Clip
from boostvsod.media.video import Video
from boostvsod.offer import Offer
from boostvsod.registry import Entry, Kind

TARGETS = {  # name -> (code of the file, the line of the error, what the message says)
    "import": ("import nosuch_module\n", 1, "ModuleNotFoundError: No module named 'nosuch_module'"),
    "syntax": ("def build(:\n", 1, "SyntaxError: invalid syntax"),
    "exit at import": ("import sys\nsys.exit(0)\n", 2, r"SystemExit: it called sys.exit\(0\)"),
    "build": ("def build():\n    return {}['weights']\n", 2, "KeyError: 'weights'"),
    "exit in build": ("def build():\n    raise SystemExit('bye')\n", 2, r"it called sys.exit\('bye'\)"),
    "predict": (
        "def build():\n    return lambda rgb: 1 / 0\n",
        2,
        "frame '00000': ZeroDivisionError: division by zero",
    ),
    "exit": ("import sys\ndef build():\n    return lambda rgb: sys.exit(3)\n", 3, r"frame '00000': .*sys.exit\(3\)"),
    "later": (
        "import numpy as np\ndef build():\n    seen = []\n    def f(rgb):\n        seen.append(1)\n"
        "        if len(seen) == 3:\n            raise RuntimeError('one\\ntwo')\n"
        "        return np.zeros(rgb.shape[:2], np.float32)\n    return f\n",
        7,
        "frame '00002': RuntimeError: one two",
    ),
    "memory": (
        "def build():\n    def f(rgb):\n        raise MemoryError\n    return f\n",
        3,
        "frame '00000': MemoryError",
    ),
    "writes": ("def build():\n    def f(rgb):\n        rgb[:] = 0\n        return rgb\n    return f\n", 3, "read-only"),
    "torch": (
        "import torch\ndef build():\n    def f(rgb):\n        return torch.ones(2) @ torch.ones(3)\n    return f\n",
        4,
        "frame '00000': RuntimeError: .*size",
    ),
}


@pytest.mark.parametrize("command", ["run", "predict"])
@pytest.mark.parametrize("case", TARGETS)
def test_errors_of_a_target_in_a_file(case: str, command: str, pictures: Path, tmp_path: Path) -> None:
    code, line, message = TARGETS[case]
    file = tmp_path / "mine.py"
    file.write_text(code)
    video = ["--video", pictures, "--recipe", "none"] if command == "run" else [pictures]
    done = call(command, *video, "--target", f"{file}:build", "-o", tmp_path / "o")
    assert done.exit_code == 4, done.output
    lines = [one for one in done.stderr.splitlines() if not one.startswith(("device", "walk: "))]
    assert len(lines) == 1, done.stderr
    assert re.search(message, lines[0]), lines[0]
    assert f"{file}:{line}" in lines[0], lines[0]
    assert "mine.py" in lines[0].partition("Error")[0]


def test_debug_shows_the_traceback(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(TARGETS["predict"][0])
    done = call("predict", pictures, "--target", f"{tmp_path}/mine.py:build", "-o", tmp_path / "o", "--debug")
    assert isinstance(done.exception, PluginError)
    assert isinstance(done.exception.__cause__, ZeroDivisionError)


class Bad:
    """A part of a plugin: every method raises an error."""

    window = batch = 1

    def _fail(self, *_: Any) -> Any:
        raise LookupError("not today")

    mine = fuse = estimate = saliency = fill = predict = _fail


class Mines:
    """A miner that takes the first and the last frame."""

    def mine(self, evidence: Any) -> Mining:
        last = len(evidence.frames) - 1
        mined = tuple(Mined(i, evidence.target[i], 1.0, "chosen") for i in (0, last))
        return Mining(mined, tuple(Verdict(i in (0, last), {}, "x") for i in range(last + 1)))


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kind, str, Any], None]:
    """Adds a part to the registry, as a plugin of a third party does."""

    def add(kind: Kind, name: str, build: Any) -> None:
        monkeypatch.setitem(registry.door().offered[kind], name, [Entry(Offer(name, "", build), f"third:{name}")])

    return add


PARTS: dict[str, tuple[Kind, str]] = {
    "miner": ("miners", "miner bad: LookupError: not today"),
    "flow": ("flows", "flow bad, frame '00000' to '0000[0-9]': LookupError: not today"),
    "motion": ("motion", "motion bad, frame '00000': LookupError: not today"),
    "fuser": ("fusers", "fuser bad, frame '00000': LookupError: not today"),
    "densifier": ("densifiers", "densifier bad: LookupError: not today"),
}


@pytest.mark.parametrize("part", PARTS)
def test_errors_of_parts(part: str, plug: Any, pictures: Path, maps: Path, tmp_path: Path) -> None:
    kind, message = PARTS[part]
    plug(kind, "bad", Bad)
    settings = [*(s for s in FORCED if part != "miner" or not s.startswith("nr.")), f"recipe.{part}=bad"]
    done = call("run", "--video", pictures, "--target", f"maps:{maps}", "-o", tmp_path / "o", *sets(tuple(settings)))
    assert done.exit_code == 4, done.output
    last = done.stderr.splitlines()[-1]
    assert re.search(message, last), last
    assert re.search(rf"\({re.escape(__file__)}:\d+\)$", last), last


def test_errors_of_a_student(plug: Any, pictures: Path, maps: Path, tmp_path: Path) -> None:
    import torch

    from boostvsod.kinds import Student

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, rgb: Any) -> Any:
            raise LookupError("not today")

    plug("students", "bad", lambda: Student(Net(), 32))
    settings = [*(s for s in FORCED if not s.startswith("lite.")), "recipe.student=bad"]
    done = call("run", "--video", pictures, "--target", f"maps:{maps}", "-o", tmp_path / "o", *sets(tuple(settings)))
    assert done.exit_code == 4, done.output
    assert "student bad, while it learnt: LookupError: not today" in done.stderr.splitlines()[-1]
    assert f"({__file__}:" in done.stderr.splitlines()[-1]


def test_errors_of_a_builder(plug: Any, pictures: Path, tmp_path: Path) -> None:
    def build() -> Any:
        raise LookupError("no weights today")

    plug("targets", "bad", build)
    done = call("predict", pictures, "--target", "bad", "-o", tmp_path / "o")
    assert done.exit_code == 4
    assert done.stderr.splitlines()[-1].startswith("boostvsod: bad: LookupError: no weights today (")


def test_ctrl_c_in_user_code_is_no_error_of_it() -> None:
    with pytest.raises(KeyboardInterrupt), user_code("mine"):
        raise KeyboardInterrupt


@pytest.fixture
def command() -> Iterator[Callable[[BaseException], Any]]:
    """Calls a command that raises the given error."""

    def run(error: BaseException) -> Any:
        @click.command("broken")
        def broken() -> None:
            raise error

        main.add_command(broken)
        return call("broken")

    yield run
    main.commands.pop("broken", None)


def test_unexpected_errors_are_one_line(command: Callable[[BaseException], Any]) -> None:
    done = command(ValueError("surprise\nin two lines"))
    assert done.exit_code == 1
    assert re.fullmatch(
        r"boostvsod: internal error: ValueError: surprise in two lines \(.*test_user_code.py:\d+\); "
        r"run again with --debug\n",
        done.stderr,
    )


def test_memory_disk_and_interrupts(command: Callable[[BaseException], Any]) -> None:
    done = command(MemoryError())
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("boostvsod: out of memory")
    done = command(OSError(28, "No space left on device", "/x/y"))
    assert (done.exit_code, done.stderr) == (7, "boostvsod: cannot write /x/y: No space left on device\n")
    assert (command(KeyboardInterrupt()).exit_code) == 130
    assert command(click.UsageError("no")).exit_code == 2
    assert command(BrokenPipeError(32, "Broken pipe")).exit_code == 1


def test_frames_are_read_only(clip: Clip, tmp_path: Path) -> None:
    before = clip.frames.copy()
    seen = []

    class Writes:
        window, batch = 3, 2

        def predict(self, windows: Any) -> Any:
            for frame in (frame for window in windows for frame in window.frames):
                seen.append(frame.rgb.flags.writeable)
                with pytest.raises(ValueError, match="read-only"):
                    frame.rgb[0, 0] = 0
            return [np.zeros(window.frame.rgb.shape[:2], np.float32) for window in windows]

    boost(clip.frames, Writes(), "none", tmp_path / "o")
    assert seen
    assert not any(seen)
    assert np.array_equal(clip.frames, before)
    assert clip.frames.flags.writeable, "the caller's array stays as it was"


def test_every_way_to_a_frame_is_read_only(pictures: Path, clip: Clip) -> None:
    video = Video.open(pictures)
    frames = [video[0], next(iter(video)), next(video.unscanned()), Frame.of(clip.frames[0]), video.pieces(9)[0][1]]
    assert not any(frame.rgb.flags.writeable for frame in frames)


def test_the_library_does_not_write_to_frames(clip: Clip, maps: Path, tmp_path: Path) -> None:
    """A run of the default recipe, in which every part gets read-only frames, ends without an error."""
    result = boost(clip.frames, f"maps:{maps}", "default", tmp_path / "o", settings=["train.epochs=1", "train.size=64"])
    assert len(result.maps) == 12
    assert picture(str(tmp_path / "o" / "maps" / "00000.png"), -1) is not None
