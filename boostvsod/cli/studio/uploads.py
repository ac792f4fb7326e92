"""Files that the page sends. They are written to disk piece by piece, up to a limit."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from boostvsod.errors import InputError
from boostvsod.errors.text import printable
from boostvsod.files import WORK, safe_name
from boostvsod.media.images import SUFFIXES
from boostvsod.media.sources import FILM

FOLDER = f"{WORK}-uploads"  # hidden: no command takes it for a folder of videos
CLIPS = (*FILM, ".zip")
BACKDROPS = (*SUFFIXES, *FILM)
LONGEST_NAME = 120  # characters; file systems allow 255 bytes


class TooLarge(InputError):
    """What the page sends is larger than the server takes."""


def allowed_name(name: str, suffixes: Sequence[str]) -> str:
    """The name of a file that is sent, as a name within a folder; other kinds of files are refused."""
    path = Path(safe_name(name))
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{printable(name)}: expected a file with one of the suffixes {', '.join(suffixes)}")
    return path.stem[:LONGEST_NAME] + path.suffix


class Upload:
    """One file on its way: it appears as ROOT/FOLDER/HASH/NAME when it is complete, else nothing stays of it."""

    def __init__(self, root: Path, name: str, most: int) -> None:
        self.folder, self.name, self.most = root / FOLDER, name, most
        self._hash, self._size = hashlib.sha256(), 0
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, path = tempfile.mkstemp(dir=self.folder)
        self._file, self._path = os.fdopen(handle, "wb"), Path(path)

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        with suppress(OSError):  # it has got its place
            self._path.unlink()

    def write(self, data: bytes) -> None:
        """Add some bytes."""
        self._size += len(data)
        if self._size > self.most:
            raise TooLarge(f"{printable(self.name)} is larger than {self.most / 1e6:g} MB; see --most-megabytes")
        self._hash.update(data)
        self._file.write(data)

    def finish(self) -> Path:
        """Move the file to its place. The same content under the same name has the same place."""
        if not self._size:
            raise InputError(f"{printable(self.name)} is empty (0 bytes)")
        self._file.flush()
        os.fsync(self._file.fileno())
        place = self.folder / self._hash.hexdigest()[:12] / self.name
        place.parent.mkdir(exist_ok=True)
        self._path.replace(place)
        return place
