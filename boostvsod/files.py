"""Helpers for files: atomic writing, stamps and hashes, natural sorting."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from boostvsod.errors import OutputError

Stamp: TypeAlias = "list[str | int]"  # values that change when a file changes


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


def fingerprint(*parts: object) -> str:
    """A short hash of values; values that are not JSON are hashed as their `str`."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_stamp(path: Path) -> Stamp:
    """Values that change when the file changes: path, size and time. The content is not read."""
    stat = path.stat()
    return [str(path.resolve()), stat.st_size, stat.st_mtime_ns]


def path_stamp(value: object) -> Stamp | list[Stamp] | None:
    """Like `file_stamp`, for a value that may be the path of a file, of a folder or inside an archive; else None.

    For a folder, and for a pattern like `maps/{video}`, it is the stamp of every file below.
    """
    path = Path(value.partition("{")[0]) if isinstance(value, str) and value else None
    if path is None:
        return None
    archive = next((part for part in (path, *path.parents) if part.is_file()), None)
    if archive is not None:
        return file_stamp(archive)
    return [file_stamp(inside) for inside in sorted(path.rglob("*")) if inside.is_file()] if path.is_dir() else None


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key that orders numbers inside texts by value: frame 2 comes before frame 10."""
    pieces = re.split(r"(\d+)", text.lower())
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces]


def sha256(path: Path) -> str:
    """The SHA-256 of the content, in hexadecimal."""
    with path.open("rb") as file:
        return (
            hashlib.file_digest(file, "sha256").hexdigest()
            if hasattr(hashlib, "file_digest")
            else (hashlib.sha256(file.read()).hexdigest())
        )
