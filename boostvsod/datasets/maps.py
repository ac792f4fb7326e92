"""Finding the computed maps of one video in a folder."""

from __future__ import annotations

from boostvsod.errors import InputError
from boostvsod.media.archive import File, Tree, exists
from boostvsod.media.images import SUFFIXES

VIDEO = "{video}"


def find_maps(folder: str, video: str) -> list[File]:
    """The map files of a video, in natural order.

    They are searched for in FOLDER/VIDEO/maps (a run folder), FOLDER/VIDEO and FOLDER, in this order. If FOLDER
    contains `{video}`, the name of the video is put in its place, and only that folder is searched.
    """
    usual = (f"{folder}/{video}/maps", f"{folder}/{video}", folder)
    places = (folder.replace(VIDEO, video),) if VIDEO in folder else usual
    for place in places:
        if exists(place) and (maps := Tree.open(place).files(SUFFIXES)):
            return maps
    raise InputError(f"maps:{folder}: no picture in it; searched in {', '.join(places)}")
