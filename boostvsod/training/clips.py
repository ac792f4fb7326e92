"""Sparsely annotated clips: training data for networks that see clips, and for those that fill the gaps.

RCRNet's label protocol m/l (IV): one of every l frames has its mask, and m more masks are made between two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from boostvsod import registry
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors import ConfigError
from boostvsod.errors.user_code import user_code
from boostvsod.kinds import Densifier, Frame, LearnsToFill, Map, Mined, Rgb
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
        return registry.build(
            "densifiers", self.densifier, runtime, between=self.made, reach=self.every, **self.options
        )

    def stamp(self) -> list[Any]:
        """Everything on which the made masks depend, for cache keys."""
        return [self.every, self.made, part_stamp("densifiers", self.densifier, self.options)]


ALL_MASKS = LabelProtocol(every=1, made=0)


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


def clips_of(pairs: Pairs, sample_maker: SampleMaker, protocol: LabelProtocol) -> Clips:
    """The clips of `pairs`, labelled by the protocol. The frames and masks are cached if there is a cache."""
    samples = sample_maker.cached("clips", pairs, lambda: _filled(pairs, sample_maker, protocol), protocol.stamp())
    spans, start = [], 0
    for clip in pairs.clips():
        spans.append(range(start, start + len(clip)))
        start += len(clip)
    return Clips(samples, tuple(spans))


def _filled(pairs: Pairs, sample_maker: SampleMaker, protocol: LabelProtocol) -> Samples:
    """All frames, with the given and the made masks; a mask that is not known is empty and has label 0."""
    densifier = protocol.build(sample_maker.runtime) if protocol.made and protocol.every > 1 else None
    flow = registry.build("flows", sample_maker.flow, sample_maker.runtime)
    known: list[bool] = []

    def rows() -> Iterator[tuple[Rgb, Map]]:
        for frames, _, given in annotated(pairs, protocol.every):
            with user_code(f"densifier {protocol.densifier}"):
                filled = densifier.fill(frames, given, flow) if densifier else given
            masks = {mined.index: mined.truth for mined in filled}
            known.extend(i in masks for i in range(len(frames)))
            empty = np.zeros(frames[0].rgb.shape[:2], np.float32)
            yield from ((frame.rgb, masks.get(i, empty)) for i, frame in enumerate(frames))

    samples = load(rows(), len(pairs), sample_maker.size)
    return Samples(samples.pictures, samples.masks, torch.tensor(known, dtype=torch.float32))


def gaps_of(pairs: Pairs, densifier: LearnsToFill, sample_maker: SampleMaker, protocol: LabelProtocol) -> Samples:
    """The network inputs, N C S S, for all frames that the densifier would fill, and the real masks of these frames."""

    def make() -> Samples:
        return _gaps(pairs, densifier, sample_maker, protocol)

    return sample_maker.cached("gaps", pairs, make, protocol.stamp())


def _gaps(pairs: Pairs, densifier: LearnsToFill, sample_maker: SampleMaker, protocol: LabelProtocol) -> Samples:
    flow = registry.build("flows", sample_maker.flow, sample_maker.runtime)
    inputs: list[Tensor] = []
    masks: list[Map] = []
    for frames, truths, given in annotated(pairs, protocol.every):
        for index, one in densifier.inputs(frames, given, flow):
            inputs.append(one.half())
            masks.append(truths[index])
    if not inputs:
        raise ConfigError(f"{pairs.source}: no clip has a frame between two masks {protocol.every} frames apart")
    blank = np.zeros((*masks[0].shape, 3), np.uint8)
    small = load(((blank, mask) for mask in masks), len(masks), sample_maker.size)
    return Samples(torch.stack(inputs), small.masks)


def annotated(pairs: Pairs, every: int) -> Iterator[tuple[list[Frame], list[Map], list[Mined]]]:
    """For each clip: its frames, all its masks, and every `every`-th mask in the form of a mined frame."""
    for clip in pairs.clips():
        rgbs, truths = zip(*clip.read(), strict=True)
        frames = [Frame.of(rgb, i) for i, rgb in enumerate(rgbs)]
        yield frames, list(truths), [Mined(i, truths[i], 1.0, "annotated") for i in range(0, len(frames), every)]
