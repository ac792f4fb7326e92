"""Pairs of picture and mask for training, in a folder or in a zip archive, which is read in place.

Pairs are found by their paths: one folder in the path of a picture has a name like `images` or `frames`; the
path of its mask has a name like `masks` or `GT` in that place and is otherwise the same, except for the suffix.
So DUTS (`images/x`, `masks/x`) and clips (`bear/frames/x`, `bear/masks/x`) work without changes. If no folder has a
name of pictures, all pictures outside of the folders of masks count (FBMS: `bear/x`, `bear/GroundTruth/x_gt`).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from boostvsod.datasets.layouts import DECORATION, GENERIC_MASKS, GENERIC_PICTURES
from boostvsod.datasets.masks import read_mask
from boostvsod.errors import InputError
from boostvsod.files import natural
from boostvsod.kinds import Map, Rgb
from boostvsod.media.archive import Tree
from boostvsod.media.images import SUFFIXES, decode_rgb


@dataclass(frozen=True)
class Pair:
    """One picture and its mask, as paths relative to the source. Without a mask, `mask` is empty."""

    picture: str
    mask: str

    @property
    def clip(self) -> str:
        """The folder of the picture. The frames of one clip have the same folder."""
        return str(PurePosixPath(self.picture).parent)


@dataclass(frozen=True)
class Pairs:
    """Pairs of one folder or archive, in natural order."""

    source: Tree
    pairs: tuple[Pair, ...]

    @classmethod
    def open(cls, source: str | Path, *, every_frame: bool = False) -> Pairs:
        """Find the pairs of a folder or a zip archive; with `every_frame`, also the other frames of their clips."""
        tree = Tree.open(source)
        pairs = _match(list(tree.walk()), every_frame)
        if not pairs:
            raise InputError(
                f"{source}: no picture with a mask found; expected a folder named like {GENERIC_PICTURES[0]!r} or "
                f"{GENERIC_PICTURES[3]!r} with, beside it, one named like {GENERIC_MASKS[0]!r} or {GENERIC_MASKS[2]!r}"
            )
        return cls(tree, tuple(pairs))

    def __len__(self) -> int:
        return len(self.pairs)

    def clips(self) -> list[Pairs]:
        """The pairs, clip by clip."""
        return [Pairs(self.source, tuple(group)) for _, group in groupby(self.pairs, lambda p: p.clip)]

    def split(self, every: int) -> tuple[Pairs, Pairs]:
        """Two disjoint parts for training and validation: every n-th clip (at least one) is for validation.

        Clips are not divided, because neighbouring frames are almost the same picture. If there is only one
        clip, every n-th pair is for validation.
        """
        clips = self.clips()
        units = [clip.pairs for clip in clips] if len(clips) > 1 else [(pair,) for pair in self.pairs]
        last = min(every, len(units))
        training = [pair for i, unit in enumerate(units) if i % last != last - 1 for pair in unit]
        held_out = [pair for i, unit in enumerate(units) if i % last == last - 1 for pair in unit]
        return Pairs(self.source, tuple(training or held_out)), Pairs(self.source, tuple(held_out))

    def read(self) -> Iterable[tuple[Rgb, Map]]:
        """Every picture that has a mask, with the mask in [0, 1]. Threads decode some pairs in advance."""
        masked = [pair for pair in self.pairs if pair.mask]
        with ThreadPoolExecutor(4) as pool:
            for start in range(0, len(masked), 64):
                yield from pool.map(self._decode, masked[start : start + 64])

    def picture(self, pair: Pair) -> Rgb:
        """One picture."""
        file = self.source.file(pair.picture)
        return decode_rgb(file.read(), str(file))

    def mask(self, pair: Pair) -> Map | None:
        """One mask in [0, 1]; None if there is none."""
        return read_mask(self.source.file(pair.mask)) if pair.mask else None

    def _decode(self, pair: Pair) -> tuple[Rgb, Map]:
        return self.picture(pair), read_mask(self.source.file(pair.mask))


def _match(names: list[str], every_frame: bool) -> list[Pair]:
    """The pictures that have a mask, each with its mask; with `every_frame`, also the other frames of their clips."""
    masks = {(*key[:-1], DECORATION.sub("", key[-1])): name for name in names if (key := _key(name, GENERIC_MASKS))}
    masks |= {key: name for name in names if (key := _key(name, GENERIC_MASKS))}
    pictures = {name: key for name in names if (key := _key(name, GENERIC_PICTURES))}
    if not pictures:
        pictures = {name: key for name in names if (key := _key(name, (".",))) and name not in set(masks.values())}
    matched = [Pair(name, masks[key]) for name, key in pictures.items() if key in masks]
    if every_frame:
        clips = {pair.clip for pair in matched}
        others = [Pair(name, "") for name, key in pictures.items() if key not in masks]
        matched += [pair for pair in others if pair.clip in clips]
    return sorted(matched, key=lambda pair: natural(pair.picture))


def _key(name: str, folders: tuple[str, ...]) -> tuple[str, ...] | None:
    """The path without its suffix and without the last of `folders` in it; None if it has none, or is no picture.

    The folder "." is in every path.
    """
    path = PurePosixPath(name)
    parts = path.with_suffix("").parts
    if folders == (".",):
        return parts if path.suffix.lower() in SUFFIXES else None
    places = [i for i, part in enumerate(parts[:-1]) if part.lower() in folders]
    if not places or path.suffix.lower() not in SUFFIXES:
        return None
    return parts[: places[-1]] + parts[places[-1] + 1 :]
