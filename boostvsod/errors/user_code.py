"""Errors of code that is not boostvsod's own: one `PluginError` that names the part, the frame and the line."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from traceback import walk_tb
from types import TracebackType

from boostvsod.errors import BoostError, PluginError


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


PACKAGE = Path(__file__).parent.parent  # boostvsod itself
LIBRARIES = ("torch", "torchvision", "timm", "numpy", "cv2", "onnxruntime", "PIL", "scipy", "click", "pluggy")


def _is_library(path: Path) -> bool:
    if path.is_relative_to(PACKAGE):
        return True
    packages, standard = _library_folders()
    inside = next((path.relative_to(folder).parts[0] for folder in packages if path.is_relative_to(folder)), None)
    return inside in LIBRARIES if inside is not None else path.is_relative_to(standard)


@cache
def _library_folders() -> tuple[tuple[Path, ...], Path]:
    """The folders of installed packages, and that of the standard library."""
    packages = {path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    return tuple(map(Path, sorted(packages))), Path(sysconfig.get_path("stdlib"))
