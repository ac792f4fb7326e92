"""Pairs of picture and mask for training, in a folder or in a zip archive, which is read in place.

Pairs are found by their paths: one folder in the path of a picture has a name like `images` or `frames`; the
path of its mask has a name like `masks` or `GT` in that place and is otherwise the same, except for the suffix.
So DUTS (`images/x`, `masks/x`) and clips (`bear/frames/x`, `bear/masks/x`) work without changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from boostvsod.datasets.layouts import GENERIC_MASKS, GENERIC_PICTURES
from boostvsod.datasets.masks import read_mask
from boostvsod.errors import InputError
from boostvsod.files import natural
from boostvsod.kinds import Map, Rgb
from boostvsod.media.archive import Tree
from boostvsod.media.images import SUFFIXES, decode_rgb


@dataclass(frozen=True)
class Pair:
    """One picture and its mask, as paths relative to the source."""

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
    def open(cls, source: str | Path) -> Pairs:
        """Find the pairs of a folder or a zip archive."""
        tree = Tree.open(source)
        pairs = _match(list(tree.walk()))
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
        """Every picture with its mask in [0, 1]. Threads decode some pairs in advance."""
        with ThreadPoolExecutor(4) as pool:
            for start in range(0, len(self.pairs), 64):
                yield from pool.map(self._decode, self.pairs[start : start + 64])

    def _decode(self, pair: Pair) -> tuple[Rgb, Map]:
        picture, mask = (self.source.file(name) for name in (pair.picture, pair.mask))
        return decode_rgb(picture.read(), str(picture)), read_mask(mask)


def _match(names: list[str]) -> list[Pair]:
    """The pictures that have a mask, each with its mask."""
    masks = {key: name for name in names if (key := _key(name, GENERIC_MASKS))}
    matched = [Pair(name, masks[key]) for name in names if (key := _key(name, GENERIC_PICTURES)) and key in masks]
    return sorted(matched, key=lambda pair: natural(pair.picture))


def _key(name: str, folders: tuple[str, ...]) -> tuple[str, ...] | None:
    """The path without its suffix and without the last of `folders` in it; None if it has none, or is no picture."""
    path = PurePosixPath(name)
    parts = path.with_suffix("").parts
    places = [i for i, part in enumerate(parts[:-1]) if part.lower() in folders]
    if not places or path.suffix.lower() not in SUFFIXES:
        return None
    return parts[: places[-1]] + parts[places[-1] + 1 :]
