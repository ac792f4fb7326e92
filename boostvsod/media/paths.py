"""Paths as users give them, checked when they come in."""

from __future__ import annotations

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
