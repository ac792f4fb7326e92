"""All errors that boostvsod raises on purpose, and the exit codes of its commands.

    BoostError            1   any other error
    ├── ConfigError       2   an unknown option or name, or a value that is not allowed
    ├── InputError        3   a video, an image or a folder that cannot be read
    ├── PluginError       4   a plugin is missing or broken, or returned a wrong value
    ├── WeightsError      5   weights are missing, damaged, or belong to another network
    ├── DeviceError       6   the requested device does not exist
    └── OutputError       7   results cannot be written

A message names the problem, the place, the actual value, and what the user can do.
Ctrl-C ends with 130 and SIGTERM with 143, as usual in shells. An error that boostvsod did not expect ends with 1.
"""

from __future__ import annotations

import sys
import sysconfig
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from traceback import walk_tb
from types import TracebackType


class BoostError(Exception):
    """The base class of all errors that boostvsod raises on purpose."""

    exit_code = 1


class ConfigError(BoostError):
    """An unknown option or name, or a value that is not allowed."""

    exit_code = 2


class InputError(BoostError):
    """A video, an image or a folder that cannot be read."""

    exit_code = 3


class PluginError(BoostError):
    """A plugin that is missing or broken, or returned a wrong value."""

    exit_code = 4


class WeightsError(BoostError):
    """Weights that are missing, damaged, or belong to another network."""

    exit_code = 5


class DeviceError(BoostError):
    """A requested device that does not exist."""

    exit_code = 6


class OutputError(BoostError):
    """Results that cannot be written."""

    exit_code = 7


@contextmanager
def user_code(who: str, *frames: str) -> Iterator[None]:
    """Turn any exception of code that is not boostvsod's own into one `PluginError`.

    `who` names the model or another part, `frames` the frames that it was given. The message also names the file
    and line. Errors that boostvsod raises on purpose stay unchanged.
    """
    try:
        yield
    except BoostError:
        raise
    except (Exception, SystemExit) as error:
        where = f", frame {frames[0]!r}" if frames else ""
        where += f" to {frames[-1]!r}" if len(frames) > 1 else ""
        raise PluginError(f"{who}{where}: {in_one_line(error)}") from error


def in_one_line(error: BaseException) -> str:
    """The type and the message of an error, and the file and line where it was raised."""
    text = " ".join(str(error).split()) or "no message"
    place = place_of(error.__traceback__)
    if isinstance(error, SystemExit):
        text = f"it called sys.exit({error.code!r}), which is not allowed here"
    if isinstance(error, SyntaxError):
        text, place = error.msg, f"{error.filename}:{error.lineno}"
    shown = text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."
    return f"{type(error).__name__}: {shown}{f' ({place})' if place else ''}"


LONGEST_MESSAGE = 400  # characters of an unexpected error that are shown


def place_of(traceback: TracebackType | None) -> str:
    """FILE:LINE of the user's code in a traceback: of the deepest line in the folder where that code begins.

    Code of libraries and of boostvsod itself is passed over. If there is no other, it is the deepest line at all.
    """
    lines = [(Path(frame.f_code.co_filename), number) for frame, number in walk_tb(traceback)]
    lines = [(path, number) for path, number in lines if not str(path).startswith("<")]
    first = next((path for path, _ in lines if not _is_library(path)), None)
    if first is not None:
        alone = first.parent.name in ("site-packages", "dist-packages")
        lines = [(path, n) for path, n in lines if path == first or (not alone and path.is_relative_to(first.parent))]
    return ":".join(map(str, lines[-1])) if lines else ""


LIBRARIES = ("torch", "torchvision", "timm", "numpy", "cv2", "onnxruntime", "PIL", "scipy", "click", "pluggy")


def _is_library(path: Path) -> bool:
    if path.is_relative_to(Path(__file__).parent):
        return True
    packages, standard = _library_folders()
    inside = next((path.relative_to(folder).parts[0] for folder in packages if path.is_relative_to(folder)), None)
    return inside in LIBRARIES if inside is not None else path.is_relative_to(standard)


@cache
def _library_folders() -> tuple[tuple[Path, ...], Path]:
    """The folders of installed packages, and that of the standard library."""
    packages = {path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    return tuple(map(Path, sorted(packages))), Path(sysconfig.get_path("stdlib"))


UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # control, format, surrogate, private, unassigned, separators


def printable(value: object, lines: bool = False) -> str:
    r"""A text or a path with every character that a terminal would obey, or that cannot be seen, as an escape.

    A terminal's escape becomes `\x1b`, a byte that is not UTF-8 `\xff`, a change of direction `\u202e`. With
    `lines`, line breaks stay.
    """
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if (lines and char == "\n") or not _unseen(char) else _escape(char) for char in text)


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in UNSEEN


def _escape(char: str) -> str:
    """One character as an escape; a byte that was no UTF-8 (a surrogate) as that byte."""
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
