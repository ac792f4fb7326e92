"""Pictures and films made from the final maps: masks, mattes, cut-outs, overlays, new backgrounds.

A folder of pictures is replaced as a whole, and a film appears when it is complete. Files that boostvsod did not
write are never replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.lock import locked
from boostvsod.boosting.record import source_of
from boostvsod.boosting.store import is_whole
from boostvsod.errors import ConfigError, OutputError
from boostvsod.files import ADVICE, WORK, Outputs
from boostvsod.kinds import Map, Progress, Result, Rgb, quiet
from boostvsod.media.composites import GREEN, Backdrop, blurred_background, over, with_alpha
from boostvsod.media.films import PAINTED, SUFFIXES, film_writer
from boostvsod.media.images import grey_rgb, write_png
from boostvsod.media.paths import user_path
from boostvsod.media.video import Video
from boostvsod.stamps import content_stamp, file_stamp, fingerprint

GLOW = (255, 64, 64)  # the overlay's colour, RGB
FOLDERS = ("mask", "cutout")  # outputs that are folders of pictures
FILMS = {  # outputs that are films -> the suffix if none is given
    "overlay": ".mp4", "side-by-side": ".mp4", "matte": ".mp4", "cutout-video": ".webm", "green": ".mp4",
    "blur": ".mp4", "replace": ".mp4",
}  # fmt: skip
SAVES = ("maps", *FOLDERS, *FILMS)
Draw = Callable[[int, Rgb, Map, Map], NDArray[Any]]  # frame number, frame, target's and final map -> picture


@dataclass(frozen=True)
class Output:
    """One thing that `--save` names, as in `mask`, `matte.webm` or `replace=beach.jpg`."""

    kind: str
    suffix: str = ""  # of a film
    argument: str = ""

    @classmethod
    def parse(cls, text: str) -> Output:
        """Read a name with its suffix and argument. An unknown one is refused."""
        name, _, argument = text.partition("=")
        kind, dot, suffix = name.partition(".")
        if kind not in SAVES or (dot and kind not in FILMS):
            raise ConfigError(f"--save {name!r} is unknown; there are: {', '.join(SAVES)}")
        if (kind == "replace") != bool(argument):
            raise ConfigError(f"--save {text!r}: a background belongs to replace and to nothing else: replace=PICTURE")
        output = cls(kind, dot + suffix if dot else FILMS.get(kind, ""), argument)
        if output.suffix not in ("", *(PAINTED if kind == "cutout-video" else SUFFIXES)):
            allowed = ", ".join(PAINTED if kind == "cutout-video" else SUFFIXES)
            raise ConfigError(f"--save {name!r}: the suffix of this film can be {allowed}")
        return output

    @property
    def place(self) -> str:
        """Its folder or file in the run folder."""
        return f"{self.kind}{self.suffix}"

    @property
    def is_film(self) -> bool:
        return self.kind in FILMS

    def files(self, names: Sequence[str]) -> list[str]:
        """All its files, relative to the run folder."""
        return [self.place] if self.is_film else [f"{self.place}/{name}.png" for name in names]

    def made_of(self, result: Result) -> str:
        """A text that changes when the output must be made again: after every run, and with another background."""
        return fingerprint(result.record, content_stamp(self.argument)) if self.argument else made_of(result)


def check_saves(wanted: Sequence[str]) -> None:
    """Refuse an unknown name before any work is done."""
    for output in _parsed(wanted):
        if output.argument:
            user_path(output.argument)
            Video.open(output.argument)


def _parsed(wanted: Sequence[str]) -> list[Output]:
    """The outputs, each once, in the order of `SAVES`."""
    outputs = list(dict.fromkeys(map(Output.parse, wanted)))
    return sorted(outputs, key=lambda output: SAVES.index(output.kind))


def check_places(outputs: Outputs, wanted: Sequence[str]) -> None:
    """Refuse to write over what boostvsod did not write, before any work is done."""
    outputs.check_inputs("maps", "run.json")
    if not outputs.overwrite:
        _check_retouched(RunFolder(outputs.folder))
    for output in _parsed(wanted):
        if output.is_film:
            outputs.check(output.place)
        elif output.kind in FOLDERS:
            outputs.check_folder(output.place)


def _check_retouched(folder: RunFolder) -> None:
    """Refuse to replace a published map that somebody has edited. One that was cut or deleted may be replaced."""
    published: dict[str, str] = folder.record().get("published", {})
    for name, stamp in published.items():
        path = folder.maps / f"{name}.png"
        if is_whole(path) and file_stamp(path) != stamp:
            raise OutputError(f"{path} has changed since boostvsod wrote it; {ADVICE}")


def check_same_video(root: Path, video: Video) -> None:
    """Refuse a run folder that holds the results of another video."""
    if holds_another_video(root, video):
        before = RunFolder(root).record()["video"]["source"]
        raise OutputError(f"{root} holds the results of another video, {before}; {ADVICE}")


def holds_another_video(root: Path, video: Video) -> bool:
    """Whether a run folder holds the results of another video."""
    before = RunFolder(root).record().get("video", {})
    same_path = before.get("source") == source_of(video) and os.path.isabs(source_of(video))
    if same_path or "content" not in before:
        return False
    return bool(before["content"] != fingerprint(video.stamp))  # the same video may have been moved


def outputs_of(result: Result, video: Video) -> Outputs:
    """The outputs of a run that replace nothing but earlier outputs."""
    return Outputs(Path(result.folder), inputs=video.files)


def save(
    result: Result,
    video: Video,
    wanted: Sequence[str],
    progress: Progress = quiet,
    outputs: Outputs | None = None,
) -> list[Path]:
    """Write the wanted outputs beside the maps, unless they are current. Returns their paths.

    `outputs` is the run folder with the rule of what may be replaced there.
    """
    outputs = outputs or outputs_of(result, video)
    parsed = _parsed(wanted)
    made = [output for output in parsed if output.kind != "maps"]
    stale = [o for o in made if not outputs.is_current(o.files(result.names), o.made_of(result))]
    if stale:
        with locked(outputs.folder / WORK, outputs.folder):
            for output in stale:
                (_film if output.is_film else _pngs)(output, result, video, outputs, progress)
    return [outputs.folder / output.place for output in parsed]


def made_of(result: Result) -> str:
    """A text that is different after every run: the outputs of an earlier run are made again."""
    return fingerprint(result.record)


def binary(rgb: Rgb, saliency: Map) -> np.ndarray:
    """255 where the map reaches one half."""
    return np.where(saliency >= 0.5, np.uint8(255), np.uint8(0))


def overlay(rgb: Rgb, saliency: Map) -> Rgb:
    """The picture with the salient region tinted and its outline drawn."""
    share = 0.55 * saliency[..., None]
    glowing: Rgb = np.rint((1 - share) * rgb + share * np.array(GLOW)).astype(np.uint8)
    contours, _ = cv2.findContours(binary(rgb, saliency), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(glowing, contours, -1, (255, 255, 255), max(1, rgb.shape[0] // 240))
    return glowing


def _drawing(output: Output, video: Video) -> Draw:
    """The function that draws one picture of an output."""
    backdrop, sixteen = Backdrop(output.argument), output.suffix == ".mov"
    draws: dict[str, Draw] = {
        "mask": lambda i, rgb, before, after: binary(rgb, after),
        "cutout": lambda i, rgb, before, after: with_alpha(rgb, after),
        "overlay": lambda i, rgb, before, after: overlay(rgb, after),
        "side-by-side": lambda i, rgb, before, after: np.hstack([rgb, grey_rgb(before), grey_rgb(after)]),
        "matte": lambda i, rgb, before, after: grey_rgb(after),
        "cutout-video": lambda i, rgb, before, after: with_alpha(rgb, after, 16 if sixteen else 8),
        "green": lambda i, rgb, before, after: over(rgb, after, GREEN),
        "blur": lambda i, rgb, before, after: over(rgb, after, blurred_background(rgb, after)),
        "replace": lambda i, rgb, before, after: over(rgb, after, backdrop.at(i / video.fps, *video.shape)),
    }
    return draws[output.kind]


def _pictures(output: Output, result: Result, video: Video, progress: Progress) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and picture of every frame."""
    draw = _drawing(output, video)
    for i, (frame, before, after) in enumerate(zip(video, result.baseline, result.maps, strict=True)):
        yield frame.name, draw(i, frame.rgb, before, after)
        progress(output.kind, i + 1, len(video))


def _pngs(output: Output, result: Result, video: Video, outputs: Outputs, progress: Progress) -> None:
    with outputs.replacing(output.place, output.made_of(result)) as folder:
        for name, picture in _pictures(output, result, video, progress):
            write_png(folder / f"{name}.png", picture)


def _film(output: Output, result: Result, video: Video, outputs: Outputs, progress: Progress) -> None:
    """A film with the times and the sound of the film that the frames came from."""
    with (
        outputs.writing(output.place, output.made_of(result)) as path,
        film_writer(path, video.fps, video.times, video.film) as write,
    ):
        for _, picture in _pictures(output, result, video, progress):
            write(picture)
