"""What a video can be given as, and how its frames are then read."""

from __future__ import annotations

import glob
import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.errors.text import printable
from boostvsod.files import MANIFEST, WORK, Manifest, natural
from boostvsod.media.archive import File, Tree, archive_in, first_twice
from boostvsod.media.film_reader import VideoFile
from boostvsod.media.images import SUFFIXES
from boostvsod.media.paths import user_path
from boostvsod.media.readers import Array, Pictures, Reader

log = logging.getLogger("boostvsod")
SourceInput: TypeAlias = "Source | str | Path | Sequence[str | Path] | NDArray[np.uint8]"
MARKS = (WORK, MANIFEST, "run.json", "bench.json")  # each is only in folders that boostvsod wrote
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

    A folder of video files, or of folders of pictures, stands for all of them; a pattern that matches folders or
    video files stands for all that they stand for. Anything else is one video. Hidden files and what boostvsod
    wrote (folders of runs and benchmarks) do not count.
    """
    path = user_path(source)
    if not path.is_dir():
        matching = [] if path.exists() else _matching(path)
        if not any(_is_video(match) for match in matching):
            return [source]
        return [video for match in matching if _is_video(match) for video in find_videos(str(match))]
    inside = sorted(_entries(path), key=lambda p: natural(p.name))
    if any(p.suffix.lower() in SUFFIXES and p.is_file() for p in inside):
        return [source]
    folders = [p for p in inside if p.is_dir() and not _is_output(p)]
    full = {p for p in folders if _has_pictures(p)}
    films = {p for p in not_ours(path, inside) if p.suffix.lower() in FILM and p.is_file()}
    if not full | films:
        raise InputError(f"{printable(source)}: the folder holds neither pictures nor videos")
    if without := [p.name for p in folders if p not in full]:
        some = printable(", ".join(without[:3]))
        log.warning("%s: left out %d folders without pictures: %s", printable(source), len(without), some)
    return [str(p) for p in inside if p in full | films]


def _matching(path: Path) -> list[Path]:
    """What matches a path as a pattern, in natural order, without what boostvsod wrote."""
    found = map(Path, glob.glob(str(path)))
    return sorted((p for p in found if not (p.is_dir() and _is_output(p))), key=lambda p: natural(str(p)))


def _is_video(path: Path) -> bool:
    """Whether a path by itself is at least one video: a folder or a video file."""
    return path.is_dir() or path.suffix.lower() in FILM


def picture_videos(words: Iterable[str]) -> list[Source]:
    """Picture files that were named one by one, as a shell does for `clip/*.jpg`: the files of a folder are a video.

    They come in natural order: a shell puts frame 10 before frame 2.
    """
    folders: dict[Path, list[File]] = {}
    for path in sorted(map(user_path, words), key=lambda p: natural(str(p))):
        folders.setdefault(path.parent, []).append(File(path))
    return [_of_one_folder(folder, files) for folder, files in folders.items()]


def _of_one_folder(folder: Path, files: list[File]) -> Source:
    if len(files) == 1:
        return from_pictures(files, files[0].stem, str(files[0]))
    every = len(files) == len(_pictures_in(folder))
    return from_pictures(files, _name_of(folder), str(folder) if every else f"{len(files)} pictures of {folder}")


def is_picture(word: str) -> bool:
    """Whether a word is the path of a picture file."""
    path = user_path(word)
    return path.suffix.lower() in SUFFIXES and path.is_file()


def not_ours(folder: Path, files: Iterable[Path]) -> list[Path]:
    """The files of a folder that boostvsod did not write there."""
    manifest = Manifest(folder / MANIFEST)
    return [file for file in files if not manifest.versions(file.name)]


def _entries(folder: Path) -> list[Path]:
    """The files and folders in a folder that are not hidden."""
    try:
        return [p for p in folder.iterdir() if not p.name.startswith(".")]
    except OSError as error:
        raise InputError(f"cannot read the folder {printable(folder)}: {error.strerror}") from error


def _has_pictures(folder: Path) -> bool:
    """Whether a folder holds pictures that boostvsod did not write."""
    return any(p.suffix.lower() in SUFFIXES for p in not_ours(folder, _entries(folder)))


def _is_output(folder: Path) -> bool:
    """Whether a folder holds nothing but what boostvsod wrote: a run, a benchmark, maps, or a folder of runs."""
    if _is_marked(folder):
        return not _has_pictures(folder)
    inside = [p for p in _entries(folder) if p.is_dir()]
    return bool(inside) and not _has_pictures(folder) and all(map(_is_marked, inside))


def _is_marked(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in MARKS)


def _name_of(folder: Path) -> str:
    """The name of a folder as it was given: a link keeps its own name, and `.` has the name of the folder."""
    return Path(os.path.abspath(folder)).name


def _from_array(frames: NDArray[np.uint8]) -> Source:
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise InputError(f"an array of {frames.dtype} {frames.shape} is not a video; expected uint8 of shape T H W 3")
    content = hashlib.sha256(np.ascontiguousarray(frames).data).hexdigest()
    return Source("array", None, Array(list(frames)), lambda: content, "the array")


def _from_path(source: str) -> Source:
    path = user_path(source)
    if path.is_dir() or archive_in(path):
        return from_pictures(_pictures_in(path), _name_of(path), str(path))
    if path.suffix.lower() == ".txt" and path.is_file():
        return from_pictures([File(path.parent / p) for p in _listed(path)], path.stem, source)
    if path.is_file():
        return Source(path.stem, None, VideoFile(path), lambda: File(path).stamp()[0], str(path))
    if path.exists():
        raise InputError(f"{printable(source)} is neither a file nor a folder")
    matching = sorted(glob.glob(str(path)), key=natural)
    if not matching:
        raise InputError(f"{printable(source)}: no such file or folder, and no file matches it as a pattern")
    return from_pictures([File(Path(p)) for p in matching], _name_of(path.parent), source)


def _listed(path: Path) -> list[Path]:
    """The paths in a text file, one per line."""
    try:
        lines = File(path).read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{printable(path)}: a list of pictures must be a text in UTF-8 ({error.reason})") from error
    paths = [user_path(line.strip()) for line in lines if line.strip()]
    if not paths:
        raise InputError(f"{printable(path)}: the list names no picture")
    return paths


def _pictures_in(folder: Path) -> list[File]:
    pictures = Tree.open(folder).files(SUFFIXES)
    others = set(not_ours(folder, (file.path for file in pictures if not file.inner)))
    pictures = [file for file in pictures if file.inner or file.path in others] or pictures
    if not pictures:
        raise InputError(f"{printable(folder)}: no picture in it (searched for {', '.join(SUFFIXES)})")
    return pictures


def from_pictures(files: Sequence[File], name: str, where: str) -> Source:
    """A source with one picture file per frame, in the given order."""
    shown = printable(where)
    for file in files:
        if not file.path.is_file():
            problem = "is a folder, not a picture" if file.path.is_dir() else "does not exist"
            raise InputError(f"{shown}: {file} {problem}")
    names = [file.stem for file in files]
    if (name_twice := first_twice(names)) is not None:
        raise InputError(f"{shown}: two pictures are called {name_twice!r}; their maps would overwrite each other")
    return Source(name, names, Pictures(files), lambda: [[file.stem, *file.stamp()] for file in files], where)
