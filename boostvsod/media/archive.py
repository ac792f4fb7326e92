"""Files in folders and, read in place, in zip archives: `data/bear` and `data.zip/bear` are used alike."""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from boostvsod.errors import InputError
from boostvsod.files import file_stamp, natural


@dataclass(frozen=True)
class File:
    """One file: by itself, or `inner` of the archive at `path`."""

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
        """The content."""
        try:
            return _opened(self.path).read(self.inner) if self.inner else self.path.read_bytes()
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise InputError(f"cannot read {self}: {getattr(error, 'strerror', None) or error}") from error

    def stamp(self) -> list[Any]:
        """What changes when the file does, without reading it."""
        return [*file_stamp(self.path), self.inner]


@dataclass(frozen=True)
class Tree:
    """A folder, or a folder in an archive."""

    path: Path
    inner: str = ""  # in an archive: "" for all of it, or ending in "/"

    def __str__(self) -> str:
        return f"{self.path}/{self.inner}".rstrip("/")

    @classmethod
    def open(cls, where: str | Path) -> Tree:
        """`FOLDER`, `ARCHIVE.zip` or `ARCHIVE.zip/FOLDER`; it must exist."""
        path = Path(where).expanduser()
        archive = archive_in(path)
        if archive is not None:
            inner = path.relative_to(archive).as_posix()
            tree = cls(archive, "" if inner == "." else f"{inner}/")
            if not any(name.startswith(tree.inner) for name in _names(archive)):
                raise InputError(f"{where}: there is no {inner!r} in {archive}")
            return tree
        if not path.is_dir():
            raise InputError(f"{where}: neither a folder nor a readable zip archive")
        return cls(path)

    def file(self, name: str) -> File:
        """The file at a path from here."""
        return File(self.path / name) if archive_in(self.path) is None else File(self.path, self.inner + name)

    def walk(self) -> dict[str, File]:
        """Every file below, by its path from here, in natural order."""
        if archive_in(self.path) is None:
            found = {p.relative_to(self.path).as_posix(): File(p) for p in self.path.rglob("*") if p.is_file()}
        else:
            inside = (n for n in _names(self.path) if n.startswith(self.inner) and not n.endswith("/"))
            found = {name[len(self.inner) :]: File(self.path, name) for name in inside}
        shown = {name: file for name, file in found.items() if not file.name.startswith(".")}
        return dict(sorted(shown.items(), key=lambda item: natural(item[0])))

    def files(self, suffixes: Iterable[str]) -> list[File]:
        """The files right here that have one of the suffixes, in natural order."""
        here = self._here()
        return sorted((f for f in here if f.suffix in suffixes), key=lambda file: natural(file.name))

    def _here(self) -> list[File]:
        if archive_in(self.path) is None:
            return [File(p) for p in self.path.iterdir() if p.is_file() and not p.name.startswith(".")]
        inside = (name for name in _names(self.path) if name.startswith(self.inner))
        return [File(self.path, n) for n in inside if "/" not in n[len(self.inner) :] and n != self.inner]


def archive_in(path: Path) -> Path | None:
    """The zip archive a path leads into, if it does."""
    for part in (path, *path.parents):
        if part.suffix.lower() == ".zip" and part.is_file():
            return part
    return None


def exists(where: str | Path) -> bool:
    """Whether there is such a folder, be it in an archive."""
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
    return _opened(archive).namelist()


@functools.lru_cache(64)
def _opened(archive: Path) -> zipfile.ZipFile:
    """CachedWeights open: the directory of a large archive takes long to read, and reading locks by itself."""
    return zipfile.ZipFile(archive)
