"""Clips of which few frames are annotated, to train networks for clips on, and what fills the gaps between.

RCRNet's protocol m/l (IV): of every l frames one has its mask, and m more are made from their neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from boostvsod import registry
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors import ConfigError
from boostvsod.files import path_stamp
from boostvsod.kinds import Densifier, Frame, LearnsToFill, Map, Mined, Rgb
from boostvsod.runtime import Runtime
from boostvsod.training.samples import Samples, load
from boostvsod.training.sources import SampleMaker


@dataclass(frozen=True)
class Protocol:
    """m/l: one mask in `l` frames, `m` more made by `filler`."""

    l: int = 5  # noqa: E741 - the paper's name
    m: int = 1
    filler: str = "warp"
    options: Mapping[str, Any] = field(default_factory=dict)  # of the filler

    def build(self, runtime: Runtime) -> Densifier:
        """The filler, which fills gaps of this protocol."""
        return registry.build("densifiers", self.filler, runtime, between=self.m, reach=self.l, **self.options)

    def stamp(self) -> list[Any]:
        """What changes when the masks that are made do."""
        return [self.l, self.m, self.filler, self.options, [path_stamp(value) for value in self.options.values()]]


def filler_that_learns(protocol: Protocol, runtime: Runtime) -> LearnsToFill:
    """The protocol's filler, if it has a network."""
    filler = protocol.build(runtime)
    if not isinstance(filler, LearnsToFill):
        raise ConfigError(f"densifier {protocol.filler!r} has no network that could be trained")
    return filler


@dataclass(frozen=True)
class Clips:
    """Frames of all clips in a row and where each clip lies; the label of a frame is 1 where its mask is known."""

    samples: Samples
    spans: tuple[range, ...]

    @property
    def known(self) -> Tensor:
        """N, float."""
        assert self.samples.labels is not None, "made by `clips_of`"
        return self.samples.labels

    @staticmethod
    def join(parts: Iterable[Clips]) -> Clips:
        """Several sets as one."""
        parts, spans, start = list(parts), [], 0
        for part in parts:
            spans += [range(start + span.start, start + span.stop) for span in part.spans]
            start += len(part.samples)
        return Clips(Samples.join(part.samples for part in parts), tuple(spans))


def clips_of(pairs: Pairs, sample_maker: SampleMaker, protocol: Protocol) -> Clips:
    """Clips under a protocol; what the filler makes is made once, if the sample_maker has a cache."""
    samples = sample_maker.kept("clips", pairs, lambda: _filled(pairs, sample_maker, protocol), protocol.stamp())
    spans, start = [], 0
    for clip in pairs.clips():
        spans.append(range(start, start + len(clip)))
        start += len(clip)
    return Clips(samples, tuple(spans))


def _filled(pairs: Pairs, sample_maker: SampleMaker, protocol: Protocol) -> Samples:
    filler = protocol.build(sample_maker.runtime) if protocol.m and protocol.l > 1 else None
    flow = registry.build("flows", sample_maker.flow, sample_maker.runtime)
    known: list[bool] = []

    def rows() -> Iterator[tuple[Rgb, Map]]:
        for frames, _, masks in annotated(pairs, protocol.l):
            made = {m.index: m.truth for m in (filler.fill(frames, masks, flow) if filler else masks)}
            known.extend(i in made for i in range(len(frames)))
            nothing = np.zeros(frames[0].rgb.shape[:2], np.float32)
            yield from ((frame.rgb, made.get(i, nothing)) for i, frame in enumerate(frames))

    samples = load(rows(), len(pairs), sample_maker.size)
    return Samples(samples.pictures, samples.masks, torch.tensor(known, dtype=torch.float32))


def gaps_of(pairs: Pairs, filler: LearnsToFill, sample_maker: SampleMaker, protocol: Protocol) -> Samples:
    """What a filler sees of the frames it would fill, N C S S, and the masks these frames really have."""
    return sample_maker.kept("gaps", pairs, lambda: _seen(pairs, filler, sample_maker, protocol), protocol.stamp())


def _seen(pairs: Pairs, filler: LearnsToFill, sample_maker: SampleMaker, protocol: Protocol) -> Samples:
    flow = registry.build("flows", sample_maker.flow, sample_maker.runtime)
    seen: list[Tensor] = []
    masks: list[Map] = []
    for frames, truths, known in annotated(pairs, protocol.l):
        for index, looks in filler.inputs(frames, known, flow):
            seen.append(looks.half())
            masks.append(truths[index])
    if not seen:
        raise ConfigError(f"{pairs.source}: no clip has a frame between two masks that are {protocol.l} frames apart")
    blank = np.zeros((*masks[0].shape, 3), np.uint8)
    small = load(((blank, mask) for mask in masks), len(masks), sample_maker.size)
    return Samples(torch.stack(seen), small.masks)


def annotated(pairs: Pairs, every: int) -> Iterator[tuple[list[Frame], list[Map], list[Mined]]]:
    """The frames of each clip, all their masks, and those of every l-th as if they had been mined."""
    for clip in pairs.clips():
        rgbs, truths = zip(*clip.read(), strict=True)
        frames = [Frame.of(rgb, i) for i, rgb in enumerate(rgbs)]
        yield frames, list(truths), [Mined(i, truths[i], 1.0, "annotated") for i in range(0, len(frames), every)]
