"""Sparsely annotated clips: training data for networks that see clips, and for those that fill the gaps.

RCRNet's label protocol m/l (IV): one of every l frames has its mask, and m more masks are made between two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from boostvsod import registry
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors import ConfigError
from boostvsod.errors.user_code import user_code
from boostvsod.kinds import Densifier, Frame, Frames, LearnsToFill, Map, Mined, Rgb
from boostvsod.offer import Range
from boostvsod.runtime import Runtime
from boostvsod.settings import check_fields
from boostvsod.training.samples import Samples, load
from boostvsod.training.sources import SampleMaker
from boostvsod.weights.stamps import part_stamp


@dataclass(frozen=True)
class LabelProtocol:
    """The protocol m/l: one mask in `every` (l) frames, and `made` (m) more that the densifier makes.

    `densifier` is a name from the registry; it is only needed if `made` is above 0.
    """

    every: Annotated[int, Range(1, 1000)] = 5
    made: Annotated[int, Range(0, 1000)] = 1
    densifier: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)  # of the densifier

    def __post_init__(self) -> None:
        check_fields(self, "protocol")

    def build(self, runtime: Runtime) -> Densifier:
        """The densifier, set to fill the gaps of this protocol."""
        options = {"between": self.made, "reach": ANY_GAP, **self.options}
        return registry.build("densifiers", self.densifier, runtime, **options)

    def stamp(self) -> list[Any]:
        """Everything on which the made masks depend, for cache keys."""
        return [self.every, self.made, part_stamp("densifiers", self.densifier, self.options)]


ALL_MASKS = LabelProtocol(every=1, made=0)
ANY_GAP = 1000  # frames: the masks of a clip are neighbours, however far apart they are (VOS: 15 frames)


def trainable_densifier(protocol: LabelProtocol, runtime: Runtime) -> LearnsToFill:
    """The protocol's densifier; an error if it has no network to train."""
    densifier = protocol.build(runtime)
    if not isinstance(densifier, LearnsToFill):
        raise ConfigError(f"densifier {protocol.densifier!r} has no network that could be trained")
    return densifier


@dataclass(frozen=True)
class Clips:
    """The frames of all clips in one row, and the range of each clip in it.

    The samples' labels are 1 where the mask of a frame is known, else 0.
    """

    samples: Samples
    spans: tuple[range, ...]

    @property
    def known(self) -> Tensor:
        """1 for each frame whose mask is known, else 0; N floats."""
        assert self.samples.labels is not None, "`clips_of` always sets labels"
        return self.samples.labels

    @staticmethod
    def join(parts: Iterable[Clips]) -> Clips:
        """All clips of several sets, in order."""
        parts, spans, start = list(parts), [], 0
        for part in parts:
            spans += [range(start + span.start, start + span.stop) for span in part.spans]
            start += len(part.samples)
        return Clips(Samples.join(part.samples for part in parts), tuple(spans))


def clips_of(pairs: Pairs, sample_maker: SampleMaker, protocol: LabelProtocol, *, whole: bool = False) -> Clips:
    """The clips of `pairs`, labelled by the protocol. The frames and masks are cached if there is a cache.

    They consist of the frames whose mask is given or made (RCRNet, IV); `whole` clips hold all frames, for evaluation.
    """

    def make() -> Samples:
        return _filled(pairs, sample_maker, protocol, whole)

    samples = sample_maker.cached("clips", pairs, make, protocol.stamp(), whole)
    assert samples.labels is not None, "`_filled` sets labels"
    numbers = samples.labels.abs().long()
    lengths = torch.unique_consecutive(numbers, return_counts=True)[1].tolist()
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    spans = tuple(range(start, start + length) for start, length in zip(starts, lengths, strict=True))
    return Clips(Samples(samples.pictures, samples.masks, (samples.labels > 0).float()), spans)


