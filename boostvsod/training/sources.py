"""Training data: what samples are made of data sets, how they are cached, and which part is held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from boostvsod import registry
from boostvsod.datasets.pairs import Pairs
from boostvsod.datasets.splits import Split
from boostvsod.kinds import Map, Rgb
from boostvsod.recipe import Recipe
from boostvsod.registry import versions
from boostvsod.runtime import Runtime
from boostvsod.stamps import content_stamp, fingerprint
from boostvsod.training.motion import filmed, filmed_count, staged
from boostvsod.training.samples import Samples, load
from boostvsod.weights.stamps import code_stamp, part_stamp

HOLD_OUT = 20  # every 20th pair is held out, or the last of at most 20 clips
MARGIN = 0.4  # the largest margin around an object, as a share of the object's sides
WHOLE = Split()
T = TypeVar("T")


@dataclass(frozen=True)
class SampleMaker:
    """Makes samples of one size from pairs of pictures and masks.

    `flow` names the flow backend for samples of motion. Samples that are slow to make are stored in the folder
    `cache`, if it is given.
    """

    size: int
    runtime: Runtime
    flow: str = Recipe.flow
    cache: Path | None = None

    def pictures(self, pairs: Pairs) -> Samples:
        """The whole pictures and their masks."""
        return load(pairs.read(), len(pairs), self.size)

    def patches(self, pairs: Pairs) -> Samples:
        """Each picture cut around its object: training data for a network that refines crops (LIM, IV-A)."""
        return load(patches(pairs.read(), self.runtime.seed), len(pairs), self.size)

    def filmed(self, pairs: Pairs, *, one_way: bool = False) -> Samples:
        """Colour-coded flow of clips, and the masks of the frames."""

        def make() -> Samples:
            made = filmed(pairs, self.flow, self.size, self.runtime, one_way=one_way)
            return load(made, filmed_count(pairs, one_way=one_way), self.size)

        return self.cached("filmed", pairs, make, one_way)

    def staged(self, pairs: Pairs) -> Samples:
        """Colour-coded flow of motion that is staged with single pictures. `flow` may be `motion.EXACT` here."""

        def make() -> Samples:
            return load(staged(pairs, self.flow, self.size, self.runtime), len(pairs), self.size)

        return self.cached("staged", pairs, make)

    def cached(self, kind: str, pairs: Pairs, make: Callable[[], Samples], *stamps: object) -> Samples:
        """The samples that `make` returns, read from the cache if they were made before in the same way.

        `stamps` are further values on which the samples depend.
        """
        if self.cache is None:
            return make()
        source = [content_stamp(str(pairs.source)), [asdict(pair) for pair in pairs.pairs]]
        flow = part_stamp("flows", self.flow, {}) if self.flow in registry.offers("flows") else self.flow
        how = [flow, self.size, self.runtime.seed, stamps, versions(), code_stamp()]
        path = self.cache / f"{kind}-{fingerprint(source, how)}.samples"
        if not path.exists():
            make().write(path)
        return Samples.read(path)


def load_sources(
    sources: Iterable[str],
    validate: str | None,
    make: Callable[[Pairs], T],
    make_held_out: Callable[[Pairs], T] | None = None,
    split: Split = WHOLE,
    *,
    every_frame: bool = False,
) -> tuple[list[T], T]:
    """The training data of each source, and the data that are held out for validation.

    The held-out data come from `validate`, or else are a part of the first source. They are made by `make` too,
    unless `make_held_out` is given. `split` chooses the clips; `every_frame` includes frames without a mask.
    """
    make_held_out = make_held_out or make
    first, *others = (split.training(source, every_frame=every_frame) for source in sources)
    if validate is not None:
        held = split.validation(validate, every_frame=every_frame)
        return [make(pairs) for pairs in (first, *others)], make_held_out(held)
    train, held_out = first.split(HOLD_OUT)
    return [make(pairs) for pairs in (train, *others)], make_held_out(held_out)


def patches(pairs: Iterable[tuple[Rgb, Map]], seed: int) -> Iterable[tuple[Rgb, Map]]:
    """Cut each picture around its object, with a random margin on each side. Empty masks give the whole picture."""
    for number, (rgb, mask) in enumerate(pairs):
        rows, columns = (np.flatnonzero((mask > 0.5).any(axis)) for axis in (1, 0))
        if not len(rows):
            yield rgb, mask
            continue
        margins = np.random.default_rng([seed, number]).uniform(0, MARGIN, 4)
        inside = tuple(_widened(line, two) for line, two in zip((rows, columns), margins.reshape(2, 2), strict=True))
        yield rgb[inside], mask[inside]


def _widened(line: np.ndarray, margins: np.ndarray) -> slice:
    """The range from the first to the last number in `line`, made longer by two margins."""
    low, high = int(line[0]), int(line[-1]) + 1
    before, after = (round(margin * (high - low)) for margin in margins)
    return slice(max(0, low - before), high + after)
