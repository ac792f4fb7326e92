"""Stamps: values that change when content changes. Stages, benchmark jobs and trainings are stored under them.

A stamp is made of what is in files, not of their times: a file that is replaced by one of the same size and time
has another stamp, and a file that is copied elsewhere has the same.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Stamp = str
LONGEST_NAME = 4096  # characters of a path; longer text names no file
IGNORED = ("__pycache__",)  # folders that hold nothing that anybody wrote


def fingerprint(*parts: object) -> Stamp:
    """A short hash of values; values that are not JSON are hashed as their `str`."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_stamp(path: Path) -> Stamp:
    """The SHA-256 of a file's content. A file that did not change in this process is read once."""
    status = path.stat()
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return _sha256_of(path, identity)


@functools.lru_cache(maxsize=65536)
def _sha256_of(path: Path, identity: tuple[int, ...]) -> Stamp:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def files_stamp(paths: Iterable[Path], root: Path) -> Stamp:
    """The content and the names, relative to `root`, of several files."""
    return fingerprint(sorted((os.path.relpath(path, root), file_stamp(path)) for path in paths))


def folder_stamp(folder: Path) -> Stamp:
    """The content and the names of all files below a folder. Links are followed."""
    return files_stamp(files_below(folder), folder)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, through links too; a folder that contains itself is entered once."""
    entered = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(place)
        entered.add((status.st_dev, status.st_ino))
        folders[:] = [f for f in folders if f not in IGNORED and _identity(Path(place, f)) not in entered]
        yield from (path for name in names if (path := Path(place, name)).is_file())


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def content_stamp(value: object) -> object:
    """The stamp of whatever a value names: a file, a folder, a place in an archive; None if it names none of them.

    Of a pattern like `maps/{video}` it is all that the pattern can reach. Values inside lists and tables are
    stamped one by one. An ONNX file is stamped with the files beside it that it mentions: they hold its weights.
    """
    if isinstance(value, Mapping):
        return {str(key): content_stamp(one) for key, one in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [content_stamp(one) for one in value]
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not value or len(value) > LONGEST_NAME or "\0" in value:
        return None
    return _path_stamp(Path(value.partition("{")[0]).expanduser())


def _path_stamp(path: Path) -> Stamp | None:
    """A file, the archive that a path leads into, or a folder."""
    try:
        archive = next((part for part in (path, *path.parents) if part.is_file()), None)
        if archive is None:
            return folder_stamp(path) if path.is_dir() and path != Path() else None
        return files_stamp([archive, *external_data(archive)], archive.parent)
    except OSError:  # unreadable: whoever opens it says so
        return None


def external_data(model: Path) -> list[Path]:
    """The files beside an ONNX model that its text mentions by name."""
    if model.suffix.lower() != ".onnx":
        return []
    content = model.read_bytes()
    beside = (path for path in model.parent.iterdir() if path.is_file() and path != model)
    return sorted(path for path in beside if path.name.encode() in content)


@functools.cache
def package_stamp(package: str) -> Stamp:
    """The content of an installed package: its code, and the weights and recipes that are bundled with it."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return ""
    if spec.submodule_search_locations:
        return fingerprint([folder_stamp(Path(place)) for place in spec.submodule_search_locations])
    return file_stamp(Path(spec.origin)) if spec.origin else ""


@contextlib.contextmanager
def opened_below(folder: Path) -> Iterator[set[Path]]:
    """The files below a folder that Python code opens inside the block."""
    _watch_files()
    opened: set[Path] = set()
    watched = (folder.resolve(), opened)
    _WATCHED.append(watched)
    try:
        yield opened
    finally:
        _WATCHED.remove(watched)


_WATCHED: list[tuple[Path, set[Path]]] = []


@functools.cache
def _watch_files() -> None:
    """Install the audit hook, which can never be removed, when it is first needed."""
    sys.addaudithook(_note_opened)


def _note_opened(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" or not _WATCHED or not isinstance(arguments[0], (str, os.PathLike)):
        return
    path = Path(os.path.realpath(arguments[0]))
    for folder, opened in _WATCHED:
        if path.is_relative_to(folder) and not set(path.parts) & set(IGNORED):
            opened.add(path)


def module_files(script: Path) -> set[Path]:
    """A Python file, the modules of its folder that it imports, and the files of the folder that they mention."""
    folder, files, waiting = script.resolve().parent, set[Path](), [script.resolve()]
    while waiting:
        module = waiting.pop()
        if module in files:
            continue
        files.add(module)
        tree = ast.parse(module.read_bytes())
        waiting += [found for name in _imported(tree) for found in _local_modules(folder, name)]
        files |= {path for text in _texts(tree) if (path := _beside(folder, text))}
    return files


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = f"{node.module}." if node.module else ""
            yield from (f"{base}{alias.name}" for alias in node.names)


def _local_modules(folder: Path, name: str) -> Iterator[Path]:
    """The files of a dotted name and of the packages above it, as far as they are in the folder."""
    place = folder
    for part in name.split("."):
        place = place / part
        yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) <= 255:
            yield node.value


def _beside(folder: Path, text: str) -> Path | None:
    try:
        path = (folder / text).resolve()
        return path if path.is_file() and path.is_relative_to(folder) else None
    except (OSError, ValueError):
        return None