def _filled(pairs: Pairs, sample_maker: SampleMaker, protocol: LabelProtocol, whole: bool) -> Samples:
    """Frames with the given and the made masks; a mask that is not known is empty.

    The label of a frame is the number of its clip, from 1 on; it is negative if the frame's mask is not known.
    """
    densifier = protocol.build(sample_maker.runtime) if protocol.made and protocol.every > 1 else None
    flow = registry.build("flows", sample_maker.flow, sample_maker.runtime)
    labels: list[int] = []

    def rows() -> Iterator[tuple[Rgb, Map]]:
        for number, clip in enumerate(pairs.clips(), 1):
            frames, given = annotated(clip, protocol.every)
            with user_code(f"densifier {protocol.densifier}"):
                filled = densifier.fill(frames, given, flow) if densifier else given
            masks = {mined.index: mined.truth for mined in filled}
            for i in range(len(frames)) if whole else sorted(masks):
                rgb = frames[i].rgb
                labels.append(number if i in masks else -number)
                yield rgb, masks.get(i, np.zeros(rgb.shape[:2], np.float32))

    samples = load(rows(), len(pairs), sample_maker.size)
    count = len(labels)
    return Samples(samples.pictures[:count].clone(), samples.masks[:count].clone(), torch.tensor(labels).float())


def gaps_of(pairs: Pairs, densifier: LearnsToFill, sample_maker: SampleMaker, protocol: LabelProtocol) -> Samples:
    """The network inputs, N C S S, and the masks of the middle frames of all triples of labelled frames."""

    def make() -> Samples:
        return _gaps(pairs, densifier, sample_maker, protocol)

    return sample_maker.cached("gaps", pairs, make, protocol.stamp())


def _gaps(pairs: Pairs, densifier: LearnsToFill, sample_maker: SampleMaker, protocol: LabelProtocol) -> Samples:
    flow = registry.build("flows", sample_maker.flow, sample_maker.runtime)
    inputs: list[Tensor] = []
    masks: list[Map] = []
    for clip in pairs.clips():
        frames, given = annotated(clip, protocol.every)
        for before, middle, after in triples(given):
            for index, one in densifier.inputs(frames, [before, after], flow):
                assert index == middle.index, "a triple is evenly spaced"
                inputs.append(one.half())
                masks.append(middle.truth)
    if not inputs:
        raise ConfigError(
            f"{pairs.source}: no clip has three evenly spaced labelled frames that are {protocol.every} or more apart"
        )
    blank = np.zeros((*masks[0].shape, 3), np.uint8)
    small = load(((blank, mask) for mask in masks), len(masks), sample_maker.size)
    return Samples(torch.stack(inputs), small.masks)


def triples(given: Sequence[Mined]) -> Iterator[tuple[Mined, Mined, Mined]]:
    """Three neighbouring labelled frames i < k < j with k - i = j - k (RCRNet, III-C): the middle one is learnt."""
    for one, two, three in zip(given, given[1:], given[2:], strict=False):
        if two.index - one.index == three.index - two.index:
            yield one, two, three


def annotated(clip: Pairs, every: int) -> tuple[Frames, list[Mined]]:
    """The frames of a clip, and its masks that are at least `every` frames apart, in the form of mined frames."""
    frames = ClipFrames(clip)
    given: list[Mined] = []
    for i, pair in enumerate(clip.pairs):
        if (not given or i - given[-1].index >= every) and (mask := clip.mask(pair)) is not None:
            given.append(Mined(i, mask, 1.0, "annotated"))
    return frames, given


@dataclass(frozen=True)
class ClipFrames:
    """The frames of one clip, decoded on access: a clip may be long and large."""

    clip: Pairs

    def __len__(self) -> int:
        return len(self.clip)

    def __getitem__(self, i: int, /) -> Frame:
        pair = self.clip.pairs[i]
        return Frame(i, PurePosixPath(pair.picture).stem, self.clip.picture(pair))

    def __iter__(self) -> Iterator[Frame]:
        return (self[i] for i in range(len(self)))
