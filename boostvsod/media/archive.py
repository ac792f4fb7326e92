"""Files in folders and in zip archives. Both are used in the same way: `data/bear`, `data.zip/bear`.

Archives are read in place; nothing is unpacked to disk. An archive is refused if a name in it leads out of it or
occurs twice. No file is read that is larger than `MOST_BYTES`.
"""

from __future__ import annotations

import functools
import lzma
import os
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from boostvsod.errors import InputError
from boostvsod.errors.text import printable
from boostvsod.files import natural
from boostvsod.media.paths import user_path
from boostvsod.stamps import file_stamp

MOST_BYTES = 2**30  # of one file in memory: pictures, masks and maps are far smaller
SUSPECT_BYTES, SUSPECT_RATIO = 2**26, 200  # a member that is larger and packed more tightly is a zip bomb
ZIP_ERRORS = (  # everything that `zipfile` raises for damaged, encrypted or unusual archives
    OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, KeyError, RuntimeError, EOFError,
    ValueError, OverflowError, IndexError, MemoryError,
)  # fmt: skip


class MissingError(InputError):
    """There is no such folder, or nothing that is searched for in it."""


@dataclass(frozen=True)
class File:
    """One file: the file at `path` or, if `inner` is given, the member `inner` of the archive at `path`."""

    path: Path
    inner: str = ""

    def __str__(self) -> str:
        return printable(f"{self.path}/{self.inner}" if self.inner else str(self.path))

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
        """The content of the file, which may have at most `MOST_BYTES`."""
        try:
            return _read_member(self) if self.inner else _read_file(self)
        except ZIP_ERRORS as error:
            raise InputError(f"cannot read {self}: {_reason(error)}") from error

    def stamp(self) -> list[str]:
        """Values that change when the content of the file changes, or the content of its archive."""
        try:
            return [file_stamp(self.path), self.inner]
        except OSError as error:
            raise InputError(f"cannot read {self}: {_reason(error)}") from error


@dataclass(frozen=True)
class Tree:
    """A folder on disk, or a folder in a zip archive."""

    path: Path
    inner: str = ""  # only in an archive: "" is the whole archive, else a path that ends in "/"

    def __str__(self) -> str:
        return printable(f"{self.path}/{self.inner}".rstrip("/"))

    @classmethod
    def open(cls, where: str | Path) -> Tree:
        """Open `FOLDER`, `ARCHIVE.zip` or `ARCHIVE.zip/FOLDER`, which must exist."""
        path = user_path(where)
        archive = archive_in(path)
        if archive is not None:
            inner = path.relative_to(archive).as_posix()
            tree = cls(archive, "" if inner == "." else f"{inner}/")
            if not any(name.startswith(tree.inner) for name in _names(archive)):
                raise MissingError(f"{printable(where)}: {printable(archive)} has no folder {inner!r}")
            return tree
        if not path.is_dir():
            raise MissingError(f"{printable(where)}: neither a folder nor a readable zip archive")
        return cls(path)

    def file(self, name: str) -> File:
        """The file whose path, relative to this folder, is `name`."""
        return File(self.path / name) if archive_in(self.path) is None else File(self.path, self.inner + name)

    def walk(self) -> dict[str, File]:
        """Every file at any depth: path relative to this folder -> file, in natural order, without hidden files."""
        if archive_in(self.path) is None:
            files = {p.relative_to(self.path).as_posix(): File(p) for p in self._everything() if p.is_file()}
        else:
            inside = (n for n in _names(self.path) if n.startswith(self.inner) and not n.endswith("/"))
            files = {name[len(self.inner) :]: File(self.path, name) for name in inside}
        visible = {name: file for name, file in files.items() if not file.name.startswith(".")}
        return dict(sorted(visible.items(), key=lambda item: natural(item[0])))

    def files(self, suffixes: Iterable[str]) -> list[File]:
        """The files directly in this folder that have one of the suffixes, in natural order."""
        matching = [file for file in self._direct_files() if file.suffix in suffixes]
        return sorted(matching, key=lambda file: natural(file.name))

    def _everything(self) -> Iterator[Path]:
        """All files at any depth, also in folders that are links; a link to a folder above itself is not followed."""
        _check_readable(self)
        for folder, inside, files in os.walk(self.path, followlinks=True):
            here = os.path.realpath(folder)
            inside[:] = [name for name in inside if not _leads_up(os.path.join(folder, name), here)]
            yield from (Path(folder, name) for name in files)

    def _direct_files(self) -> list[File]:
        if archive_in(self.path) is None:
            _check_readable(self)
            return [File(p) for p in self.path.glob("*") if p.is_file() and not p.name.startswith(".")]
        inside = (name for name in _names(self.path) if name.startswith(self.inner))
        return [File(self.path, n) for n in inside if "/" not in n[len(self.inner) :] and n != self.inner]


