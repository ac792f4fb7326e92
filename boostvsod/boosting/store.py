"""The run folder: where every stage leaves its maps, so that memory stays small and work is never redone.

    OUT/maps/NAME.png           the final maps; the folder appears when all of them are there
    OUT/run.json                what was asked, what was used, what was mined and why, how long it took
    OUT/.boostvsod/STAGE-KEY/   maps of one stage in 16 bits; KEY is the hash of all that determines them

Because KEY says what a stage was made of, a stage that stands is never wrong: the same command finds it,
another one makes its own. Every file is written whole or not at all.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, overload

from boostvsod.errors import BoostError, OutputError
from boostvsod.files import natural, write_json
from boostvsod.kinds import Judged, Map, Maps, Progress, quiet
from boostvsod.media.images import read_map, write_map
from boostvsod.media.video import Piece, Video

STAGES = ("target", "motion", "student", "fused", "final")
STEPS = ("target", "motion", "mine", "fill", "student", "fused", "gate", "final")  # not all of them leave maps behind
WORK_BITS = 16  # 8 would blur the order of nearly equal scores
Make = Callable[[Piece, Sequence[int]], Sequence[Map | Judged]]  # frames of the piece, by number -> their maps


class StoredMaps(Sequence[Map]):
    """Maps on disk, read one at a time."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder, self.names = folder, names

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, i: int) -> Map: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Map]: ...
    def __getitem__(self, i: int | slice) -> Map | Sequence[Map]:
        if isinstance(i, slice):
            return StoredMaps(self.folder, self.names[i])
        return read_map(self.folder / f"{self.names[i]}.png")

    def __iter__(self) -> Iterator[Map]:
        return (self[i] for i in range(len(self)))


