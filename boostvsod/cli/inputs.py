"""The files and folders that a command reads, so that it never writes over them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostvsod.errors import BoostError

if TYPE_CHECKING:
    from boostvsod.media.video import Video


def paths_in(words: Iterable[str | None], *, folders: bool = True) -> list[Path]:
    """The files and folders that words of the command line name; of an archive's member, the archive.

    Of `data/{video}/maps`, it is the folder `data`. Words that name nothing are left out. Without `folders`, only
    files are returned.
    """
    found = []
    for word in words:
        with suppress(OSError, ValueError):  # too long for a path, or with a null byte
            if path := _existing(word or ""):
                found.append(path)
    return [path for path in found if folders or path.is_file()]


def _existing(word: str) -> Path | None:
    text = word.partition("{")[0]
    path = Path(text).expanduser()
    places = [path, *(part for part in path.parents if part.suffix.lower() == ".zip")]
    return next((place for place in places if place.exists()), None) if text else None


def inputs_of(video: Video, source: str, target: str, options: dict[str, Any]) -> list[Path]:
    """Everything that a command reads: the video, the target's file or maps, the recipe, and weights."""
    settings = [setting.partition("=")[2] for setting in options.get("settings", ())]
    words = [source, str(options.get("recipe", "")), *settings]
    return [*video.files, *paths_in(words, folders=False), *target_inputs(target, video.name)]


def target_inputs(target: str, video: str) -> list[Path]:
    """The file or folder that a target names, and the maps of the video in that folder."""
    from boostvsod.datasets.maps import find_maps
    from boostvsod.targets import TargetSpec

    spec = TargetSpec.parse(target)
    paths = [*paths_in([spec.name], folders=False), *paths_in([spec.argument])]
    with suppress(BoostError, OSError, ValueError):  # this target reads no maps
        paths += [file.path for file in find_maps(spec.argument, video)] if spec.argument else []
    return paths
