"""Pictures and films made from the final maps: masks, cut-outs, overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from boostvsod.errors import ConfigError
from boostvsod.kinds import Map, Progress, Result, Rgb, quiet
from boostvsod.media.films import film_writer
from boostvsod.media.images import grey_rgb, write_png
from boostvsod.media.video import Video

GLOW = (255, 64, 64)  # the overlay's colour, RGB
SAVES = ("maps", "mask", "overlay", "side-by-side", "cutout")


def check_saves(wanted: list[str]) -> None:
    """Refuse an unknown name before any work is done."""
    for name in wanted:
        if name not in SAVES:
            raise ConfigError(f"--save {name!r} is unknown; there are: {', '.join(SAVES)}")


def save(result: Result, video: Video, wanted: list[str], progress: Progress = quiet) -> list[Path]:
    """Write the wanted outputs beside the maps, unless they are current. Returns their paths."""
    folder = Path(result.folder)
    makers: dict[str, Callable[[], Path]] = {
        "mask": lambda: _pngs(result, video, folder / "mask", binary, progress),
        "cutout": lambda: _pngs(result, video, folder / "cutout", cut_out, progress),
        "overlay": lambda: _film(result, video, folder / "overlay.mp4", _overlay_row, progress),
        "side-by-side": lambda: _film(result, video, folder / "side-by-side.mp4", _three_in_a_row, progress),
    }
    places = {"mask": "mask", "cutout": "cutout", "overlay": "overlay.mp4", "side-by-side": "side-by-side.mp4"}
    made = [folder / "maps"] if "maps" in wanted else []
    for name, make in makers.items():
        if name in wanted:
            made.append(folder / places[name] if _is_current(folder / places[name], result) else make())
    return made


def _is_current(place: Path, result: Result) -> bool:
    """Whether an output is complete and younger than the record of the run."""
    made = place.stat().st_mtime_ns if place.is_file() else 0
    if place.is_dir():
        pictures = [place / f"{name}.png" for name in result.names]
        made = min(path.stat().st_mtime_ns if path.is_file() else 0 for path in pictures)
    return made > (Path(result.folder) / "run.json").stat().st_mtime_ns


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
    result: Result, video: Video, folder: Path, draw: Callable[[Rgb, Map], np.ndarray], progress: Progress
) -> Path:
    for name, rgb, _, boosted in _frames(result, video, folder.name, progress):
        write_png(folder / f"{name}.png", draw(rgb, boosted))
    return folder


def _film(result: Result, video: Video, path: Path, draw: Callable[[Rgb, Map, Map], Rgb], progress: Progress) -> Path:
    with film_writer(path, video.fps) as write:
        for _, rgb, before, after in _frames(result, video, path.stem, progress):
            write(draw(rgb, before, after))
    return path