@dataclass
class Store:
    """One run folder. `keys` says which version of each stage this run is about."""

    folder: Path
    keys: Mapping[str, str]
    progress: Progress = quiet
    seconds: dict[str, float] = field(default_factory=dict)
    total: int = 0  # frames of the whole video, known once it is indexed

    @property
    def record_path(self) -> Path:
        return self.folder / "run.json"

    @property
    def work(self) -> Path:
        return self.folder / ".boostvsod"

    def stage(self, name: str) -> Path:
        """The folder of one stage."""
        return self.work / f"{name}-{self.keys[name]}"

    def record(self) -> dict[str, Any]:
        """run.json of a finished run, empty if there is none."""
        if not (self.folder / "maps").is_dir():
            return {}
        try:
            found: dict[str, Any] = json.loads(self.record_path.read_text())
        except (OSError, ValueError):
            return {}  # absent or damaged: the run is done again, from the stages that stand
        return found

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Bad input leaves nothing new behind; an interruption leaves what the next run goes on from."""
        self._check_owned()
        self._check_writable()
        fresh = not self.work.exists()
        try:
            yield
        except BoostError:
            if fresh:
                self._remove_work()
            raise

    def _check_owned(self) -> None:
        """Never touch results that are not this program's: they could be the very maps to be boosted."""
        for path in (self.folder / "maps", self.record_path):
            if path.exists() and not self.work.is_dir():
                raise OutputError(f"{path} is there and was not written by boostvsod; choose another output folder")

    def _check_writable(self) -> None:
        """Fail now rather than after an hour. The probe has no name, so nobody ever sees it."""
        nearest = next(folder for folder in (self.work, *self.work.absolute().parents) if folder.exists())
        try:
            with tempfile.TemporaryFile(dir=nearest):
                pass
        except OSError as error:
            raise OutputError(f"cannot write to {self.folder}: {error.strerror}") from error

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the time spent inside towards a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started

    def index(self, video: Video) -> None:
        """Have the video scanned once; a later run reads what the scan told."""
        path = self.work / f"index-{self.keys['index']}.json"
        with self.timed("index"):
            if path.is_file():
                video.restore(json.loads(path.read_text()))
            else:
                video.scan(lambda done: self.progress("index", done, 0))
                write_json(path, video.index_as_dict())
        self.total = len(video)
        self.progress("index", self.total, self.total)

    def load_or_compute(self, stage: str, piece: Piece, batch: int, make: Make) -> Maps:
        """Maps of a stage for a piece: read if they stand, made and written if not, `batch` at a time.

        Batches are always cut at the same places, and made again whole if one map of them is missing:
        so a run that was killed ends with the very bits of one that was not.
        """
        folder, names = self.stage(stage), piece.names
        with self.timed(stage):
            for start in range(0, len(piece), batch):
                numbers = range(start, min(start + batch, len(piece)))
                paths = [folder / f"{names[i]}.png" for i in numbers]
                if not all(path.is_file() for path in paths):
                    with self._counted(folder.name):
                        for path, made in zip(paths, make(piece, numbers), strict=True):
                            _write(path, made)
                self.progress(stage, piece.start + numbers[-1] + 1, self.total)
        return StoredMaps(folder, names)

    def features(self, stage: str, piece: Piece) -> list[dict[str, float]]:
        """What the maker of a stage's maps said of each frame; nothing where it judges nothing."""
        paths = [self.stage(stage) / f"{name}.json" for name in piece.names]
        return [json.loads(path.read_text()) if path.is_file() else {} for path in paths]

    @contextmanager
    def _counted(self, made: str) -> Iterator[None]:
        """Add to what a stage cost to make, in this run and in those before it."""
        started = time.perf_counter()
        yield
        self._costs[made] = self._costs.get(made, 0.0) + time.perf_counter() - started

    @cached_property
    def _costs(self) -> dict[str, float]:
        try:
            found: dict[str, float] = json.loads((self.work / "costs.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def save_losses(self, start: int, losses: Sequence[float]) -> None:
        """Remember how learning the piece that begins at a frame went."""
        write_json(self.stage("student") / f"losses-{start}.json", [round(loss, 5) for loss in losses])

    def losses(self) -> dict[str, list[float]]:
        """First frame of a piece -> the loss of every step, whichever run learnt it."""
        files = sorted(self.stage("student").glob("losses-*.json"), key=lambda path: natural(path.name))
        return {path.stem.partition("-")[2]: json.loads(path.read_text()) for path in files}

    def costs(self) -> dict[str, float]:
        """step -> seconds it took: to make its maps, whichever run made them, or in this run, if it leaves none."""
        write_json(self.work / "costs.json", self._costs)
        spent = {s: self._costs.get(self.stage(s).name) if s in STAGES else self.seconds.get(s) for s in STEPS}
        return {step: round(seconds, 3) for step, seconds in spent.items() if seconds is not None}

    def publish(self, names: Sequence[str], bits: int, record: dict[str, Any]) -> None:
        """Put the final maps in their place, all at once, say so in run.json, drop what is stale."""
        fresh = self.work / "maps"
        shutil.rmtree(fresh, ignore_errors=True)
        for i, (name, saliency) in enumerate(zip(names, StoredMaps(self.stage("final"), names), strict=True)):
            write_map(fresh / f"{name}.png", saliency, bits)
            self.progress("maps", i + 1, self.total)
        self.record_path.unlink(missing_ok=True)  # from here on the old record would be a lie
        shutil.rmtree(self.folder / "maps", ignore_errors=True)
        fresh.rename(self.folder / "maps")
        write_json(self.record_path, record)
        self._drop_stale()

    def _drop_stale(self) -> None:
        """Stages of other videos or targets go; those a sweep over options would come back to stay."""
        for folder in self.work.iterdir():
            if "-" not in folder.name:
                continue
            stage, _, key = folder.name.removesuffix(".json").rpartition("-")
            if stage in ("index", "target", "motion") and key != self.keys[stage]:
                shutil.rmtree(folder) if folder.is_dir() else folder.unlink()

    def clear(self) -> None:
        """Remove what a run wrote here, and the folder if that leaves it empty."""
        self._check_owned()
        shutil.rmtree(self.folder / "maps", ignore_errors=True)
        self.record_path.unlink(missing_ok=True)
        self._remove_work()

    def _remove_work(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


def _write(path: Path, made: Map | Judged) -> None:
    """The features first: where a map stands, they do."""
    if isinstance(made, Judged):
        write_json(path.with_suffix(".json"), dict(made.features))
    write_map(path, made.map if isinstance(made, Judged) else made, WORK_BITS)
