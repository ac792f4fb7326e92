"""Files that list the sequences of one part of a data set, as those in the folder ImageSets of DAVIS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from boostvsod.media.archive import File

LISTS = "imagesets"  # the folder of the lists, in lower case


def list_files(files: Mapping[str, File]) -> dict[str, File]:
    """The lists of a data set, by their path."""
    paths = {name: PurePosixPath(name.lower()) for name in files}
    return {name: files[name] for name, path in paths.items() if path.suffix == ".txt" and LISTS in path.parts[:-1]}


def read_list(file: File) -> set[str]:
    """The sequences that a list names.

    Each line holds the name of a sequence, or the path of a frame, whose last folder is the sequence.
    """
    firsts = (line.split()[0] for line in file.read().decode("utf-8", "replace").splitlines() if line.strip())
    return {PurePosixPath(first).parent.name if "/" in first else first for first in firsts}
