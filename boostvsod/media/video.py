"""Videos: frames are decoded on demand; shots and pieces of a length that fits in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.errors.text import printable
from boostvsod.files import safe_name
from boostvsod.kinds import Frame, Rgb, Window
from boostvsod.media.film_reader import Times, VideoFile
from boostvsod.media.readers import Pictures
from boostvsod.media.recent import Recent
from boostvsod.media.shots import Thumbnails
from boostvsod.media.sources import Source, open_source

SMALLEST = 8  # pixels per side; image pyramids fail below
VideoInput: TypeAlias = "Video | Source | str | Path | Sequence[str | Path] | NDArray[np.uint8]"
# Decoded frames in memory: a piece of 100 frames at 480p, so stages decode them once; however large they are, enough
# for a batch of windows of a video network.
KEPT_BYTES, KEPT, LEAST_KEPT = 160 * 2**20, 128, 24


@dataclass(frozen=True)
class Index:
    """What one pass over a video found out: enough to find every frame again."""

    count: int  # frames
    height: int
    width: int
    fps: str  # an exact fraction, "30000/1001"
    cuts: tuple[int, ...]  # the first frames of all shots but the first
    starts: tuple[int, ...] = ()  # of a film's frames, in ticks
    notes: tuple[str, ...] = ()


class Video:
    """A video, whose frames are read by number. Opening reads no frame; the first use of a frame scans them all."""

    def __init__(self, source: Source) -> None:
        self.name, self.where = safe_name(source.name), source.where
        self._content = source.content
        self._names, self._reader = source.names, source.reader
        self._index: Index | None = None
        self._frames: Recent[int] = Recent(KEPT_BYTES, KEPT, LEAST_KEPT)
        self._reading = Lock()

    @classmethod
    def open(cls, given: VideoInput) -> Video:
        """Open a video file, a folder, a glob pattern, a text file of paths, a list of paths, or an array T H W 3."""
        return given if isinstance(given, Video) else cls(open_source(given))

    @cached_property
    def stamp(self) -> object:
        """A JSON value that changes when the content changes. Making it reads the files whole, but decodes nothing."""
        return self._content()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the frames are read from. Empty for frames in memory."""
        if isinstance(self._reader, Pictures):
            return tuple(file.path for file in self._reader.files)
        return (self._reader.path,) if isinstance(self._reader, VideoFile) else ()

    @property
    def film(self) -> Path | None:
        """The video file that the frames are read from; None for pictures and for frames in memory."""
        return self._reader.path if isinstance(self._reader, VideoFile) else None

    @property
    def times(self) -> Times | None:
        """When the frames are shown. None if no film says it."""
        return self._reader.times(self.index.starts) if isinstance(self._reader, VideoFile) else None

    @property
    def index(self) -> Index:
        """Made by one scan of the video, unless `restore` has set it."""
        if self._index is None:
            self._index = self.scan()
        return self._index

    def scan(self, progress: Callable[[int], None] = lambda done: None) -> Index:
        """Decode every frame once, to find the count, size, frame rate, cuts and starts."""
        thumbnails, shape = Thumbnails(), (0, 0)
        for i, rgb in enumerate(self._reader.scan()):
            shape = self._same_size(i, rgb, shape)
            thumbnails.add(rgb)
            if not self._frames.is_full(rgb.nbytes):  # the first frames are needed first
                self._frames.put(i, rgb)
            progress(i + 1)
        if not len(thumbnails):
            raise InputError(f"{printable(self.where)}: no frame can be decoded")
        fps, starts, notes = self._about_film()
        self._index = Index(len(thumbnails), *shape, fps, thumbnails.cuts(), starts, notes)
        return self._index

    def restore(self, known: dict[str, Any]) -> None:
        """Use the index of an earlier scan, as `index_as_dict` returned it."""
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
        self._index = Index(**plain)
        if isinstance(self._reader, VideoFile):
            self._reader.starts = list(self._index.starts)

    def _about_film(self) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
        """Frame rate, starts of the frames, and notes. Pictures count as frames of 1/24 s."""
        film = self._reader
        return (str(film.fps), tuple(film.starts), film.notes) if isinstance(film, VideoFile) else ("24", (), ())

    def index_as_dict(self) -> dict[str, Any]:
        """The index as JSON values."""
        return asdict(self.index)

    def _same_size(self, i: int, rgb: Rgb, shape: tuple[int, int]) -> tuple[int, int]:
        height, width = rgb.shape[:2]
        if i and (height, width) != shape:
            sizes = f"{width}x{height}, the frames before it are {shape[1]}x{shape[0]}"
            raise InputError(
                f"{printable(self.where)}: frame {self.name_of(i)!r} is {sizes}; all must have the same size"
            )
        if min(height, width) < SMALLEST:
            size = f"{width}x{height}; the smallest allowed size is {SMALLEST}x{SMALLEST}"
            raise InputError(f"{printable(self.where)}: frame {self.name_of(i)!r} is {size}")
        return height, width

    def name_of(self, i: int) -> str:
        """The name of a frame, which its map gets too."""
        return self._names[i] if self._names is not None else f"{i:05d}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all frames, which their maps get too."""
        return tuple(self.name_of(i) for i in range(len(self)))

    @property
    def given_names(self) -> tuple[str, ...]:
        """The names that are known without a scan: those of picture files. Empty for other sources."""
        return tuple(self._names or ())

    def unscanned(self) -> Iterator[Frame]:
        """Every picture file as a frame, without a scan. Sizes may differ."""
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
            raise IndexError(f"{printable(self.where)} has {len(self)} frames, no frame {i}")
        return Frame(i, self.name_of(i), self._rgb(i))

    def _rgb(self, i: int) -> Rgb:
        """The pixels of frame `i`. Several threads may ask; one at a time decodes."""
        with self._reading:
            rgb = self._frames.get(i)
            if rgb is None:
                rgb = self._reader.read(i)
                self._frames.put(i, rgb)
        return rgb

    def __iter__(self) -> Iterator[Frame]:
        return (self[i] for i in range(len(self)))

    def shots(self) -> list[tuple[int, int]]:
        """Start and stop of every shot; stop is one past the last frame."""
        edges = [0, *self.index.cuts, len(self)]
        return list(pairwise(edges))

    def pieces(self, longest: int) -> list[Piece]:
        """The shots; a shot of more than `longest` frames is split into pieces of nearly equal length."""
        pieces = []
        for start, stop in self.shots():
            parts = -(-(stop - start) // longest)
            edges = [start + (stop - start) * i // parts for i in range(parts + 1)]
            pieces += [Piece(self, a, b, (start, stop)) for a, b in pairwise(edges)]
        return pieces


@dataclass(frozen=True)
class Piece:
    """Consecutive frames of one shot, numbered from 0. Each piece is adapted to separately."""

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
        """`length` frames around frame i. Beyond the ends of the shot, its first or last frame is repeated."""
        first = self.start + i - (length - 1) // 2
        low, high = self.shot[0], self.shot[1] - 1
        frames = [self.video[min(max(j, low), high)] for j in range(first, first + length)]
        return Window(tuple(frames), (length - 1) // 2)

    def partner(self, i: int) -> Frame | None:
        """The first of `partners`: the frame to which flow is computed; None if the shot has one frame."""
        return next(iter(self.partners(i, 1)), None)

    def partners(self, i: int, most: int) -> tuple[Frame, ...]:
        """The frames to which flow can be computed, at most `most`: the next of the shot, then the one before."""
        own = self.start + i
        inside = [k for k in (own + 1, own - 1) if self.shot[0] <= k < self.shot[1]]
        return tuple(self.video[k] for k in inside[:most])
