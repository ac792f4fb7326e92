"""The published division of a data set: which clips are for training, and which are for evaluation.

DAVIS has it in the folder ImageSets: `ImageSets/480p/train.txt` lists frames, `ImageSets/2017/train.txt` sequences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from boostvsod.datasets.layouts import read_layout
from boostvsod.datasets.listed import list_files, read_list
from boostvsod.datasets.pairs import Pair, Pairs
from boostvsod.errors import ConfigError
from boostvsod.media.archive import File, Tree

TRAIN, VAL, ALL = "train", "val", "all"
RESOLUTIONS = ("480p", "1080p", "full-resolution")  # folders with the same frames; the first one is used


@dataclass(frozen=True)
class Split:
    """Which clips of a source a training uses: those of one published list, or `all`.

    By default, it is the list `train` of a source that has lists, and everything of a source that has none. Clips that
    an evaluation uses are refused unless `test_clips` allows them.
    """

    name: str = ""
    test_clips: bool = False

    def training(self, source: str, *, every_frame: bool = False) -> Pairs:
        """The pairs of a source to train on; with `every_frame` also the frames without a mask."""
        pairs = in_split(Pairs.open(source, every_frame=every_frame), self.name or TRAIN, asked=bool(self.name))
        if not self.test_clips:
            refuse_test_clips(pairs, source)
        return pairs

    def validation(self, source: str, *, every_frame: bool = False) -> Pairs:
        """The pairs of a source to validate on: its list `val` if it has lists, else everything."""
        return in_split(Pairs.open(source, every_frame=every_frame), VAL, asked=False)


def in_split(pairs: Pairs, name: str, *, asked: bool) -> Pairs:
    """The pairs of the listed clips, in one resolution. A source without lists is used whole, unless it was `asked`."""
    files = pairs.source.walk()
    pairs = in_one_resolution(pairs)
    if name == ALL or not (lists := list_files(files)):
        if asked and name != ALL:
            raise ConfigError(f"{pairs.source}: --split {name} needs a list such as ImageSets/480p/{name}.txt in it")
        return pairs
    chosen = [file for path, file in lists.items() if PurePosixPath(path).stem.lower() == name]
    if not chosen:
        known = sorted({PurePosixPath(path).stem for path in lists})
        raise ConfigError(f"{pairs.source}: there is no list {name}.txt in ImageSets; there are: {', '.join(known)}")
    clips = read_list(_of_most(chosen))
    kept = tuple(pair for pair in pairs.pairs if PurePosixPath(pair.picture).parent.name in clips)
    if not kept:
        raise ConfigError(f"{pairs.source}: no clip of the list {name}.txt has masks here")
    return Pairs(pairs.source, kept)


def _of_most(lists: Iterable[File]) -> File:
    """The list that names most clips: DAVIS-2017's includes that of 2016."""
    return max(lists, key=lambda file: len(read_list(file)))


def in_one_resolution(pairs: Pairs) -> Pairs:
    """The pairs without those that repeat the same frames in another resolution."""
    by_folder: dict[str, list[Pair]] = {}
    for pair in pairs.pairs:
        folders = {part.lower() for part in PurePosixPath(pair.picture).parts}
        by_folder.setdefault(next((r for r in RESOLUTIONS if r in folders), ""), []).append(pair)
    first = next((r for r in RESOLUTIONS if r in by_folder), "")
    kept = [*by_folder.get("", []), *(by_folder[first] if first else [])]
    return replace(pairs, pairs=tuple(pair for pair in pairs.pairs if pair in set(kept)))


def refuse_test_clips(pairs: Pairs, source: str) -> None:
    """Raise an error if a clip is one on which an evaluation is made."""
    for title, pictures in _evaluated(pairs.source).items():
        clips = {
            PurePosixPath(p.picture).parent.name for p in pairs.pairs if str(pairs.source.file(p.picture)) in pictures
        }
        if clips:
            raise ConfigError(
                f"{source}: {len(clips)} clips to train on are test clips of {title}: {', '.join(sorted(clips)[:3])}"
                f"{', ...' if len(clips) > 3 else ''}; choose --split train, or allow it with --test-clips"
            )


def _evaluated(tree: Tree) -> Mapping[str, set[str]]:
    """The pictures of each test set that the source holds, by the title of the test set."""
    from boostvsod import registry

    layouts = [registry.build("datasets", name) for name in registry.offers("datasets")]
    found = {layout.title: read_layout(layout, tree) for layout in layouts if layout.test}
    return {title: {str(f) for s in data.sequences for f in s.frames} for title, data in found.items() if data}
