"""What a command reads: the videos that its words name, each with a folder of its own to write to, and all files.

No command writes over a file that it reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostvsod.errors import BoostError

if TYPE_CHECKING:
    from boostvsod.media.video import Video


@dataclass(frozen=True)
class Input:
    """One video, and the folder for what is made of it. `words` name this video alone."""

    video: Video
    folder: Path
    words: tuple[str, ...]

    @property
    def word(self) -> str:
        """The video as a path, or as words that are no path."""
        return self.video.where


def find_inputs(words: Sequence[str], output: Path | None) -> list[Input]:
    """The videos that words of the command line name, in order, each once.

    A word is a video file, a folder, a pattern or a list of paths; picture files of one folder are one video. A
    single video is written to `output`. Several videos get a folder each in `output`; without `output`, every video
    gets one in `runs`. Two videos never share a folder, and no folder with results of another video is used.
    """
    named = list(_videos(words))
    videos = [video for _, video in named]
    if output is not None and len(videos) == 1:
        return [Input(videos[0], output, named[0][0])]
    root, taken = output or Path("runs"), set[str]()
    inputs = []
    for (own, video), names in zip(named, _distinct_names(videos), strict=True):
        name = _free_name(root, video, names, taken)
        taken.add(name)
        inputs.append(Input(video, root / name, own))
    return inputs


def one_input(word: str, root: Path) -> Input:
    """The one video that a word names, with its own folder in `root`."""
    from boostvsod.errors import ConfigError

    found = list(_videos([word]))
    if len(found) != 1:
        raise ConfigError(f"{word}: {len(found)} videos; name one of them")
    words, video = found[0]
    return Input(video, root / _free_name(root, video, _names(video), ()), words)


def _videos(words: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Video]]:
    """Each video once, with the words that name it alone."""
    from boostvsod.media.sources import find_videos, is_picture, picture_videos
    from boostvsod.media.video import Video

    pictures = [word for word in words if is_picture(word)]
    seen = set()
    for word in words:
        if word in pictures:  # all groups of pictures stand where the first picture was
            found = [(tuple(map(str, source.files)), source) for source in map(Video.open, picture_videos(pictures))]
        else:
            found = [((path,), Video.open(path)) for path in find_videos(word)]
        for own, video in found:
            if os.path.abspath(video.where) not in seen:
                yield own, video
            seen.add(os.path.abspath(video.where))


def _distinct_names(videos: Sequence[Video]) -> list[list[str]]:
    """For each video, names for its folder, the best first. The first names of all videos differ, if any do."""
    every = list(map(_names, videos))
    return [names[_first_distinct([n for n in every if n[0] == names[0]]) :] for names in every]


def _first_distinct(alike: Sequence[Sequence[str]]) -> int:
    """The first place at which several lists of names hold different names."""
    shortest = min(map(len, alike))
    return next((k for k in range(shortest) if len({names[k] for names in alike}) == len(alike)), 0)


def _free_name(root: Path, video: Video, names: Sequence[str], taken: Iterable[str]) -> str:
    """The first of the names whose folder in `root` no other video has."""
    from boostvsod.boosting.outputs import holds_another_video
    from boostvsod.errors import ConfigError

    for name in names:
        if name not in taken and not holds_another_video(root / name, video):
            return name
    raise ConfigError(f"{video.where}: all of its folders in {root} belong to other videos: {', '.join(names)}; use -o")


def _names(video: Video) -> list[str]:
    """The video's name; with the folder above it; with its suffix; with more and more of the folders above it."""
    from boostvsod.files import safe_name

    path = Path(os.path.abspath(video.where))
    above = [part for part in path.parent.parts if part != path.anchor]
    longer = ["-".join([*above[len(above) - count :], video.name]) for count in range(1, len(above) + 1)]
    suffixed = f"{video.name}-{path.suffix.lstrip('.')}" if path.suffix else video.name
    return [safe_name(name) for name in [video.name, *longer[:1], suffixed, *longer[1:]]]


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