def _check_readable(tree: Tree) -> None:
    """Raise an error for a folder that may not be read: `glob` and `walk` are silent about it."""
    try:
        with os.scandir(tree.path):
            pass
    except OSError as error:
        raise InputError(f"cannot read the folder {tree}: {error.strerror or error}") from error


def _leads_up(path: str, here: str) -> bool:
    """Whether a folder is a link to the folder `here`, or to one that `here` lies in."""
    return os.path.islink(path) and os.path.commonpath([os.path.realpath(path), here]) == os.path.realpath(path)


def archive_in(path: Path) -> Path | None:
    """The zip archive that a path is, or leads into; None if there is none."""
    for part in (path, *path.parents):
        if part.suffix.lower() == ".zip" and part.is_file():
            return part
    return None


def exists(where: str | Path) -> bool:
    """Whether there is such a folder, on disk or in an archive. An archive that cannot be read is an error."""
    try:
        Tree.open(where)
    except MissingError:
        return False
    return True


def first_twice(names: Iterable[str]) -> str | None:
    """The first name that occurs more than once; None if all differ."""
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _read_file(file: File) -> bytes:
    _check_size(file, file.path.stat().st_size)
    return file.path.read_bytes()


def _read_member(file: File) -> bytes:
    """The content of a member. `ZipFile` never returns more than the archive states, and checks the checksum."""
    archive = _opened(file.path, file.path.stat().st_mtime_ns)
    member = archive.getinfo(file.inner)
    _check_size(file, member.file_size)
    if member.file_size > max(SUSPECT_BYTES, SUSPECT_RATIO * member.compress_size):
        sizes = f"{member.compress_size} bytes would become {member.file_size}"
        raise InputError(f"{file} is packed like a zip bomb ({sizes}); unpack it yourself if you trust it")
    return archive.read(member)


def _check_size(file: File, size: int) -> None:
    if size > MOST_BYTES:
        raise InputError(f"{file} has {size} bytes; pictures, masks and maps may have at most {MOST_BYTES}")


def _reason(error: BaseException) -> str:
    """What an error says, in one line without file names."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "it is encrypted" if "encrypted" in reason else " ".join(reason.split())


def _names(archive: Path) -> list[str]:
    try:
        return _listing(archive, archive.stat().st_mtime_ns)
    except ZIP_ERRORS as error:
        raise InputError(f"{printable(archive)}: not a readable zip archive ({_reason(error)})") from error


@functools.lru_cache(64)
def _listing(archive: Path, changed: int) -> list[str]:
    """The names of all members. `changed` is the archive's time stamp: a new one makes the cache miss."""
    names = _opened(archive, changed).namelist()
    for name in names:
        parts = name.replace("\\", "/").split("/")
        if not parts[0] or ".." in parts or parts[0].endswith(":"):
            raise InputError(f"{printable(archive)}: the member {name!r} leads out of the archive; pack it again")
    if (same := first_twice(names)) is not None:
        raise InputError(f"{printable(archive)}: two members are called {same!r}; pack it again")
    return names


@functools.lru_cache(64)
def _opened(archive: Path, changed: int) -> zipfile.ZipFile:
    """An open archive, cached because the table of contents of a large archive takes long to read.

    Several threads may read at once: `ZipFile` locks its file.
    """
    return zipfile.ZipFile(archive)
