"""Annotated videos on disk: which files are frames, which are truth, and to which sequence they belong.

A layout is data. In every layout known, some folder on a file's path says whether it is a picture or a
mask; what is left of the path names the sequence. So `JPEGImages/480p/bear/00000.jpg` belongs with
`Annotations/480p/bear/00000.png`, and `bear/Imgs/1.jpg` with `bear/GT_object_level/1.png`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.kinds import Layout
from boostvsod.media.archive import File, Tree
from boostvsod.media.images import SUFFIXES, decode

GENERIC_PICTURES = ("images", "image", "imgs", "frames", "frame", "jpegimages", "duts-tr-image", "rgb", "img")
GENERIC_MASKS = (
    "masks", "mask", "gt", "ground-truth", "groundtruth", "ground_truth", "annotations", "gt_object_level",
    "duts-tr-mask",
)  # fmt: skip
TRUTH_SUFFIXES = (*SUFFIXES, ".pgm", ".ppm")
DECORATION = re.compile(r"[_-]?gt$", re.IGNORECASE)  # FBMS and others call the truth of 007 "007_gt"


@dataclass(frozen=True)
class Sequence:
    """One video: its frames, and the truth of those that have one (several files: several objects)."""

    name: str
    frames: tuple[File, ...]
    truths: Mapping[str, tuple[File, ...]]  # by the frame's name

    def truth(self, frame: str) -> NDArray[np.bool_]:
        """What is salient in a frame, H x W: the union of its objects."""
        masks = [read_truth(file) for file in self.truths[frame]]
        union: NDArray[np.bool_] = np.any(masks, axis=0)
        return union


@dataclass(frozen=True)
class Dataset:
    """Annotated sequences of one place."""

    layout: Layout
    where: str
    sequences: tuple[Sequence, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def frames(self) -> int:
        return sum(len(sequence.frames) for sequence in self.sequences)

    @property
    def annotated(self) -> int:
        return sum(len(sequence.truths) for sequence in self.sequences)


def read_layout(layout: Layout, tree: Tree) -> Dataset | None:
    """What a place holds, taken as one layout; None if it holds no annotated sequence of that kind."""
    files = tree.walk()
    wanted = _listed(layout, files)
    if layout.split and wanted is None:
        return None
    part = "" if layout.part in str(tree).lower().split("/") else layout.part
    pictures = _sorted_in(files, layout.pictures, SUFFIXES, part)
    masks = _objects_joined(_sorted_in(files, layout.masks, TRUTH_SUFFIXES, part), set(pictures))
    known = [key for key in pictures if key in masks and (wanted is None or key[-1] in wanted)]
    if not known:
        return None
    names = _short_names(known)
    sequences = tuple(
        Sequence(names[key], tuple(file for _, file in pictures[key]), _by_frame(pictures[key], masks[key]))
        for key in known
    )
    return Dataset(layout, str(tree), sequences, _notes(layout, sequences))


Key = tuple[str, ...]
Sorted = dict[Key, list[tuple[str, File]]]  # what is left of a path without the telling folder -> (stem, file)


def _sorted_in(files: Mapping[str, File], folders: Iterable[str], suffixes: tuple[str, ...], part: str) -> Sorted:
    """Files below one of the folders."""
    found: Sorted = {}
    for name, file in files.items():
        parts = PurePosixPath(name).parts
        key = _without(parts[:-1], folders)
        if key is not None and file.suffix in suffixes and (not part or part in (p.lower() for p in parts)):
            found.setdefault(key, []).append((file.stem, file))
    return found


def _without(parts: Key, folders: Iterable[str]) -> Key | None:
    """A path without the folder that tells pictures from masks; None if it has none of those."""
    lower = tuple(part.lower() for part in parts)
    for folder in folders:
        if folder == ".":
            return parts
        wanted = tuple(folder.split("/"))
        for i in range(len(parts) - len(wanted), -1, -1):
            if lower[i : i + len(wanted)] == wanted:
                return parts[:i] + parts[i + len(wanted) :]
    return None


def _objects_joined(masks: Sorted, sequences: set[Key]) -> Sorted:
    """Where each object of a sequence has a folder of its own below it, all of them are its truth."""
    joined: Sorted = {}
    for key, files in masks.items():
        home = key[:-1] if key not in sequences and key[:-1] in sequences else key
        joined.setdefault(home, []).extend(files)
    return joined


def _by_frame(pictures: list[tuple[str, File]], masks: list[tuple[str, File]]) -> dict[str, tuple[File, ...]]:
    names = {stem for stem, _ in pictures}
    found: dict[str, tuple[File, ...]] = {}
    for stem, file in masks:
        name = stem if stem in names else DECORATION.sub("", stem)
        if name in names:
            found[name] = (*found.get(name, ()), file)
    return found


def _listed(layout: Layout, files: Mapping[str, File]) -> set[str] | None:
    """The sequences a split file names: one a line, or paths of frames, whose last folder it is."""
    place = next((file for name, file in files.items() if layout.split and name.lower().endswith(layout.split)), None)
    if place is None:
        return None
    firsts = (line.split()[0] for line in place.read().decode().splitlines() if line.strip())
    return {PurePosixPath(first).parent.name if "/" in first else first for first in firsts}


def _short_names(keys: list[Key]) -> dict[Key, str]:
    """The last folder, or as much of the path as tells the sequences apart."""
    for depth in range(1, max((len(key) for key in keys), default=1) + 1):
        names = {key: "-".join(key[-depth:]) or "sequence" for key in keys}
        if len(set(names.values())) == len(keys):
            return names
    return {key: "-".join(key) for key in keys}


def _notes(layout: Layout, sequences: tuple[Sequence, ...]) -> tuple[str, ...]:
    notes = []
    if layout.sequences and len(sequences) != layout.sequences:
        notes.append(f"{layout.title} has {layout.sequences} sequences, {len(sequences)} are here")
    without = [s.name for s in sequences if not s.truths]
    if without:
        notes.append(f"no frame of {', '.join(without)} has a truth of its own name")
    return tuple(notes)


def read_truth(file: File) -> NDArray[np.bool_]:
    """A mask file as booleans: grey above 128 of 255, any index but 0 of a label or palette picture."""
    image = decode(file.read(), str(file))
    if image.ndim == 3:
        colours = image[..., :3]
        grey = bool((colours == colours[..., :1]).all())
        image = colours[..., 0] if grey else (colours.max(2) > 0).astype(np.uint8)  # a palette: black is nothing
    if image.dtype.kind == "b" or (image.max() < 128 and file.suffix not in (".jpg", ".jpeg")):
        return np.asarray(image > 0)  # labels 0, 1, 2, ...; a lossy picture has none
    return np.asarray(image > 128 * (np.iinfo(image.dtype).max // 255))


def open_dataset(where: str, name: str = "") -> Dataset:
    """The annotated sequences of a folder or an archive, in the layout named or in the first that fits."""
    from boostvsod import registry

    tree = Tree.open(where)
    layouts = {n: registry.build("datasets", n) for n in ([name] if name else registry.offers("datasets"))}
    for layout in sorted(layouts.values(), key=_most_particular):
        if (found := read_layout(layout, tree)) is not None:
            return found
    tried = ", ".join(layouts)
    raise InputError(f"{where}: no annotated sequence in it; tried the layouts {tried} (see boostvsod datasets)")


def _most_particular(layout: Layout) -> tuple[int, int, str]:
    """Layouts that ask for more come first; the one that takes anything comes last."""
    depth = max(folder.count("/") for folder in layout.pictures)
    return -bool(layout.split) - bool(layout.part) - depth, len(layout.pictures), layout.name
