"""A video: frames that are decoded when asked for, cut into shots and pieces that fit in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from boostvsod.errors import InputError
from boostvsod.kinds import Frame, Rgb, Window
from boostvsod.media.readers import Reader, VideoFile
from boostvsod.media.shots import Thumbnails
from boostvsod.media.sources import Source, open_source

SMALLEST = 8  # pixels a side: below, there is nothing to see, and pyramids break
CACHE = 24  # decoded frames kept at hand: a window of a video network, and a batch of them


@dataclass(frozen=True)
class Index:
    """What one pass over a video told: enough to find every frame again."""

    count: int
    height: int
    width: int
    fps: str  # an exact fraction, "30000/1001"
    cuts: tuple[int, ...]  # the first frames of all shots but the first
    checksums: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


class Video:
    """Frames by number. Opening reads no frame; the first question about them makes one pass."""

    def __init__(self, source: Source) -> None:
        self.name, self.stamp, self.where = source.name, source.stamp, source.where
        self._names, self._reader = source.names, source.reader
        self._index: Index | None = None
        self._cache: OrderedDict[int, Rgb] = OrderedDict()

    @classmethod
    def open(cls, given: Any) -> Video:
        """A video file, a folder, a glob, a text file of paths, a list of paths, or an array T H W 3."""
        return given if isinstance(given, Video) else cls(open_source(given))

    @property
    def index(self) -> Index:
        """Made by decoding everything once, unless it was given."""
        if self._index is None:
            self._index = self.scan()
        return self._index

    def scan(self, progress: Callable[[int], None] = lambda done: None) -> Index:
        """Decode every frame once: count, size, rate, cuts."""
        thumbnails, times, shape = Thumbnails(), [], (0, 0)
        for i, (rgb, time) in enumerate(self._reader.scan()):
            shape = self._same_size(i, rgb, shape)
            thumbnails.add(rgb)
            times += [time] if time is not None else []
            progress(i + 1)
        if not len(thumbnails):
            raise InputError(f"{self.where}: no frame in it can be decoded")
        reader = self._reader
        checksums = tuple(reader.checksums) if isinstance(reader, VideoFile) else ()
        fps, notes = _rate(reader, times)
        self._index = Index(len(thumbnails), *shape, fps, thumbnails.cuts(), checksums, notes)
        return self._index

    def restore(self, known: dict[str, Any]) -> None:
        """Take over the index of an earlier scan, as `asdict` wrote it."""
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
        self._index = Index(**plain)
        if isinstance(self._reader, VideoFile):
            self._reader.checksums = list(self._index.checksums)

    def index_as_dict(self) -> dict[str, Any]:
        return asdict(self.index)

    def _same_size(self, i: int, rgb: Rgb, shape: tuple[int, int]) -> tuple[int, int]:
        height, width = rgb.shape[:2]
        if i and (height, width) != shape:
            seen = f"{width}x{height}, those before it {shape[1]}x{shape[0]}"
            raise InputError(f"{self.where}: frame {self.name_of(i)!r} is {seen}; all must be of one size")
        if min(height, width) < SMALLEST:
            raise InputError(
                f"{self.where}: frame {self.name_of(i)!r} is {width}x{height}; the least is {SMALLEST}x{SMALLEST}"
            )
        return height, width

    def name_of(self, i: int) -> str:
        """What a frame's map will be called."""
        return self._names[i] if self._names is not None else f"{i:05d}"

    @property
    def names(self) -> tuple[str, ...]:
        """What each frame's map will be called."""
        return tuple(self.name_of(i) for i in range(len(self)))

    @property
    def given_names(self) -> tuple[str, ...]:
        """Names that are known without a scan: those of picture files."""
        return tuple(self._names or ())

    def unscanned(self) -> Iterator[Frame]:
        """Every picture in turn, of whatever size."""
        return (Frame(i, name, self._reader.read(i)) for i, name in enumerate(self.given_names))

    @property
    def fps(self) -> Fraction:
        return Fraction(self.index.fps)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of every frame."""
        return self.index.height, self.index.width

    def __len__(self) -> int:
        return self.index.count

    def __getitem__(self, i: int) -> Frame:
        if not 0 <= i < len(self):
            raise IndexError(f"{self.where} has {len(self)} frames, no frame {i}")
        if i not in self._cache:
            self._cache[i] = self._reader.read(i)
            if len(self._cache) > CACHE:
                self._cache.popitem(last=False)
        return Frame(i, self.name_of(i), self._cache[i])

    def __iter__(self) -> Iterator[Frame]:
        return (self[i] for i in range(len(self)))

    def shots(self) -> list[tuple[int, int]]:
        """First frame and one past the last of every shot."""
        edges = [0, *self.index.cuts, len(self)]
        return list(pairwise(edges))

    def pieces(self, longest: int) -> list[Piece]:
        """Every shot, split evenly where it is longer than `longest` frames."""
        pieces = []
        for start, stop in self.shots():
            parts = -(-(stop - start) // longest)
            edges = [start + (stop - start) * i // parts for i in range(parts + 1)]
            pieces += [Piece(self, a, b, (start, stop)) for a, b in pairwise(edges)]
        return pieces


@dataclass(frozen=True)
class Piece:
    """Some frames of one shot, numbered from 0: what one adaptation sees."""

    video: Video
    start: int
    stop: int
    shot: tuple[int, int]

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, i: int) -> Frame:
        return self.video[self.start + i]

    def __iter__(self) -> Iterator[Frame]:
        return (self[i] for i in range(len(self)))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.video.name_of(i) for i in range(self.start, self.stop))

    def window(self, i: int, length: int) -> Window:
        """`length` frames around frame i, the ends of the shot repeated."""
        first = self.start + i - (length - 1) // 2
        low, high = self.shot[0], self.shot[1] - 1
        frames = [self.video[min(max(j, low), high)] for j in range(first, first + length)]
        return Window(tuple(frames), (length - 1) // 2)

    def partner(self, i: int) -> Frame | None:
        """The frame flow goes to: the next of the shot, for its last the one before, None if it is alone."""
        return next(iter(self.partners(i, 1)), None)

    def partners(self, i: int, most: int) -> tuple[Frame, ...]:
        """The frames flow can go to: the next of the shot and the one before, as far as there are such."""
        own = self.start + i
        inside = [k for k in (own + 1, own - 1) if self.shot[0] <= k < self.shot[1]]
        return tuple(self.video[k] for k in inside[:most])


def _rate(reader: Reader, times: Sequence[float]) -> tuple[str, tuple[str, ...]]:
    """The frame rate as an exact fraction, and what is unusual about the times."""
    if not isinstance(reader, VideoFile):
        return "24", ()
    fps = Fraction(reader.fps).limit_denominator(1001) if reader.fps > 0 else Fraction(24)
    notes = [f"rotated by {reader.rotation} degrees, as its metadata says"] if reader.rotation else []
    steps = np.diff(times)
    if len(steps) > 2 and steps.max() > 1.5 * np.median(steps):
        notes.append(f"variable frame rate: steps of {steps.min():.4f} to {steps.max():.4f} s; written as {fps}")
    return str(fps), tuple(notes)
