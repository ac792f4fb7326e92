"""A clip that is open in the studio: its run, the masks that the user drew, and its films."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from boostvsod.boosting.corrections import BY_HAND
from boostvsod.boosting.explain import explain
from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.outputs import FILMS, made_of
from boostvsod.boosting.record import motion_maps, read_result
from boostvsod.boosting.store import StoredMaps
from boostvsod.cli.inputs import Input, one_input
from boostvsod.cli.studio.grow import distances
from boostvsod.errors import InputError
from boostvsod.files import Outputs
from boostvsod.kinds import Map, Result, Rgb
from boostvsod.media.archive import Tree
from boostvsod.media.films import PAINTED, SUFFIXES
from boostvsod.media.images import PNG, decode_map, read_map, write_png
from boostvsod.media.images import SUFFIXES as PICTURES
from boostvsod.media.video import Video
from boostvsod.recipe import Recipe, TrainOptions

CORRECTIONS = "corrections"  # the folder of the masks in the run folder
LAYERS = ("target", "boosted", "motion", "doubt")
HALF = np.float32(0.5)


class Clip:
    """A video, its run folder, and what is in it. Methods may be called from several threads.

    `given` names the video; `progress` is called with the number of frames read so far.
    """

    def __init__(self, given: Input, progress: Callable[[int], None]) -> None:
        self.video, self.word, self.folder = given.video, given.words[0], given.folder
        self.result: Result | None = None
        self.films: list[str] = []  # that show the result
        self._reading = threading.Lock()
        self._doubts: tuple[Result, list[float]] | None = None
        self.video.scan(progress)
        if RunFolder(self.folder).record():
            result = read_result(self.folder)
            if result.names == self.video.names:
                self.result, self.films = result, list(self._current_films(result))
        self.masks = dict.fromkeys(self._restored_masks(), 0)  # corrected frames -> version of the mask

    @staticmethod
    def find(word: str, root: Path) -> Input:
        """The clip that a word names, with a folder in `root`, or that a run folder was made of."""
        path = Path(word).expanduser()
        if not RunFolder(path).record_path.is_file():
            return one_input(_only_folder(path) or word, root)
        source = str(read_result(path).record["video"]["source"])
        return Input(Video.open(source), path, (source,))

    def ran(self) -> None:
        """A run has finished: take its result."""
        self.result, self.films = read_result(self.folder), []

    # ---- facts ----------------------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """The video, as JSON values."""
        height, width = self.video.shape
        facts = {"name": self.video.name, "frames": len(self.video), "width": width, "height": height}
        return {**facts, "fps": float(self.video.fps), "folder": str(self.folder.absolute())}

    def result_as_dict(self) -> dict[str, Any] | None:
        """The run, as JSON values; None before the first."""
        result = self.result
        if result is None:
            return None
        record = result.record
        chosen = [{"start": d.start, "stop": d.stop, "choice": d.choice, "why": d.why} for d in result.decisions]
        facts = {"target": record["target"], "recipe": record["recipe"]["name"], "choices": chosen}
        return {**facts, "notes": list(result.notes), "seconds": sum(result.seconds.values())}

    def frames(self) -> list[dict[str, Any]]:
        """For each frame its name and, after a run, its scores and why it was trusted or not."""
        if self.result is None:
            return [{"frame": name, "mined": False, "scores": {}, "why": ""} for name in self.video.names]
        frames: list[dict[str, Any]] = explain(self.result, range(len(self.result.names)))["frames"]
        return frames

    def recipe(self) -> Recipe | None:
        """The recipe of the run with all its settings."""
        if self.result is None:
            return None
        facts: Mapping[str, Any] = self.result.record["recipe"]
        return Recipe(**{**facts, "train": TrainOptions(**facts["train"])})

    # ---- pictures -------------------------------------------------------------------------------

    def picture(self, i: int) -> Rgb:
        """A frame."""
        self._check(i)
        with self._reading:
            return self.video[i].rgb

    def layer(self, i: int, name: str) -> Map:
        """A map of a frame, by its name in `LAYERS`."""
        self._check(i)
        if self.result is None or name not in LAYERS:
            raise InputError(f"frame {i} has no map {name!r} yet")
        try:
            return _layer(self.result, i, name)
        except OSError as error:
            raise InputError(f"frame {i}: its map {name!r} is being made again") from error

    def grown(self, i: int, x: int, y: int) -> Map:
        """How far each pixel of a frame is from a clicked one, see `grow.distances`."""
        rgb = self.picture(i)
        saliency = self.layer(i, "boosted") if self.result else np.zeros(rgb.shape[:2], np.float32)
        return distances(rgb, saliency, x, y)

    def doubts(self) -> list[float]:
        """For each frame the share of the object, 0 to 1, on which its maps disagree. It is computed once a run."""
        result = self.result
        if result is None:
            return []
        with self._reading:
            if self._doubts is None or self._doubts[0] is not result:
                self._doubts = result, [_share_of_doubt(result, i) for i in range(len(result.names))]
            return self._doubts[1]

    def _check(self, i: int) -> None:
        if not 0 <= i < len(self.video):
            raise InputError(f"{self.video.name} has {len(self.video)} frames, no frame {i}")

    # ---- masks ----------------------------------------------------------------------------------

    def mask(self, i: int) -> Map:
        """The mask that the user drew for a frame."""
        if i not in self.masks:
            raise InputError(f"frame {i} has no mask of yours")
        return read_map(self.mask_path(i))

    def correct(self, i: int, data: bytes) -> None:
        """Take a mask, a PNG of the size of the frame, as the truth of a frame."""
        self._check(i)
        _check_size(data, self.video.shape, i)
        mask = decode_map(data, f"the mask of frame {i}")
        RunFolder(self.folder).check_owned()
        with self._outputs().writing(self._mask_name(i)) as path:
            write_png(path, np.where(mask >= HALF, np.uint8(255), np.uint8(0)))
        self.masks[i] = self.masks.get(i, 0) + 1

    def forget(self, i: int) -> None:
        """Remove the mask of a frame."""
        if self.masks.pop(i, None) is not None and self._outputs().owns(self._mask_name(i)):
            self.mask_path(i).unlink()

    def mask_path(self, i: int) -> Path:
        """The file of the mask of a frame."""
        return self.folder / self._mask_name(i)

    def _mask_name(self, i: int) -> str:
        return f"{CORRECTIONS}/{self.video.name_of(i)}.png"

    def _outputs(self) -> Outputs:
        return Outputs(self.folder, inputs=self.video.files)

    def _restored_masks(self) -> list[int]:
        """The frames that have masks in the run folder. Those of `run --mask` are the final maps of their frames."""
        if not (self.folder / CORRECTIONS).is_dir() and self.result is not None:
            by_hand = [i for i, frame in enumerate(self.result.record["frames"]) if frame["why"] == BY_HAND]
            for i in by_hand:
                with self._outputs().writing(self._mask_name(i)) as path:
                    write_png(path, np.asarray(np.rint(self.result.maps[i] * 255), np.uint8))
        return [i for i in range(len(self.video)) if self.mask_path(i).is_file()]

    # ---- films ----------------------------------------------------------------------------------

    def film(self, place: str) -> Path:
        """The file of a film that was exported."""
        if place not in self.films:
            raise InputError(f"there is no film {place!r}; export it first")
        return self.folder / place

    def _current_films(self, result: Result) -> Iterator[str]:
        """The films in the run folder that were made from this result."""
        outputs, current = self._outputs(), made_of(result)
        return (place for place in film_names() if outputs.is_current([place], current))


def _only_folder(path: Path) -> str:
    """The folder of an archive that holds all its pictures; empty if there is no such folder."""
    if path.suffix.lower() != ".zip" or not path.is_file():
        return ""
    names = [PurePosixPath(name) for name in Tree.open(path).walk()]
    folders = {name.parent for name in names if name.suffix.lower() in PICTURES}
    only = folders.pop() if len(folders) == 1 else PurePosixPath()
    return str(path / only) if only.parts else ""


def film_names() -> Iterator[str]:
    """The names of all films that can be exported, with their suffixes; the default of each kind comes first."""
    for kind, usual in FILMS.items():
        for suffix in sorted(PAINTED if kind == "cutout-video" else SUFFIXES, key=lambda suffix: suffix != usual):
            yield f"{kind}{suffix}"


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
        highest, lowest = _bounds(result, i)
        return np.asarray(highest - lowest, np.float32)
    return (result.baseline if name == "target" else result.maps)[i]


def _bounds(result: Result, i: int) -> tuple[Map, Map]:
    """The highest and the lowest of the target's, the student's and the final map of a frame, pixel by pixel."""
    student = StoredMaps(RunFolder(Path(result.folder)).stage(result.record["stages"]["student"]), result.names)
    maps = [result.baseline[i], result.maps[i]]
    if (student.folder / f"{result.names[i]}.png").is_file():
        maps.append(student[i])
    return np.max(maps, axis=0), np.min(maps, axis=0)


def _share_of_doubt(result: Result, i: int) -> float:
    """The disagreement of a frame in relation to the size of its object."""
    try:
        highest, lowest = _bounds(result, i)
    except (OSError, InputError):  # a run is replacing the maps
        return 0.0
    total = float(highest.sum())
    return float((highest - lowest).sum()) / total if total > 0 else 0.0
