"""Files in folders and in zip archives. Both are used in the same way: `data/bear`, `data.zip/bear`.

Archives are read in place; nothing is unpacked to disk.
"""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from boostvsod.errors import InputError
from boostvsod.files import natural
from boostvsod.stamps import file_stamp


@dataclass(frozen=True)
class File:
    """One file: the file at `path` or, if `inner` is given, the member `inner` of the archive at `path`."""

    path: Path
    inner: str = ""

    def __str__(self) -> str:
        return f"{self.path}/{self.inner}" if self.inner else str(self.path)

    @property
    def _pure(self) -> PurePosixPath:
        return PurePosixPath(self.inner or self.path.as_posix())

    @property
    def name(self) -> str:
        return self._pure.name

    @property
    def stem(self) -> str:
        return self._pure.stem

    @property
    def suffix(self) -> str:
        return self._pure.suffix.lower()

    def read(self) -> bytes:
        """The content of the file."""
        try:
            return _opened(self.path).read(self.inner) if self.inner else self.path.read_bytes()
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise InputError(f"cannot read {self}: {getattr(error, 'strerror', None) or error}") from error

    def stamp(self) -> list[str]:
        """Values that change when the content of the file changes, or the content of its archive."""
        return [file_stamp(self.path), self.inner]


@dataclass(frozen=True)
class Tree:
    """A folder on disk, or a folder in a zip archive."""

    path: Path
    inner: str = ""  # only in an archive: "" is the whole archive, else a path that ends in "/"

    def __str__(self) -> str:
        return f"{self.path}/{self.inner}".rstrip("/")

    @classmethod
    def open(cls, where: str | Path) -> Tree:
        """Open `FOLDER`, `ARCHIVE.zip` or `ARCHIVE.zip/FOLDER`, which must exist."""
        path = Path(where).expanduser()
        archive = archive_in(path)
        if archive is not None:
            inner = path.relative_to(archive).as_posix()
            tree = cls(archive, "" if inner == "." else f"{inner}/")
            if not any(name.startswith(tree.inner) for name in _names(archive)):
                raise InputError(f"{where}: {archive} has no folder {inner!r}")
            return tree
        if not path.is_dir():
            raise InputError(f"{where}: neither a folder nor a readable zip archive")
        return cls(path)

    def file(self, name: str) -> File:
        """The file whose path, relative to this folder, is `name`."""
        return File(self.path / name) if archive_in(self.path) is None else File(self.path, self.inner + name)

    def walk(self) -> dict[str, File]:
        """Every file at any depth: path relative to this folder -> file, in natural order, without hidden files."""
        if archive_in(self.path) is None:
            files = {p.relative_to(self.path).as_posix(): File(p) for p in self.path.rglob("*") if p.is_file()}
        else:
            inside = (n for n in _names(self.path) if n.startswith(self.inner) and not n.endswith("/"))
            files = {name[len(self.inner) :]: File(self.path, name) for name in inside}
        visible = {name: file for name, file in files.items() if not file.name.startswith(".")}
        return dict(sorted(visible.items(), key=lambda item: natural(item[0])))

    def files(self, suffixes: Iterable[str]) -> list[File]:
        """The files directly in this folder that have one of the suffixes, in natural order."""
        matching = [file for file in self._direct_files() if file.suffix in suffixes]
        return sorted(matching, key=lambda file: natural(file.name))

    def _direct_files(self) -> list[File]:
        if archive_in(self.path) is None:
            return [File(p) for p in self.path.iterdir() if p.is_file() and not p.name.startswith(".")]
        inside = (name for name in _names(self.path) if name.startswith(self.inner))
        return [File(self.path, n) for n in inside if "/" not in n[len(self.inner) :] and n != self.inner]


def archive_in(path: Path) -> Path | None:
    """The zip archive that a path is, or leads into; None if there is none."""
    for part in (path, *path.parents):
        if part.suffix.lower() == ".zip" and part.is_file():
            return part
    return None


def exists(where: str | Path) -> bool:
    """Whether there is such a folder, on disk or in an archive."""
    try:
        Tree.open(where)
    except InputError:
        return False
    return True


def _names(archive: Path) -> list[str]:
    try:
        return _listing(archive, archive.stat().st_mtime_ns)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{archive}: not a readable zip archive ({error})") from error


@functools.lru_cache(64)
def _listing(archive: Path, changed: int) -> list[str]:
    """The names of all members. `changed` is the archive's time stamp: a new one makes the cache miss."""
    return _opened(archive).namelist()


@functools.lru_cache(64)
def _opened(archive: Path) -> zipfile.ZipFile:
    """An open archive, cached because the table of contents of a large archive takes long to read.

    Several threads may read at once: `ZipFile` locks its file.
    """
    return zipfile.ZipFile(archive)
