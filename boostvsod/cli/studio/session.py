"""What is open in the studio: a clip, its run, the masks that the user corrected, and the job at work.

All methods may be called from several threads.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from boostvsod.boosting.corrections import BY_HAND
from boostvsod.boosting.explain import explain
from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.outputs import FILMS, Output, made_of
from boostvsod.boosting.record import motion_maps, read_result
from boostvsod.boosting.store import StoredMaps
from boostvsod.cli.inputs import Input, one_input
from boostvsod.cli.studio.grow import distances
from boostvsod.cli.studio.work import Died, Ended, ExportOrder, Message, Order, RunOrder, Step, Worker
from boostvsod.errors import BoostError, ConfigError, InputError
from boostvsod.errors.user_code import in_one_line
from boostvsod.files import Outputs
from boostvsod.kinds import Map, Result, Rgb
from boostvsod.media.films import PAINTED, SUFFIXES
from boostvsod.media.images import PNG, decode_map, read_map, write_png
from boostvsod.media.video import Video
from boostvsod.recipe import Recipe, TrainOptions
from boostvsod.runtime import Runtime

CORRECTIONS = "corrections"  # the folder of the masks in the run folder
LAYERS = ("target", "boosted", "motion", "doubt")
HALF = np.float32(0.5)


class Busy(ConfigError):
    """The studio does one job at a time."""


@dataclass
class Job:
    """Work that takes a while: `open`, `run` or `export`."""

    kind: str
    film: str = ""  # of an export
    stages: dict[str, tuple[int, int]] = field(default_factory=dict)  # stage -> steps done, steps in total
    since: float = field(default_factory=time.monotonic)
    cancelled: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The job as JSON values."""
        stages = [[stage, *steps] for stage, steps in self.stages.items()]
        return {"kind": self.kind, "film": self.film, "stages": stages, "seconds": time.monotonic() - self.since}


@dataclass
class Opened:
    """A clip and what belongs to it."""

    video: Video
    word: str  # the video as a path
    folder: Path
    result: Result | None = None
    masks: dict[int, int] = field(default_factory=dict)  # corrected frames -> version of the mask
    films: list[str] = field(default_factory=list)  # that show the result


