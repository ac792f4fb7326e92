"""Annotated videos on disk: which files are frames, which are masks, and to which sequence they belong.

A layout is data, not code. In every known layout, one folder in the path of a file shows whether the file is
a picture or a mask; the rest of the path names the sequence. For example, `JPEGImages/480p/bear/00000.jpg` and
`Annotations/480p/bear/00000.png` belong to the sequence `bear`, as do `bear/Imgs/1.jpg` and
`bear/GT_object_level/1.png`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from boostvsod.datasets.listed import read_list
from boostvsod.datasets.masks import read_truth
from boostvsod.errors import InputError
from boostvsod.kinds import Layout
from boostvsod.media.archive import File, Tree
from boostvsod.media.images import SUFFIXES

GENERIC_PICTURES = ("images", "image", "imgs", "frames", "frame", "jpegimages", "duts-tr-image", "rgb", "img")
GENERIC_MASKS = (
    "masks", "mask", "gt", "ground-truth", "groundtruth", "ground_truth", "annotations", "gt_object_level",
    "duts-tr-mask",
)  # fmt: skip
DECORATION = re.compile(r"[_-]?gt$", re.IGNORECASE)  # in FBMS and others the mask of 007 is "007_gt"


@dataclass(frozen=True)
class Sequence:
    """One video: its frames, and the mask files of annotated frames (several files: several objects)."""

    name: str
    frames: tuple[File, ...]
    truths: Mapping[str, tuple[File, ...]]  # name of the frame -> its mask files

    def truth(self, frame: str) -> NDArray[np.bool_]:
        """What is salient in a frame, as booleans H x W: the union of its objects."""
        masks = [read_truth(file) for file in self.truths[frame]]
        if len({mask.shape for mask in masks}) > 1:
            raise InputError(f"{self.truths[frame][0]}: the masks of frame {frame!r} have different sizes")
        union: NDArray[np.bool_] = np.any(masks, axis=0)
        return union


@dataclass(frozen=True)
class Dataset:
    """The annotated sequences of one folder or archive."""

    layout: Layout
    where: str
    sequences: tuple[Sequence, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def frames(self) -> int:
        """The number of frames of all sequences."""
        return sum(len(sequence.frames) for sequence in self.sequences)

    @property
    def annotated(self) -> int:
        """The number of frames that have a truth."""
        return sum(len(sequence.truths) for sequence in self.sequences)


def read_layout(layout: Layout, tree: Tree) -> Dataset | None:
    """Read a folder or archive according to one layout; None if it has no annotated sequence in that layout."""
    files = tree.walk()
    listed = _listed(layout, files)
    if layout.split and listed is None:
        return None
    part = "" if layout.part in str(tree).lower().split("/") else layout.part
    pictures = _by_sequence(files, layout.pictures, part)
    masks = _objects_joined(_by_sequence(files, layout.masks, part), set(pictures))
    annotated = [key for key in pictures if key in masks and (listed is None or key[-1] in listed)]
    annotated = [key for key in annotated if not key or key[-1] not in layout.without]
    if not annotated:
        return None
    names = _short_names(annotated, PurePosixPath(str(tree)).stem or "sequence")
    sequences = tuple(
        Sequence(names[key], tuple(file for _, file in pictures[key]), _by_frame(pictures[key], masks[key]))
        for key in annotated
    )
    return Dataset(layout, str(tree), sequences, _notes(layout, sequences))


Key = tuple[str, ...]
BySequence = dict[Key, list[tuple[str, File]]]  # path without the folder of pictures or masks -> (stem, file)


def _by_sequence(files: Mapping[str, File], folders: Iterable[str], part: str) -> BySequence:
    """The picture files below one of the folders, by their sequence."""
    sequences: BySequence = {}
    for name, file in files.items():
        parts = PurePosixPath(name).parts
        key = _without(parts[:-1], folders)
        if key is not None and file.suffix in SUFFIXES and (not part or part in (p.lower() for p in parts)):
            sequences.setdefault(key, []).append((file.stem, file))
    return sequences


def _without(parts: Key, folders: Iterable[str]) -> Key | None:
    """A path without the one of `folders` that is in it; None if none is. The folder "." is in every path."""
    lower = tuple(part.lower() for part in parts)
    for folder in folders:
        if folder == ".":
            return parts
        removed = tuple(folder.split("/"))
        for i in range(len(parts) - len(removed), -1, -1):
            if lower[i : i + len(removed)] == removed:
                return parts[:i] + parts[i + len(removed) :]
    return None


def _objects_joined(masks: BySequence, sequences: set[Key]) -> BySequence:
    """The masks by sequence, also where each object of a sequence has its own folder below the sequence's."""
    joined: BySequence = {}
    for key, files in masks.items():
        home = key[:-1] if key not in sequences and key[:-1] in sequences else key
        joined.setdefault(home, []).extend(files)
    return joined


