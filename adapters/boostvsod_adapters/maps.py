"""A folder of maps that somebody has already computed, with any network at all, as a target."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from boostvsod.errors import InputError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target, Window
from boostvsod.offer import Offer

if TYPE_CHECKING:
    from boostvsod.kinds import Map

log = logging.getLogger("boostvsod")


class MapFolder:
    """Maps by frame name, from DIR or, where there are several videos, DIR/VIDEO."""

    window = 1
    batch = 8

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"target maps:{folder}: there is no such folder")
        self.folder = folder
        self.paths: dict[str, Path] = {}

    def prepare(self, video: str, names: Sequence[str]) -> None:
        """Find the map of every frame now, so that a missing one is known before anything is computed."""
        found = _maps_in(self.folder, video)
        self.paths = {path.stem: path for path in found}
        if not set(self.paths) & set(names) and len(found) == len(names):
            log.warning("maps:%s: no map is named as a frame is; taken in order", self.folder)
            self.paths = dict(zip(names, found, strict=True))
        self._check(names)

    def _check(self, names: Sequence[str]) -> None:
        missing = [name for name in names if name not in self.paths]
        surplus = sorted(set(self.paths) - set(names))
        if missing == [names[-1]] and len(names) > 1 and not surplus:
            log.warning("maps:%s: the last frame, %s, has no map; its neighbour's is used", self.folder, names[-1])
            self.paths[names[-1]] = self.paths[names[-2]]
            return
        for what, which in (("frames without a map", missing), ("maps without a frame", surplus)):
            if which:
                counted = f"{len(self.paths)} maps for {len(names)} frames"
                raise InputError(f"maps:{self.folder}: {counted}; {len(which)} {what}, the first is {which[0]!r}")

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._read(window) for window in windows]

    def _read(self, window: Window) -> Map:
        from boostvsod.images import read_map, resize_map

        path, shape = self.paths[window.frame.name], window.frame.rgb.shape[:2]
        saliency = read_map(path)
        if saliency.shape != shape:
            log.warning(
                "maps:%s: maps of %dx%d are resized to the frames' %dx%d",
                self.folder, *saliency.shape[::-1], *shape[::-1],
            )  # fmt: skip
        return resize_map(saliency, *shape)


def _maps_in(folder: Path, video: str) -> list[Path]:
    from boostvsod.files import natural
    from boostvsod.images import SUFFIXES

    for place in (folder / video / "maps", folder / video, folder):
        found = [p for p in place.iterdir() if p.suffix.lower() in SUFFIXES] if place.is_dir() else []
        if found:
            return sorted(found, key=lambda path: natural(path.name))
    raise InputError(f"maps:{folder}: no picture in it, nor in {folder / video}")


def build(folder: str) -> Target:
    """`folder`: one grey picture per frame, named as the frames are."""
    return MapFolder(Path(folder).expanduser())


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("maps", "maps:DIR, maps computed before by any network", build)]
