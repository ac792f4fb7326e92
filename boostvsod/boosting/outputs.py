"""Pictures and films made from the final maps: masks, cut-outs, overlays.

A folder of pictures is replaced as a whole, and a film appears when it is complete. Files that boostvsod did not
write are never replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.lock import locked
from boostvsod.boosting.record import source_of
from boostvsod.boosting.store import is_whole
from boostvsod.errors import ConfigError, OutputError
from boostvsod.files import ADVICE, WORK, Outputs
from boostvsod.kinds import Map, Progress, Result, Rgb, quiet
from boostvsod.media.films import film_writer
from boostvsod.media.images import grey_rgb, write_png
from boostvsod.media.video import Video
from boostvsod.stamps import file_stamp, fingerprint

GLOW = (255, 64, 64)  # the overlay's colour, RGB
FOLDERS = {"mask": "mask", "cutout": "cutout"}  # output -> its place in the run folder
FILMS = {"overlay": "overlay.mp4", "side-by-side": "side-by-side.mp4"}
SAVES = ("maps", "mask", "overlay", "side-by-side", "cutout")


def check_saves(wanted: list[str]) -> None:
    """Refuse an unknown name before any work is done."""
    for name in wanted:
        if name not in SAVES:
            raise ConfigError(f"--save {name!r} is unknown; there are: {', '.join(SAVES)}")


def check_places(outputs: Outputs, wanted: Sequence[str]) -> None:
    """Refuse to write over what boostvsod did not write, before any work is done."""
    outputs.check_inputs("maps", "run.json")
    if not outputs.overwrite:
        _check_retouched(RunFolder(outputs.folder))
    outputs.check(*(FILMS[name] for name in wanted if name in FILMS))
    for name in wanted:
        if name in FOLDERS:
            outputs.check_folder(FOLDERS[name])


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
    makers: dict[str, Callable[[], None]] = {
        "mask": lambda: _pngs(result, video, outputs, "mask", binary, progress),
        "cutout": lambda: _pngs(result, video, outputs, "cutout", cut_out, progress),
        "overlay": lambda: _film(result, video, outputs, "overlay", _overlay_row, progress),
        "side-by-side": lambda: _film(result, video, outputs, "side-by-side", _three_in_a_row, progress),
    }
    stale = [n for n in makers if n in wanted and not outputs.is_current(_files(n, result.names), made_of(result))]
    if stale:
        with locked(outputs.folder / WORK, outputs.folder):
            for name in stale:
                makers[name]()
    places = {"maps": "maps", **FOLDERS, **FILMS}
    return [outputs.folder / place for name, place in places.items() if name in wanted]


def made_of(result: Result) -> str:
    """A text that is different after every run: the outputs of an earlier run are made again."""
    return fingerprint(result.record)


def _files(output: str, names: Sequence[str]) -> list[str]:
    """All files of one output, relative to the run folder."""
    return [f"{FOLDERS[output]}/{name}.png" for name in names] if output in FOLDERS else [FILMS[output]]


def binary(rgb: Rgb, saliency: Map) -> np.ndarray:
    """255 where the map reaches one half."""
    return np.where(saliency >= 0.5, np.uint8(255), np.uint8(0))


def cut_out(rgb: Rgb, saliency: Map) -> np.ndarray:
    """The picture with the map as its alpha."""
    return np.dstack([rgb, np.rint(saliency * 255).astype(np.uint8)])


def overlay(rgb: Rgb, saliency: Map) -> Rgb:
    """The picture with the salient region tinted and its outline drawn."""
    share = 0.55 * saliency[..., None]
    glowing: Rgb = np.rint((1 - share) * rgb + share * np.array(GLOW)).astype(np.uint8)
    contours, _ = cv2.findContours(binary(rgb, saliency), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(glowing, contours, -1, (255, 255, 255), max(1, rgb.shape[0] // 240))
    return glowing


def _overlay_row(rgb: Rgb, baseline: Map, boosted: Map) -> Rgb:
    return overlay(rgb, boosted)


def _three_in_a_row(rgb: Rgb, baseline: Map, boosted: Map) -> Rgb:
    return np.hstack([rgb, grey_rgb(baseline), grey_rgb(boosted)])


def _frames(result: Result, video: Video, stage: str, progress: Progress) -> Iterator[tuple[str, Rgb, Map, Map]]:
    for i, (frame, before, after) in enumerate(zip(video, result.baseline, result.maps, strict=True)):
        yield frame.name, frame.rgb, before, after
        progress(stage, i + 1, len(video))


def _pngs(
    result: Result,
    video: Video,
    outputs: Outputs,
    output: str,
    draw: Callable[[Rgb, Map], np.ndarray],
    progress: Progress,
) -> None:
    with outputs.replacing(FOLDERS[output], made_of(result)) as folder:
        for name, rgb, _, boosted in _frames(result, video, output, progress):
            write_png(folder / f"{name}.png", draw(rgb, boosted))


def _film(
    result: Result,
    video: Video,
    outputs: Outputs,
    output: str,
    draw: Callable[[Rgb, Map, Map], Rgb],
    progress: Progress,
) -> None:
    with outputs.writing(FILMS[output], made_of(result)) as path, film_writer(path, video.fps) as write:
        for _, rgb, before, after in _frames(result, video, output, progress):
            write(draw(rgb, before, after))
