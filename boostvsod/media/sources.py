"""What a video can be given as, and how its frames are then read."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.files import natural
from boostvsod.media.archive import File, Tree, archive_in
from boostvsod.media.images import SUFFIXES
from boostvsod.media.readers import Array, Pictures, Reader, VideoFile
from boostvsod.stamps import file_stamp

SourceInput: TypeAlias = "Source | str | Path | Sequence[str | Path] | NDArray[np.uint8]"
FILM = (".mp4", ".mov", ".avi", ".webm", ".mkv", ".gif", ".m4v", ".mpg", ".mpeg")


@dataclass(frozen=True)
class Source:
    """A video of which no frame has been read yet."""

    name: str
    names: Sequence[str] | None  # of the frames; None if frames are named by their numbers
    reader: Reader
    content: Callable[[], object]  # makes a JSON value that changes when the content changes
    where: str  # how error messages name the video


def open_source(given: SourceInput) -> Source:
    """Open a video file, a folder, a glob pattern, a text file of paths, a list of paths, or an array T H W 3."""
    if isinstance(given, Source):
        return given
    if isinstance(given, np.ndarray):
        return _from_array(given)
    if isinstance(given, (list, tuple)):
        return from_pictures([File(Path(p)) for p in given], "list", "the list of pictures")
    return _from_path(str(given))


def find_videos(source: str) -> list[str]:
    """The videos that a path stands for.

    A folder of video files, or of folders of pictures, stands for all of them. Anything else is one video.
    """
    path = Path(source).expanduser()
    if not path.is_dir():
        return [source]
    inside = sorted(path.iterdir(), key=lambda p: natural(p.name))
    if any(p.suffix.lower() in SUFFIXES for p in inside):
        return [source]
    videos = [str(p) for p in inside if p.suffix.lower() in FILM or (p.is_dir() and any(p.iterdir()))]
    if not videos:
        raise InputError(f"{source}: the folder holds neither pictures nor videos")
    return videos


def _from_array(frames: NDArray[np.uint8]) -> Source:
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise InputError(f"an array of {frames.dtype} {frames.shape} is not a video; expected uint8 of shape T H W 3")
    content = hashlib.sha256(np.ascontiguousarray(frames).data).hexdigest()
    return Source("array", None, Array(list(frames)), lambda: content, "the array")


def _from_path(source: str) -> Source:
    path = Path(source).expanduser()
    if path.is_dir() or archive_in(path):
        return from_pictures(_pictures_in(path), path.resolve().name, str(path))
    if path.suffix.lower() == ".txt" and path.is_file():
        listed = [Path(line.strip()) for line in path.read_text().splitlines() if line.strip()]
        return from_pictures([File(path.parent / p) for p in listed], path.stem, source)
    if path.is_file():
        return Source(path.stem, None, VideoFile(path), lambda: file_stamp(path), str(path))
    matching = sorted(glob.glob(str(path)), key=natural)
    if not matching:
        raise InputError(f"{source}: no such file or folder, and no file matches it as a pattern")
    return from_pictures([File(Path(p)) for p in matching], path.parent.resolve().name, source)


def _pictures_in(folder: Path) -> list[File]:
    pictures = Tree.open(folder).files(SUFFIXES)
    if not pictures:
        raise InputError(f"{folder}: no picture in it (searched for {', '.join(SUFFIXES)})")
    return pictures


def from_pictures(files: Sequence[File], name: str, where: str) -> Source:
    """A source with one picture file per frame, in the given order."""
    for file in files:
        if not file.path.is_file():
            raise InputError(f"{where}: {file} does not exist")
    names = [file.stem for file in files]
    twice = next((n for i, n in enumerate(names) if n in names[:i]), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise InputError(f"{where}: two pictures are called {twice!r}; their maps would overwrite each other")
    return Source(name, names, Pictures(files), lambda: [[file.stem, *file.stamp()] for file in files], where)
