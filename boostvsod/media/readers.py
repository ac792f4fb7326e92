"""Readers, which decode frame i of a video as RGB: from picture files or from an array. Films have film_reader.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from boostvsod.kinds import Rgb
from boostvsod.media.archive import File
from boostvsod.media.images import decode_rgb
from boostvsod.workers import ready_ahead

DECODERS = 2  # threads that decode the next pictures of a pass


class Reader(Protocol):
    """Decodes any frame by its number, or all frames in one pass."""

    def scan(self) -> Iterator[Rgb]:
        """Every frame in order."""
        ...

    def read(self, i: int) -> Rgb:
        """Frame i."""
        ...


class Pictures:
    """A reader of picture files, one per frame."""

    def __init__(self, files: Sequence[File]) -> None:
        self.files = files

    def read(self, i: int) -> Rgb:
        return decode_rgb(self.files[i].read(), str(self.files[i]))

    def scan(self) -> Iterator[Rgb]:
        return ready_ahead(self.read, range(len(self.files)), DECODERS)


class Array:
    """A reader of frames in memory, T x H x W x 3 bytes."""

    def __init__(self, frames: Sequence[Rgb]) -> None:
        self.frames = frames

    def read(self, i: int) -> Rgb:
        return self.frames[i]

    def scan(self) -> Iterator[Rgb]:
        return iter(self.frames)
