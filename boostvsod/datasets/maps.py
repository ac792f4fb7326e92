"""Finding the computed maps of one video in a folder."""

from __future__ import annotations

from boostvsod.errors import InputError
from boostvsod.media.archive import File, MissingError, Tree, exists, first_twice
from boostvsod.media.images import SUFFIXES

VIDEO = "{video}"


def find_maps(folder: str, video: str) -> list[File]:
    """The map files of a video, in natural order.

    They are searched for in FOLDER/VIDEO/maps (a folder of runs), FOLDER/VIDEO, FOLDER and FOLDER/maps (a run), in this
    order. If FOLDER contains `{video}`, the name of the video is put in its place, and only that folder is searched.
    """
    usual = (f"{folder}/{video}/maps", f"{folder}/{video}", folder, f"{folder}/maps")
    places = (folder.replace(VIDEO, video),) if VIDEO in folder else usual
    for place in places:
        if exists(place) and (maps := Tree.open(place).files(SUFFIXES)):
            if (name := first_twice(file.stem for file in maps)) is not None:
                raise InputError(f"maps:{place}: two maps are called {name!r}; only one can belong to the frame")
            return maps
    raise MissingError(f"maps:{folder}: no picture in it; searched in {', '.join(places)}")