def _by_frame(pictures: list[tuple[str, File]], masks: list[tuple[str, File]]) -> dict[str, tuple[File, ...]]:
    """The masks of one sequence: name of the frame -> its mask files."""
    names = {stem for stem, _ in pictures}
    by_frame: dict[str, tuple[File, ...]] = {}
    for stem, file in masks:
        name = stem if stem in names else DECORATION.sub("", stem)
        if name in names:
            by_frame[name] = (*by_frame.get(name, ()), file)
    return by_frame


def _listed(layout: Layout, files: Mapping[str, File]) -> set[str] | None:
    """The sequences named in the split file, if there is one."""
    split = next((file for name, file in files.items() if layout.split and name.lower().endswith(layout.split)), None)
    return None if split is None else read_list(split)


def _short_names(keys: list[Key], home: str) -> dict[Key, str]:
    """Names of sequences: the last folder, or as many folders as are needed to make the names different.

    A sequence whose frames are directly in the data set's folder `home` gets that folder's name.
    """
    for depth in range(1, max(len(key) for key in keys) + 1):
        names = {key: "-".join(key[-depth:]) or home for key in keys}
        if len(set(names.values())) == len(keys):
            return names
    return {key: "-".join(key) or home for key in keys}


def _notes(layout: Layout, sequences: tuple[Sequence, ...]) -> tuple[str, ...]:
    """What is unusual about the sequences."""
    notes = []
    if layout.sequences and len(sequences) != layout.sequences:
        notes.append(f"{layout.title} has {layout.sequences} sequences, but {len(sequences)} are here")
    without = [s.name for s in sequences if not s.truths]
    if without:
        notes.append(f"in {', '.join(without)} no mask has the name of a frame")
    return tuple(notes)


def open_dataset(where: str, name: str = "", *, masks_alone: bool = False) -> Dataset:
    """Open the data set in a folder or an archive, in the named layout or in the first layout that fits.

    With `masks_alone`, masks without frames are a data set too, if no layout fits: then the masks stand for the frames.
    """
    from boostvsod import registry

    tree = Tree.open(where)
    layouts = {n: registry.build("datasets", n) for n in ([name] if name else registry.offers("datasets"))}
    for layout in sorted(layouts.values(), key=_strictest_first):
        if (data := read_layout(layout, tree)) is not None:
            return data
    if masks_alone and not name and (data := read_masks(tree)) is not None:
        return data
    tried = ", ".join(layouts)
    raise InputError(f"{where}: no annotated sequence in it; tried the layouts {tried} (see boostvsod datasets)")


MASKS_ALONE = Layout("masks", "masks without frames", (), GENERIC_MASKS)


def read_masks(tree: Tree) -> Dataset | None:
    """The masks in a folder or an archive: those in folders that are called so, else all pictures. None without any.

    The files of one folder are a sequence. Its frames are the masks themselves, since there are no others.
    """
    files = tree.walk()
    masks = _by_sequence(files, GENERIC_MASKS, "") or _by_sequence(files, (".",), "")
    names = _short_names(list(masks), PurePosixPath(str(tree)).stem or "sequence") if masks else {}
    sequences = []
    for key, found in masks.items():
        truths: dict[str, tuple[File, ...]] = {}
        for stem, file in found:
            truths[stem] = (*truths.get(stem, ()), file)
        sequences.append(Sequence(names[key], tuple(same[0] for same in truths.values()), truths))
    note = f"there are no frames here, so all {sum(len(s.truths) for s in sequences)} pictures count as masks"
    return Dataset(MASKS_ALONE, str(tree), tuple(sequences), (note,)) if sequences else None


def _strictest_first(layout: Layout) -> tuple[int, int, str]:
    """A sort key that puts layouts with more conditions first, and the generic layout last."""
    depth = max(folder.count("/") for folder in layout.pictures)
    return -bool(layout.split) - bool(layout.part) - depth, len(layout.pictures), layout.name
