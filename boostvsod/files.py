"""Helpers for files: atomic writing, natural sorting."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boostvsod.errors import OutputError


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path. If the block ends without an error, that file replaces `path`; else it is deleted."""
    temporary = path.with_name(f".{path.name}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write `value` as readable JSON, atomically."""
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key that orders numbers inside texts by value: frame 2 comes before frame 10."""
    pieces = re.split(r"(\d+)", text.lower())
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces]
