"""Helpers for files: atomic writing, natural sorting, and the rule that no file of somebody else is replaced."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from boostvsod.errors import OutputError
from boostvsod.stamps import file_stamp

WORK = ".boostvsod"  # begins the name of every file and folder that only boostvsod reads
MANIFEST = f"{WORK}-outputs.jsonl"
ADVICE = "choose another output, or give --overwrite"
DESKTOP = ("Thumbs.db", "desktop.ini")  # file managers put these into any folder; hidden files are ignored like them


@contextmanager
def write_atomically(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path. If the block ends without an error, that file replaces `path`; else it is deleted.

    A file that is not `durable` may be lost or cut if the machine stops soon afterwards.
    """
    temporary = path.with_name(f".{path.name}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # the folder could not be made
            temporary.unlink()


def write_json(path: Path, value: object) -> None:
    """Write `value` as readable JSON, atomically."""
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key that orders numbers inside texts by value: frame 2 comes before frame 10."""
    pieces = re.split(r"([0-9]{1,4000})", text.lower())  # Python reads no longer numbers
    return [(0, int(piece), "") if i % 2 else (1, 0, piece) for i, piece in enumerate(pieces)]


def safe_name(name: str) -> str:
    """`name` as the name of a folder inside another one: never `..`, a path, or boostvsod's own hidden folder."""
    plain = re.sub(r"[/\\\0]", "_", name)
    hidden = not plain.strip(".") or plain.startswith(WORK)
    return f"_{plain.lstrip('.')}" if hidden else plain


def check_writable(folder: Path) -> None:
    """Raise an error if no file can be created in `folder`, or in the place where it would be created.

    The probe file has no name, so it is never visible.
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from error


class Manifest:
    """The list of the files that boostvsod wrote into one folder: a hidden file with one JSON object in each line.

    A line is added before its file takes its place. So if the process is killed in between, every file that is there
    is still known. Several versions of a file may be known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, dict[str, str]] = {}  # name -> hash -> what it was made of
        self._read = 0  # bytes of the list

    def versions(self, name: str) -> Mapping[str, str]:
        """The hashes of a file as boostvsod wrote it at any time, each with a text that says what it was made of."""
        self._refresh()
        return self._known.get(name, {})

    def add(self, stamps: Mapping[str, str], made_of: str) -> None:
        """Add files, name -> hash."""
        new = {name: stamp for name, stamp in stamps.items() if self.versions(name).get(stamp) != made_of}
        lines = [json.dumps({"name": name, "sha256": stamp, "of": made_of}) for name, stamp in new.items()]
        if lines:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n".join(["", *lines, ""]) if self._is_cut() else "\n".join([*lines, ""]))

    def _is_cut(self) -> bool:
        """Whether the last line is incomplete, because the disk was full or the machine stopped."""
        return self.path.is_file() and self.path.stat().st_size > self._read

    def _refresh(self) -> None:
        """Read the lines that were added since the last time, by this process or by another one."""
        size = self.path.stat().st_size if self.path.is_file() else 0
        if size < self._read:
            self._known, self._read = {}, 0
        if size == self._read:
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            added = file.read()
        added = added[: added.rfind(b"\n") + 1]
        self._read += len(added)
        for line in added.splitlines():
            self._learn(line)

    def _learn(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            self._known.setdefault(entry["name"], {})[entry["sha256"]] = entry["of"]
        except (ValueError, KeyError, TypeError):
            return  # a damaged line: its file counts as somebody else's


class Outputs:
    """What commands write into one folder. A file that boostvsod did not write there is never replaced.

    Files that boostvsod wrote and that have not changed since may be replaced. With `overwrite`, other files may be
    replaced too, but never a file of `inputs`, and never a file that lies in a folder of `inputs` and was not written
    by boostvsod. `made_of` is a text that changes when the output must be made again.
    """

    def __init__(self, folder: Path, *, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
        self.folder, self.overwrite = folder, overwrite
        inputs = list(inputs)
        self._input_files = {_identity(path) for path in inputs if path.is_file()}
        self._input_folders = [path.resolve() for path in inputs if path.is_dir()]
        self._manifest = Manifest(folder / MANIFEST)

    def check(self, *names: str) -> None:
        """Raise an error if any of these files may not be written. To be called before the work."""
        check_writable(self.folder)
        for name in names:
            self._check_file(name)

    def check_folder(self, name: str) -> None:
        """Raise an error if the folder `name` may not be replaced as a whole."""
        check_writable(self.folder)
        folder = self._inside(name)
        if not os.path.lexists(folder):
            return
        if folder.is_symlink() or not folder.is_dir():
            raise OutputError(f"{folder} exists and is not a folder; choose another output")
        self.check_inputs(name)
        for path in folder.iterdir():
            if not (path.name.startswith(".") or path.name in DESKTOP):
                self._check_owner(f"{name}/{path.name}")

    def check_inputs(self, *names: str) -> None:
        """Raise an error if any of these files or folders is an input, or holds one."""
        for name in names:
            place = self.folder / name
            for path in (place, *(place.rglob("*") if place.is_dir() else ())):
                if path.is_file() and _identity(path) in self._input_files:
                    raise OutputError(f"{path} is an input of this command; choose another output")

    def owns(self, name: str) -> bool:
        """Whether boostvsod wrote the file `name`, and it has not changed since."""
        path = self.folder / name
        versions = self._manifest.versions(name)
        return bool(versions) and path.is_file() and not path.is_symlink() and file_stamp(path) in versions

    def is_current(self, names: Iterable[str], made_of: str) -> bool:
        """Whether all these files are as boostvsod wrote them, and were made of the same."""
        return all(self.owns(n) and self._manifest.versions(n)[file_stamp(self.folder / n)] == made_of for n in names)

    @contextmanager
    def writing(self, name: str, made_of: str = "") -> Iterator[Path]:
        """Yield a temporary path. If the block ends without an error, that file becomes the output `name`."""
        self._check_file(name)
        with write_atomically(self.folder / name) as temporary:
            with _naming(temporary, self.folder / name):
                yield temporary
            self._check_file(name)  # somebody may have put a file there in the meantime
            self._manifest.add({name: file_stamp(temporary)}, made_of)

    def write_text(self, name: str, text: str, made_of: str = "") -> Path:
        """Write a text file; returns its path."""
        with self.writing(name, made_of) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return self.folder / name

    @contextmanager
    def replacing(self, name: str, made_of: str = "") -> Iterator[Path]:
        """Yield an empty folder. If the block ends without an error, it becomes the output folder `name`.

        Files of an earlier output disappear with it. Files that others put there stay.
        """
        self.check_folder(name)
        folder = self.folder / name
        new, old = (folder.with_name(f".{folder.name}{WORK}-{what}") for what in ("new", "old"))
        try:
            if old.is_dir() and not folder.exists():
                old.rename(folder)  # an earlier process was killed while it replaced the folder
            _remove(new, old)
            new.mkdir(parents=True)
            with _naming(new, folder):
                yield new
            self.check_folder(name)
            self._manifest.add({f"{name}/{path.name}": file_stamp(path) for path in new.iterdir()}, made_of)
            self._adopt_others(name, new)
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        except OSError as error:
            raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
        finally:
            _remove(new)
        _remove(old)

    def _adopt_others(self, name: str, new: Path) -> None:
        """Copy what others put into the output folder `name` to the new folder. Outputs take precedence."""
        folder = self.folder / name
        for path in folder.iterdir() if folder.is_dir() else ():
            if not (new / path.name).exists() and not self.owns(f"{name}/{path.name}"):
                if path.is_dir() and not path.is_symlink():
                    shutil.copytree(path, new / path.name, symlinks=True)
                else:
                    shutil.copy2(path, new / path.name, follow_symlinks=False)

    def _inside(self, name: str) -> Path:
        path = self.folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts or not Path(name).name:
            raise OutputError(f"{path} leads out of {self.folder}; choose another name")
        return path

    def _check_file(self, name: str) -> None:
        path = self._inside(name)
        if not os.path.lexists(path):
            return
        if not path.is_file():
            raise OutputError(f"{path} exists and is not a regular file; choose another output")
        self.check_inputs(name)
        self._check_owner(name)

    def _check_owner(self, name: str) -> None:
        if self.owns(name):
            return
        path = self.folder / name
        for source in self._input_folders:
            if source in path.resolve().parents:
                raise OutputError(f"{path} belongs to the input {source}; choose another output")
        if not self.overwrite:
            changed = self._manifest.versions(name)
            fault = "has changed since boostvsod wrote it" if changed else "exists and was not written by boostvsod"
            raise OutputError(f"{path} {fault}; {ADVICE}")


@contextmanager
def _naming(temporary: Path, path: Path) -> Iterator[None]:
    """Errors inside the block name the output and not its temporary place."""
    try:
        yield
    except OutputError as error:
        raise OutputError(str(error).replace(str(temporary), str(path))) from error


def _identity(path: Path) -> tuple[int, int]:
    """The same for all names of one file: links, and other cases of letters where the file system ignores case."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
