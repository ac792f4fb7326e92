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
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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


@dataclass
class Opened:
    """The files that code opened."""

    read: set[Path] = field(default_factory=set)
    written: set[Path] = field(default_factory=set)


@contextlib.contextmanager
def opened_files() -> Iterator[Opened]:
    """The files that Python code opens inside the block, in this thread or another."""
    _watch_files()
    opened = Opened()
    _WATCHED.append(opened)
    try:
        yield opened
    finally:
        _WATCHED.remove(opened)


_WATCHED: list[Opened] = []


@functools.cache
def _watch_files() -> None:
    """Install the audit hook, which can never be removed, when it is first needed."""
    sys.addaudithook(_note_opened)


def _note_opened(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" or not _WATCHED or not isinstance(arguments[0], (str, os.PathLike)):
        return
    path: str | os.PathLike[str] = arguments[0]
    mode, flags = (*arguments, None, None)[1:3]
    writes = bool(set(str(mode or "r")) & set("wax+")) or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR))
    for opened in _WATCHED:
        (opened.written if writes else opened.read).add(Path(os.path.realpath(path)))


def is_users(path: Path) -> bool:
    """Whether a file is the user's: no installed package, no part of Python, of boostvsod or of the system."""
    if set(path.parts) & {*IGNORED, *PACKAGE_FOLDERS}:
        return False
    return not any(path.is_relative_to(folder) for folder in (*SYSTEM, *_python_folders()))


PACKAGE_FOLDERS = ("site-packages", "dist-packages")
SYSTEM = tuple(map(Path, ("/proc", "/sys", "/dev", "/etc", "/usr/lib", "/usr/share")))


@functools.cache
def _python_folders() -> tuple[Path, ...]:
    """The standard library, and this package."""
    places = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.path.dirname(__file__))
    return tuple(Path(os.path.realpath(place)) for place in places)


def module_files(script: Path) -> tuple[set[Path], dict[str, str]]:
    """What a Python file is made of: files, and the versions of the installed packages that it imports.

    The files are the script, the user's modules that it imports, and the files that their code mentions, as paths
    or by a name beside the script or the module.
    """
    files, versions, waiting = set[Path](), dict[str, str](), [script.resolve()]
    while waiting:
        module = waiting.pop()
        if module in files:
            continue
        files.add(module)
        for level, name in _imported(tree := _parsed(module)):
            folder = module.parents[level - 1] if 0 < level <= len(module.parents) else script.resolve().parent
            waiting += [*_local_modules(folder, name), *([] if level else _loaded_modules(name, versions))]
        folders = {script.resolve().parent, module.parent}
        files |= {path for text in _texts(tree) for folder in folders if (path := _named(folder, text))}
    return files, versions


def _parsed(module: Path) -> ast.AST:
    try:
        return ast.parse(module.read_bytes())
    except (SyntaxError, ValueError, RecursionError):  # a module that is not imported after all
        return ast.Module([], [])


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The dotted names that code imports, each with its number of leading dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = f"{node.module}." if node.module else ""
            yield from ((node.level, f"{base}{alias.name}") for alias in node.names)


def _local_modules(folder: Path, name: str) -> Iterator[Path]:
    """The files of a dotted name and of the packages above it, as far as they are in the folder."""
    place = folder
    for part in name.split("."):
        place = place / part
        yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())


def _loaded_modules(name: str, versions: dict[str, str]) -> Iterator[Path]:
    """The user's files of a dotted name that is imported already; of an installed package, its version is noted."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        module = sys.modules.get(".".join(parts[:count]))
        file = getattr(module, "__file__", None)
        if file and is_users(path := Path(os.path.realpath(file))) and path.suffix == ".py":
            yield path
        elif module is not None and count == 1 and hasattr(module, "__version__"):
            versions[name.partition(".")[0]] = str(module.__version__)


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) <= 255:
            yield node.value


def _named(folder: Path, text: str) -> Path | None:
    """The file that a text names: beside a module, or anywhere by its whole path."""
    try:
        path = Path(os.path.realpath(folder / os.path.expanduser(text)))
        return path if path.is_file() and is_users(path) else None
    except (OSError, ValueError):
        return None
