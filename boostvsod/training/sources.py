"""What networks are trained on: samples of one kind from data sets, and what is kept of them for the next time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from boostvsod.datasets.pairs import Pairs
from boostvsod.files import fingerprint, path_stamp
from boostvsod.kinds import Map, Rgb
from boostvsod.registry import versions
from boostvsod.runtime import Runtime
from boostvsod.training.motion import filmed, filmed_count, staged
from boostvsod.training.samples import Samples, load

HOLD_OUT = 20  # every 20th pair, or the last of at most 20 clips
MARGIN = 0.4  # around an object, at most, as a share of its sides
Made = TypeVar("Made")


@dataclass(frozen=True)
class SampleMaker:
    """How samples are made of pairs: their side, who sees motion, and a folder for what is slow to make."""

    size: int
    runtime: Runtime
    flow: str = "dis"
    cache: Path | None = None

    def pictures(self, pairs: Pairs) -> Samples:
        """Pictures and masks as they are."""
        return load(pairs.read(), len(pairs), self.size)

    def patches(self, pairs: Pairs) -> Samples:
        """The object of each picture with little around it: what a network sees that looks closer (LIM, IV-A)."""
        return load(patches(pairs.read(), self.runtime.seed), len(pairs), self.size)

    def filmed(self, pairs: Pairs) -> Samples:
        """Colour-coded flow of clips, and the masks."""
        count = filmed_count(pairs)
        return self.kept("filmed", pairs, lambda: load(filmed(pairs, *self._how()), count, self.size))

    def staged(self, pairs: Pairs) -> Samples:
        """The same of motions staged with single pictures; the flow may be `motiondata.EXACT` here."""
        return self.kept("staged", pairs, lambda: load(staged(pairs, *self._how()), len(pairs), self.size))

    def _how(self) -> tuple[str, int, Runtime]:
        return self.flow, self.size, self.runtime

    def kept(self, kind: str, pairs: Pairs, make: Callable[[], Samples], *stamps: object) -> Samples:
        """What `make` makes, or made before of the same pairs in the same way."""
        if self.cache is None:
            return make()
        source = [path_stamp(str(pairs.source)), [asdict(pair) for pair in pairs.pairs]]
        how = [self.flow, self.size, self.runtime.seed, stamps, versions()]
        path = self.cache / f"{kind}-{fingerprint(source, how)}.samples"
        if not path.exists():
            make().write(path)
        return Samples.read(path)


def load_sources(
    sources: Iterable[str],
    validate: str | None,
    make: Callable[[Pairs], Made],
    held_out: Callable[[Pairs], Made] | None = None,
) -> tuple[list[Made], Made]:
    """What to train on, source by source, and what is held out: `validate`, or a part of the first source.

    What is held out is made in the same way, unless `held_out` says otherwise.
    """
    examine = held_out or make
    first, *others = map(Pairs.open, sources)
    if validate is not None:
        return [make(pairs) for pairs in (first, *others)], examine(Pairs.open(validate))
    train, held = first.split(HOLD_OUT)
    return [make(pairs) for pairs in (train, *others)], examine(held)


def patches(pairs: Iterable[tuple[Rgb, Map]], seed: int) -> Iterable[tuple[Rgb, Map]]:
    """Each picture cut around its object, with another random margin on each side."""
    for number, (rgb, mask) in enumerate(pairs):
        rows, columns = (np.flatnonzero((mask > 0.5).any(axis)) for axis in (1, 0))
        if not len(rows):
            yield rgb, mask
            continue
        margins = np.random.default_rng([seed, number]).uniform(0, MARGIN, 4)
        inside = tuple(_widened(line, two) for line, two in zip((rows, columns), margins.reshape(2, 2), strict=True))
        yield rgb[inside], mask[inside]


def _widened(line: np.ndarray, margins: np.ndarray) -> slice:
    low, high = int(line[0]), int(line[-1]) + 1
    before, after = (round(margin * (high - low)) for margin in margins)
    return slice(max(0, low - before), high + after)
