"""Paths as users and libraries need them: checked when they come in, and safe for OpenCV when they go out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boostvsod.errors import InputError
from boostvsod.errors.text import printable


def user_path(given: str | Path) -> Path:
    """A path that a user gave, with `~` replaced. It need not exist, but the system must be able to look for it."""
    try:
        path = Path(given).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long, not permitted, unknown user, a null character
        raise InputError(
            f"{printable(given)}: not a usable path: {getattr(error, 'strerror', None) or error}"
        ) from error
    return path


@contextmanager
def opencv_path(path: Path) -> Iterator[str]:
    """A text that names the same file and that OpenCV can open, for reading or for writing.

    OpenCV crashes on names that are not UTF-8, and FFmpeg takes `concat:x` for a protocol. So the path is
    absolute, and a temporary link stands for a name that is not UTF-8. Once the file is open, the link is not
    needed.
    """
    absolute = path.absolute()
    if _is_utf8(str(absolute)):
        yield str(absolute)
        return
    with tempfile.TemporaryDirectory(prefix="boostvsod-") as folder:
        link = Path(folder) / f"link{path.suffix if _is_utf8(path.suffix) else ''}"
        try:
            link.symlink_to(absolute)
        except OSError as error:
            raise InputError(
                f"{printable(path)}: its name is not UTF-8, and no link to it can be made; rename it"
            ) from error
        yield str(link)


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