class Session:
    """The state of one studio. `root` is the folder of its runs."""

    def __init__(self, root: Path, runtime: Runtime, target: str, recipe: str, settings: tuple[str, ...]) -> None:
        self.root, self.runtime = root, runtime
        self.target, self.recipe, self.settings = target, recipe, settings
        self.backdrop: Path | None = None
        self._clip: Opened | None = None
        self._job: Job | None = None
        self._error, self._version = "", 0
        self._lock, self._reading = threading.RLock(), threading.Lock()
        self._worker: Worker | None = None

    # ---- what the page asks for -----------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that the page shows, as JSON values, without pictures and scores."""
        with self._lock:
            clip = self._clip
            return {
                "clip": self._clip_as_dict(clip) if clip else None,
                "job": self._job.as_dict() if self._job else None,
                "error": self._error,
                "result": self._result_as_dict(clip.result) if clip and clip.result else None,
                "corrections": {str(i): version for i, version in sorted(clip.masks.items())} if clip else {},
                "films": list(clip.films) if clip else [],
                "version": self._version,
                "backdrop": self.backdrop.name if self.backdrop else "",
            }

    @staticmethod
    def _clip_as_dict(clip: Opened) -> dict[str, Any]:
        height, width = clip.video.shape
        facts = {"name": clip.video.name, "frames": len(clip.video), "width": width, "height": height}
        return {**facts, "fps": float(clip.video.fps), "folder": str(clip.folder)}

    @staticmethod
    def _result_as_dict(result: Result) -> dict[str, Any]:
        record = result.record
        chosen = [{"start": d.start, "stop": d.stop, "choice": d.choice, "why": d.why} for d in result.decisions]
        facts = {"target": record["target"], "recipe": record["recipe"]["name"], "choices": chosen}
        return {**facts, "notes": list(result.notes), "seconds": sum(result.seconds.values())}

    def frames(self) -> list[dict[str, Any]]:
        """For each frame its name and, after a run, its scores and why it was trusted or not."""
        clip = self._opened()
        if clip.result is None:
            return [{"frame": name, "mined": False, "scores": {}, "why": ""} for name in clip.video.names]
        frames: list[dict[str, Any]] = explain(clip.result, range(len(clip.result.names)))["frames"]
        return frames

    def picture(self, i: int) -> Rgb:
        """A frame."""
        clip = self._opened(i)
        with self._reading:
            return clip.video[i].rgb

    def layer(self, i: int, name: str) -> Map:
        """A map of a frame, by its name in `LAYERS`."""
        clip = self._opened(i)
        if clip.result is None or name not in LAYERS:
            raise InputError(f"frame {i} has no map {name!r} yet")
        try:
            return _layer(clip.result, i, name)
        except OSError as error:
            raise InputError(f"frame {i}: its map {name!r} is being made again") from error

    def grown(self, i: int, x: int, y: int) -> Map:
        """How far each pixel of a frame is from a clicked one, see `grow.distances`."""
        clip = self._opened(i)
        rgb = self.picture(i)
        saliency = clip.result.maps[i] if clip.result else np.zeros(rgb.shape[:2], np.float32)
        return distances(rgb, saliency, x, y)

    # ---- jobs -----------------------------------------------------------------------------------

    def open(self, word: str) -> None:
        """Open a clip or a run folder. Its frames are read in a thread of its own."""
        given = self._found(word)
        job = self._begin("open")
        threading.Thread(target=self._open, args=(given, job), daemon=True).start()

    def run(self, target: str, recipe: str) -> None:
        """Run the clip with the corrections. An empty target or recipe is that of the run before."""
        clip = self._opened()
        record: Mapping[str, Any] = clip.result.record if clip.result else {}
        chosen: str | Recipe = recipe or (_recipe_of(record) if record else self.recipe)
        settings = self.settings if isinstance(chosen, str) else ()
        masks = {i: self._mask_path(clip, i) for i in sorted(clip.masks)}
        wanted = target or str(record.get("target", self.target))
        self._give(Job("run"), RunOrder(clip.word, clip.folder, wanted, chosen, settings, self.runtime, masks))

    def export(self, kind: str) -> None:
        """Make a film, by its name in `run --save`; `replace` puts the uploaded picture or video behind the object."""
        clip = self._opened()
        if clip.result is None:
            raise ConfigError("run the clip first; a film is made from its maps")
        if kind.startswith("replace"):
            if self.backdrop is None:
                raise ConfigError("choose a picture or a video for the background first")
            kind = f"{kind.partition('=')[0]}={self.backdrop}"
        place = Output.parse(kind).place
        self._give(Job("export", place), ExportOrder(clip.word, clip.folder, kind))

    def cancel(self) -> None:
        """Stop the job at work. A run continues where it was when it is started again."""
        with self._lock:
            if self._job is None or self._job.kind == "open" or self._worker is None:
                return
            self._job.cancelled = True
            self._worker.kill()

    def close(self) -> None:
        """End the process of the studio."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()

    def _begin(self, kind: str) -> Job:
        with self._lock:
            if self._job is not None:
                raise Busy(f"the studio is busy with another job ({self._job.kind}); wait for it or cancel it")
            self._job, self._error = Job(kind), ""
            return self._job

    def _give(self, job: Job, order: Order) -> None:
        with self._lock:
            self._begin(job.kind).film = job.film
            self._worker = self._worker or Worker(self._hear)
            self._worker.send(order)

    def _hear(self, message: Message) -> None:
        """What the process says. It is called in the thread of the process."""
        if isinstance(message, Ended):
            self._finish(message.error)
        elif isinstance(message, Died):
            self._died(message.code)
        elif isinstance(message, Step):
            with self._lock:
                if self._job:
                    self._job.stages[message.stage] = message.done, message.total

    def _finish(self, error: str) -> None:
        """The order is done or has failed."""
        with self._lock:
            clip, job = self._clip, self._job
        if job is None or clip is None:
            return
        try:
            if not error and job.kind == "run":
                result = read_result(clip.folder)
                with self._lock:
                    clip.result, clip.films = result, []
                    self._version += 1
        except BoostError as failed:
            error = str(failed)
        with self._lock:
            if not error and job.kind == "export" and job.film not in clip.films:
                clip.films.append(job.film)
            self._job, self._error = None, error

    def _died(self, code: int) -> None:
        with self._lock:
            self._worker = None
            if self._job is None or self._job.kind == "open":
                return
            died = "" if self._job.cancelled else f"the process ended with {code}; was there too little memory?"
            self._job, self._error = None, died

    def _open(self, given: Input, job: Job) -> None:
        error = ""
        try:
            clip = self._read(given, job)
            with self._lock:
                self._clip, self._version = clip, self._version + 1
        except BoostError as failed:
            error = str(failed)
        except Exception as failed:
            error = f"internal error: {in_one_line(failed)}"
        with self._lock:
            self._job, self._error = None, error

    @staticmethod
    def _read(given: Input, job: Job) -> Opened:
        """Read a clip. One that was run before gets its result."""
        video = given.video
        video.scan(lambda done: job.stages.update(index=(done, 0)))
        clip = Opened(video, given.words[0], given.folder)
        if RunFolder(given.folder).record():
            result = read_result(given.folder)
            if result.names == video.names:
                clip.result = result
                clip.films = _current_films(clip)
        clip.masks = dict.fromkeys(_restored_masks(clip), 0)
        return clip

    def _found(self, word: str) -> Input:
        """The clip that a word names, or that a run folder was made of."""
        path = Path(word).expanduser()
        if not RunFolder(path).record_path.is_file():
            return one_input(word, self.root)
        source = str(read_result(path).record["video"]["source"])
        return Input(Video.open(source), path, (source,))

    # ---- corrections ----------------------------------------------------------------------------

    def mask(self, i: int) -> Map:
        """The mask that the user drew for a frame."""
        clip = self._opened(i)
        if i not in clip.masks:
            raise InputError(f"frame {i} has no mask of yours")
        return read_map(self._mask_path(clip, i))

    def correct(self, i: int, data: bytes) -> None:
        """Take a mask, a PNG of the size of the frame, as the truth of a frame."""
        clip = self._opened(i)
        _check_size(data, clip.video.shape, i)
        mask = decode_map(data, f"the mask of frame {i}")
        RunFolder(clip.folder).check_owned()
        with self._lock:
            with self._outputs(clip).writing(_mask_name(clip, i)) as path:
                write_png(path, np.where(mask >= HALF, np.uint8(255), np.uint8(0)))
            clip.masks[i] = clip.masks.get(i, 0) + 1

    def forget(self, i: int) -> None:
        """Remove the mask of a frame."""
        clip = self._opened(i)
        with self._lock:
            if clip.masks.pop(i, None) is not None and self._outputs(clip).owns(_mask_name(clip, i)):
                self._mask_path(clip, i).unlink()

    def film(self, place: str) -> Path:
        """The file of a film that was exported."""
        clip = self._opened()
        if place not in clip.films:
            raise InputError(f"there is no film {place!r}; export it first")
        return clip.folder / place

    def report(self) -> Path:
        """The report of the run."""
        path = self._opened().folder / "report.html"
        if not path.is_file():
            raise InputError("there is no report yet; run the clip first")
        return path

    def _opened(self, i: int = 0) -> Opened:
        """The clip, which has a frame i."""
        with self._lock:
            if self._clip is None:
                raise InputError("no clip is open")
            if not 0 <= i < len(self._clip.video):
                raise InputError(f"{self._clip.video.name} has {len(self._clip.video)} frames, no frame {i}")
            return self._clip

    @staticmethod
    def _outputs(clip: Opened) -> Outputs:
        return Outputs(clip.folder, inputs=clip.video.files)

    @staticmethod
    def _mask_path(clip: Opened, i: int) -> Path:
        return clip.folder / _mask_name(clip, i)


def _mask_name(clip: Opened, i: int) -> str:
    return f"{CORRECTIONS}/{clip.video.name_of(i)}.png"


def _check_size(data: bytes, shape: tuple[int, int], i: int) -> None:
    """Refuse what is no PNG of the frame's size, before it is decoded: it could fill the memory."""
    if not data.startswith(PNG) or len(data) < 24:
        raise InputError(f"the mask of frame {i} is not a PNG")
    width, height = struct.unpack(">II", data[16:24])
    if (height, width) != shape:
        size = f"{width}x{height}, and the frame is {shape[1]}x{shape[0]}"
        raise InputError(f"the mask of frame {i} is {size}; it must have the same size")


