"""A target that reads its maps from a folder. Any network may have computed them before."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from boostvsod.errors import InputError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target, Window
from boostvsod.offer import Offer

if TYPE_CHECKING:
    from boostvsod.kinds import Map
    from boostvsod.media.archive import File

log = logging.getLogger("boostvsod")
ONE_LEVEL = 1 / 255 + 1e-6  # the lowest value above 0 of an 8-bit map


class MapFolder:
    """Maps by frame name: from DIR for one video, from DIR/VIDEO or a path with {video} for several videos."""

    window = 1
    batch = 8
    concurrent = True

    def __init__(self, folder: str) -> None:
        from boostvsod.media.archive import exists

        if not exists(folder.partition("{video}")[0]):
            raise InputError(f"target maps:{folder}: there is no such folder")
        self.folder = folder
        self.files: dict[str, File] = {}
        self.warned_dark = False

    def prepare(self, video: str, names: Sequence[str]) -> None:
        """Find the map of every frame, so that a missing map is reported before anything is computed."""
        from boostvsod.datasets.maps import find_maps

        files = find_maps(self.folder, video)
        self.files = {file.stem: file for file in files}
        if not set(self.files) & set(names) and len(files) == len(names):
            log.warning("maps:%s: no map has the name of a frame; the maps are used in order", self.folder)
            self.files = dict(zip(names, files, strict=True))
        self._check(names)

    def _check(self, names: Sequence[str]) -> None:
        missing = [name for name in names if name not in self.files]
        surplus = sorted(set(self.files) - set(names))
        if missing == [names[-1]] and len(names) > 1 and not surplus:
            log.warning("maps:%s: the last frame, %s, has no map; the map before it is used", self.folder, names[-1])
            self.files[names[-1]] = self.files[names[-2]]
            return
        for what, unmatched in (("frames without a map", missing), ("maps without a frame", surplus)):
            if unmatched:
                counts = f"{len(self.files)} maps for {len(names)} frames"
                raise InputError(
                    f"maps:{self.folder}: {counts}; {len(unmatched)} {what}, the first is {unmatched[0]!r}"
                )

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._read(window) for window in windows]

    def _read(self, window: Window) -> Map:
        from boostvsod.media.images import decode_map
        from boostvsod.media.maps import resize_map

        file, shape = self.files[window.frame.name], window.frame.rgb.shape[:2]
        saliency = decode_map(file.read(), str(file))
        if 0 < saliency.max() <= ONE_LEVEL and not self.warned_dark:
            self.warned_dark = True
            log.warning(
                "maps:%s: %s has no value above 1 of 255; if it is a mask of 0 and 1, save it as 0 and 255",
                self.folder, file.name,
            )  # fmt: skip
        if saliency.shape != shape:
            log.warning(
                "maps:%s: maps of %dx%d are resized to the frames' %dx%d",
                self.folder, *saliency.shape[::-1], *shape[::-1],
            )  # fmt: skip
        return resize_map(saliency, *shape)


def build(folder: str) -> Target:
    """`folder`: one grey picture per frame, with the frame's name; `{video}` in it stands for the video's name."""
    return MapFolder(folder)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("maps", "maps from a folder or archive: maps:DIR or maps:ARCHIVE.zip/{video}/...", build)]
