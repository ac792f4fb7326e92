"""Picture and mask pairs to train on, read from a folder or, in place, from a zip archive.

A pair is found by its path: somewhere in it stands a folder of pictures (`images`, `frames`, ...), and
the same path with a folder of masks instead (`masks`, `GT`, ...) exists too, whatever the suffixes. So
DUTS (`images/x`, `masks/x`) and clips (`bear/frames/x`, `bear/masks/x`) both work as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from boostvsod.datasets.layouts import GENERIC_MASKS, GENERIC_PICTURES
from boostvsod.errors import InputError
from boostvsod.files import natural
from boostvsod.kinds import Map, Rgb
from boostvsod.media.archive import Tree
from boostvsod.media.images import SUFFIXES, decode_map, decode_rgb


@dataclass(frozen=True)
class Pair:
    """One picture and its mask, as paths inside the source."""

    picture: str
    mask: str

    @property
    def clip(self) -> str:
        """The folder of the picture: frames of one clip share it."""
        return str(PurePosixPath(self.picture).parent)


@dataclass(frozen=True)
class Pairs:
    """All pairs of one source, in natural order."""

    source: Tree
    pairs: tuple[Pair, ...]

    @classmethod
    def open(cls, source: str | Path) -> Pairs:
        """Find the pairs of a folder or a zip archive."""
        tree = Tree.open(source)
        found = _match(list(tree.walk()))
        if not found:
            raise InputError(
                f"{source}: no picture with a mask found; expected a folder named like {GENERIC_PICTURES[0]!r} or "
                f"{GENERIC_PICTURES[3]!r} with, beside it, one named like {GENERIC_MASKS[0]!r} or {GENERIC_MASKS[2]!r}"
            )
        return cls(tree, tuple(found))

    def __len__(self) -> int:
        return len(self.pairs)

    def clips(self) -> list[Pairs]:
        """The pairs of each clip by itself."""
        return [Pairs(self.source, tuple(group)) for _, group in groupby(self.pairs, lambda p: p.clip)]

    def split(self, every: int) -> tuple[Pairs, Pairs]:
        """Two disjoint parts: all but every n-th, and every n-th (at least one), of the clips or the pairs.

        Neighbouring frames are all but the same picture, so clips are held out whole.
        """
        clips = self.clips()
        units = [clip.pairs for clip in clips] if len(clips) > 1 else [(pair,) for pair in self.pairs]
        last = min(every, len(units))
        kept = [pair for i, unit in enumerate(units) if i % last != last - 1 for pair in unit]
        held = [pair for i, unit in enumerate(units) if i % last == last - 1 for pair in unit]
        return Pairs(self.source, tuple(kept or held)), Pairs(self.source, tuple(held))

    def read(self) -> Iterable[tuple[Rgb, Map]]:
        """Decode one pair after another, some ahead on other threads."""
        with ThreadPoolExecutor(4) as pool:
            for start in range(0, len(self.pairs), 64):
                yield from pool.map(self._decode, self.pairs[start : start + 64])

    def _decode(self, pair: Pair) -> tuple[Rgb, Map]:
        picture, mask = (self.source.file(name) for name in (pair.picture, pair.mask))
        return decode_rgb(picture.read(), str(picture)), decode_map(mask.read(), str(mask))


def _match(names: list[str]) -> list[Pair]:
    masks = {key: name for name in names if (key := _key(name, GENERIC_MASKS))}
    matched = [Pair(name, masks[key]) for name in names if (key := _key(name, GENERIC_PICTURES)) and key in masks]
    return sorted(matched, key=lambda pair: natural(pair.picture))


def _key(name: str, folders: tuple[str, ...]) -> tuple[str, ...] | None:
    """The path without its suffix and without the folder that tells pictures from masks."""
    path = PurePosixPath(name)
    parts = path.with_suffix("").parts
    told = [i for i, part in enumerate(parts[:-1]) if part.lower() in folders]
    if not told or path.suffix.lower() not in SUFFIXES:
        return None
    return parts[: told[-1]] + parts[told[-1] + 1 :]