def _layer(result: Result, i: int, name: str) -> Map:
    """One of the maps of a finished run."""
    if name == "motion":
        motion = motion_maps(result)
        if motion is None:
            raise InputError("this run computed no motion")
        return motion[i]
    if name == "doubt":
        return _doubt(result, i)
    return (result.baseline if name == "target" else result.maps)[i]


def _doubt(result: Result, i: int) -> Map:
    """Where the target's, the student's and the final map of a frame differ: 0 if they are equal, at most 1."""
    student = StoredMaps(RunFolder(Path(result.folder)).stage(result.record["stages"]["student"]), result.names)
    maps = [result.baseline[i], result.maps[i]]
    if (student.folder / f"{result.names[i]}.png").is_file():
        maps.append(student[i])
    return np.asarray(np.max(maps, axis=0) - np.min(maps, axis=0), np.float32)


def _recipe_of(record: Mapping[str, Any]) -> Recipe:
    """The recipe of a finished run, with all its settings."""
    facts = dict(record["recipe"])
    return Recipe(**{**facts, "train": TrainOptions(**facts["train"])})


def _current_films(clip: Opened) -> list[str]:
    """The films in the run folder that were made from this result."""
    if clip.result is None:
        return []
    outputs, current = Session._outputs(clip), made_of(clip.result)
    return [place for place in film_names() if outputs.is_current([place], current)]


def film_names() -> Iterator[str]:
    """The names of all films that can be exported, with their suffixes; the default of each kind comes first."""
    for kind, usual in FILMS.items():
        for suffix in sorted(PAINTED if kind == "cutout-video" else SUFFIXES, key=lambda suffix: suffix != usual):
            yield f"{kind}{suffix}"


def _restored_masks(clip: Opened) -> list[int]:
    """The frames that have masks in the run folder. Those of `run --mask` are the final maps of their frames."""
    folder = clip.folder / CORRECTIONS
    if not folder.is_dir() and clip.result is not None:
        by_hand = [i for i, frame in enumerate(clip.result.record["frames"]) if frame["why"] == BY_HAND]
        for i in by_hand:
            with Session._outputs(clip).writing(_mask_name(clip, i)) as path:
                write_png(path, np.asarray(np.rint(clip.result.maps[i] * 255), np.uint8))
    return [i for i in range(len(clip.video)) if (folder / f"{clip.video.name_of(i)}.png").is_file()]
