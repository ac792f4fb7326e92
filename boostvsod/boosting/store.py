"""The maps of every stage, on disk: memory stays small, and no work is done twice.

The key of a stage is the hash of all that determines its maps. A stage that is found under its key is
therefore never wrong: the same command reads it, another command makes its own. Every file is written whole
or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, overload

from boostvsod.boosting.clock import Clock
from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.lock import locked
from boostvsod.errors import BoostError
from boostvsod.files import natural, write_atomically, write_json
from boostvsod.kinds import Judged, Map, Maps, Progress, quiet
from boostvsod.media.images import from_levels, read_map, to_levels, write_png
from boostvsod.media.recent import Recent
from boostvsod.media.video import Piece, Video
from boostvsod.workers import Mapper, in_order, ready_ahead

STAGES = ("target", "motion", "student", "fused", "final")  # steps that leave maps behind
STEPS = ("target", "motion", "mine", "fill", "student", "fused", "gate", "final")
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
WRITERS = 2  # threads that write the maps of a batch
KEPT_BYTES, KEPT = 320 * 2**20, 400  # maps in memory: four stages of a piece of 100 frames at 480p
WORK_BITS = 16  # 8 bits would blur the order of nearly equal scores
Made = Sequence[Map | Judged]
Compute = Callable[[Piece, Sequence[int]], Made]  # frames of the piece, by number -> their maps


def _room() -> Recent[Path]:
    return Recent(KEPT_BYTES, KEPT)


_KEPT: ContextVar[Recent[Path] | None] = ContextVar("kept", default=None)


@contextmanager
def maps_in_memory() -> Iterator[None]:
    """Inside the block, the last maps of a run stay in memory after it, for a report that is drawn at once."""
    token = _KEPT.set(_room())
    try:
        yield
    finally:
        _KEPT.reset(token)


class StoredMaps(Sequence[Map]):
    """Maps on disk, read one at a time. Those in `recent`, or of `maps_in_memory`, are not decoded again."""

    def __init__(self, folder: Path, names: Sequence[str], recent: Recent[Path] | None = None) -> None:
        self.folder, self.names = folder, names
        self.recent = recent if recent is not None else _KEPT.get()

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, i: int) -> Map: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Map]: ...
    def __getitem__(self, i: int | slice) -> Map | Sequence[Map]:
        if isinstance(i, slice):
            return StoredMaps(self.folder, self.names[i], self.recent)
        path = self.folder / f"{self.names[i]}.png"
        levels = self.recent.get(path) if self.recent and path.exists() else None  # a lost file is an error
        return read_map(path) if levels is None else from_levels(levels)

    def __iter__(self) -> Iterator[Map]:
        return (self[i] for i in range(len(self)))


@dataclass
class Store:
    """The stages of one run. `keys` names the version of each stage that this run needs."""

    folder: RunFolder
    keys: Mapping[str, str]
    progress: Progress = quiet
    total: int = 0  # frames of the whole video, known once it is indexed
    recent: Recent[Path] = field(default_factory=lambda: _KEPT.get() or _room())  # maps that this run has written

    @cached_property
    def clock(self) -> Clock:
        return Clock(self.folder.costs)

    def stage_name(self, stage: str) -> str:
        """A stage with its key, as its folder is called."""
        return f"{stage}-{self.keys[stage]}"

    def stage(self, stage: str) -> Path:
        """The folder of one stage."""
        return self.folder.stage(self.stage_name(stage))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock of the folder. An error leaves all finished batches of maps for the next run.

        A run that fails before its first map leaves nothing new behind.
        """
        self.folder.check_owned()
        self.folder.check_writable()
        fresh = not self.folder.work.exists()
        with locked(self.folder.work, self.folder.root):
            try:
                yield
            except BoostError:
                if fresh and not self.folder.has_stages():
                    self.folder.remove_work()
                raise

    def index(self, video: Video) -> None:
        """Scan the video once; a later run reads what the scan found."""
        path = self.folder.index(self.keys["index"])
        with self.clock.timed("index"):
            if not _restored(video, path):
                video.scan(lambda done: self.progress("index", done, 0))
                write_json(path, video.index_as_dict())
        self.total = len(video)
        self.progress("index", self.total, self.total)

    def has(self, stage: str, piece: Piece) -> bool:
        """Whether every map of a stage is there for a piece."""
        return all(is_whole(path) for path in self._paths(stage, piece, range(len(piece))))

    def load_or_compute(
        self, stage: str, piece: Piece, batch: int, compute: Compute, mapper: Mapper = in_order
    ) -> Maps:
        """The maps of a stage for a piece: read where they exist, else computed and written, `batch` at a time.

        Batches are always cut at the same places, and a batch with one missing map is computed whole. So a run
        that was killed and started again ends with the same bits as one that was not. `mapper` may work on several
        batches at once.
        """
        batches = [range(start, min(start + batch, len(piece))) for start in range(0, len(piece), batch)]
        missing = [numbers for numbers in batches if not self._are_whole(stage, piece, numbers)]
        with self.clock.timed(stage), closing(mapper(partial(compute, piece), missing)) as made:
            for numbers in batches:
                if numbers in missing:
                    with self.clock.charged(self.stage_name(stage)):
                        self._write_batch(self._paths(stage, piece, numbers), next(made))
                self.progress(stage, piece.start + numbers[-1] + 1, self.total)
        return self.maps(stage, piece)

    def copy(self, source: str, stage: str, piece: Piece) -> None:
        """Another stage's maps of a piece become those of this stage."""
        with self.clock.timed(stage), self.clock.charged(self.stage_name(stage)):
            pairs = zip(*(self._paths(each, piece, range(len(piece))) for each in (source, stage)), strict=True)
            for i, _ in enumerate(ready_ahead(self._copy, pairs, WRITERS)):
                self.progress(stage, piece.start + i + 1, self.total)

    def _copy(self, paths: tuple[Path, Path]) -> None:
        source, path = paths
        if is_whole(path):
            return
        with write_atomically(path, durable=False) as temporary:
            shutil.copyfile(source, temporary)
        if (levels := self.recent.get(source)) is not None:
            self.recent.put(path, levels)

    def _write_batch(self, paths: Sequence[Path], maps: Sequence[Map | Judged]) -> None:
        for _ in ready_ahead(self._write, zip(paths, maps, strict=True), WRITERS):
            pass

    def _are_whole(self, stage: str, piece: Piece, numbers: Sequence[int]) -> bool:
        return all(is_whole(path) for path in self._paths(stage, piece, numbers))

    def _write(self, file: tuple[Path, Map | Judged]) -> None:
        """The features first: where a map exists, its features do."""
        path, made = file
        if isinstance(made, Judged):
            write_json(path.with_suffix(".json"), dict(made.features))
        levels = to_levels(made.map if isinstance(made, Judged) else made, WORK_BITS)
        write_png(path, levels, durable=False)  # a map that was cut or lost is computed again
        self.recent.put(path, levels)

    def maps(self, stage: str, piece: Piece) -> Maps:
        """The maps of a stage for a piece, which are there."""
        return StoredMaps(self.stage(stage), piece.names, self.recent)

    def _paths(self, stage: str, piece: Piece, numbers: Sequence[int]) -> list[Path]:
        folder, names = self.stage(stage), piece.names
        return [folder / f"{names[i]}.png" for i in numbers]

    def features(self, stage: str, piece: Piece) -> list[dict[str, float]]:
        """The features that came with each map of a stage; empty where its maker judges nothing."""
        paths = [self.stage(stage) / f"{name}.json" for name in piece.names]
        return [json.loads(path.read_text()) if path.is_file() else {} for path in paths]

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Count the time spent inside as learning, and as a cost of the student's maps."""
        with self.clock.timed("learn"), self.clock.charged(self.stage_name("student")):
            yield

    def save_losses(self, start: int, losses: Sequence[float]) -> None:
        """Write the loss of each step of learning the piece that begins at frame `start`."""
        write_json(self.stage("student") / f"losses-{start}.json", [round(loss, 5) for loss in losses])

    def losses(self) -> dict[str, list[float]]:
        """First frame of a piece -> the loss of every step, from this run or an earlier one."""
        files = sorted(self.stage("student").glob("losses-*.json"), key=lambda path: natural(path.name))
        losses = {path.stem.partition("-")[2]: _read_json(path) for path in files}
        return {start: values for start, values in losses.items() if isinstance(values, list)}

    def costs(self) -> dict[str, float]:
        """step -> seconds: of a stage, what its maps cost in any run; of another step, what it took in this run."""
        self.clock.save()
        spent = {
            step: self.clock.costs.get(self.stage_name(step)) if step in STAGES else self.clock.seconds.get(step)
            for step in STEPS
        }
        return {step: round(seconds, 3) for step, seconds in spent.items() if seconds is not None}


def is_whole(path: Path) -> bool:
    """Whether a PNG is there up to its last chunk, and its features, if there are any, can be read.

    A map that was cut is computed again.
    """
    features = path.with_suffix(".json")
    if features.is_file() and _read_json(features) is None:
        return False
    try:
        with path.open("rb") as file:
            file.seek(-len(PNG_END), os.SEEK_END)
            return file.read() == PNG_END
    except OSError:
        return False


def _read_json(path: Path) -> Any:
    """The content of a JSON file; None if it is absent or damaged."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _restored(video: Video, path: Path) -> bool:
    """Whether the index of an earlier scan could be read and used. A damaged one is made again."""
    try:
        video.restore(_read_json(path))
    except (TypeError, AttributeError):
        return False
    return True
