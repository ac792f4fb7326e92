"""Finding the maps of one video among those somebody has computed, and what to call a method."""

from __future__ import annotations

from boostvsod.errors import InputError
from boostvsod.media.archive import File, Tree, exists
from boostvsod.media.images import SUFFIXES

VIDEO = "{video}"


def find_maps(folder: str, video: str) -> list[File]:
    """Map files in natural order, from FOLDER/VIDEO, FOLDER, or FOLDER with `{video}` put in."""
    several = (f"{folder}/{video}/maps", f"{folder}/{video}", folder)
    places = (folder.replace(VIDEO, video),) if VIDEO in folder else several
    for place in places:
        if exists(place) and (found := Tree.open(place).files(SUFFIXES)):
            return found
    raise InputError(f"maps:{folder}: no picture in it; looked in {', '.join(places)}")
