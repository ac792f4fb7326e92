"""Frames on which independent opinions settle: the target's, the motion's, a network's, and a closer look.

None of them is right everywhere, and they err differently: colour errs on clutter, motion on what stands
still. What they say together is better than any of them, and it tells itself where it is good: it is white, not
grey, where they agree, and as large as in the frames around.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boostvsod.errors import ConfigError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, Map, Mined, Miner, Mining, Student, Verdict
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod_plugins.opinions import CloserLook

BATCH = 8
LOSS = 0.36  # S lost by a truth that is all grey: fitted to DAVIS-2016 train (examples/calibrate_trust.py)
AROUND = 10  # frames on each side are near
HEARD = 0.25  # of the frames: from there on those without motion can be done without


@dataclass(frozen=True)
class Features:
    """What a frame is trusted for. Its truth is what the opinions say together: grey where they differ."""

    agreement: float  # overlap of the opinions
    moves: bool
    sure: float  # how white the truth is
    area: float  # of the truth


@dataclass
class TrustMiner:
    """Of every B frames the one whose truth is probably best, if none near by is much better.

    Where the object stands still for a while, motion is silent, and colours alone may agree on something else.
    """

    student: Student
    look: CloserLook
    B: int
    near: float
    least: float
    agree: float
    runtime: Runtime

    def mine(self, evidence: Evidence) -> Mining:
        import numpy as np

        features, truths = [], []
        for start in range(0, len(evidence.frames), BATCH):
            numbers = range(start, min(start + BATCH, len(evidence.frames)))
            for maps in self._opinions(evidence, numbers):
                truth = _truth(maps)
                features.append(_signs(maps, truth))
                truths.append(truth.astype(np.float16))  # a piece is short, but frames may be large
        trust = trusted(features)
        doubts = self._doubts(features, trust)
        windows = [range(s, min(s + self.B, len(trust))) for s in range(0, len(trust), self.B)]
        rivals = [[i for i in window if not doubts[i]] for window in windows]
        keys = [max(frames, key=trust.__getitem__) for frames in rivals if frames]
        verdicts = [self._verdict(i, trust, doubts[i], rivals[i // self.B], i in keys) for i in range(len(trust))]
        mined = [Mined(i, truths[i].astype(np.float32), trust[i], verdicts[i].why) for i in keys]
        return Mining(tuple(mined), tuple(verdicts))

    def truth(self, evidence: Evidence, i: int) -> Map:
        """What the opinions say together of frame `i`."""
        return _truth(self._opinions(evidence, [i])[0])

    def _opinions(self, evidence: Evidence, numbers: Sequence[int]) -> list[list[Map]]:
        """Target, motion, network, closer look: of each frame."""
        from boostvsod.training.students import predict
        from boostvsod_plugins.opinions import consensus

        pictures = [evidence.frames[i].rgb for i in numbers]
        found = []
        for i, rgb, own in zip(numbers, pictures, predict(self.student, pictures, self.runtime), strict=True):
            maps = [evidence.target[i], evidence.motion[i], own]
            found.append([*maps, self.look(rgb, consensus(maps))])
        return found

    def _doubts(self, features: Sequence[Features], trust: Sequence[float]) -> list[str]:
        """Why each frame is not to be learnt from; empty if it may be."""
        heard = _heard([s.moves for s in features])
        doubts = [self._doubt(*of) for of in zip(features, trust, heard, strict=True)]
        sound = [0.0 if doubt else t for doubt, t in zip(doubts, trust, strict=True)]
        for i, doubt in enumerate(doubts):
            best = max(sound[max(0, i - AROUND) : i + AROUND + 1])
            if not doubt and trust[i] < best - self.near:
                doubts[i] = f"a frame near by has {best:.3f}"
        return doubts

    def _doubt(self, features: Features, trust: float, heard: bool) -> str:
        """What speaks against a frame by itself."""
        if not heard:
            return "nothing moves here: colours may agree on scenery"
        if features.agreement < self.agree:
            return f"the opinions overlap by {features.agreement:.2f} < {self.agree:g}"
        return f"less than {self.least:g}" if trust < self.least else ""

    def _verdict(self, i: int, trust: Sequence[float], doubt: str, rivals: Sequence[int], key: bool) -> Verdict:
        told, scores = f"trust {trust[i]:.3f}", {"trust": trust[i]}
        if doubt:
            return Verdict(key, scores, f"{told}, but {doubt}")
        against = ", ".join(f"{k} ({trust[k]:.3f})" for k in rivals if k != i) or "none"
        outcome = "the best of" if key else "not the best of"
        return Verdict(key, scores, f"{told}, {outcome} {self.B} frames; rivals: {against}")


def _signs(maps: Sequence[Map], truth: Map) -> Features:
    from boostvsod.media.maps import shows_object
    from boostvsod_plugins.opinions import agreement, small, sureness

    seen = small(truth)
    return Features(agreement(maps), shows_object(maps[1]), sureness(seen), float(seen.mean()))


def trusted(features: Sequence[Features]) -> list[float]:
    """The S to expect of each frame's truth: it is good where it is white, not grey, and as large as around it."""
    from boostvsod_plugins.opinions import steadiness

    steady = steadiness([s.area for s in features], AROUND)
    return [1 - LOSS * (1 - s.sure * size) for s, size in zip(features, steady, strict=True)]


def _truth(maps: Sequence[Map]) -> Map:
    """What all say together, and the closer look, in equal parts: the one is sure, the other sharp."""
    import numpy as np

    from boostvsod.media.maps import stretched
    from boostvsod_plugins.opinions import consensus

    return np.asarray((consensus(maps) + stretched(maps[-1])) / 2, np.float32)


def _heard(moves: Sequence[bool]) -> list[bool]:
    """Which frames count: those in which motion says something; all, if it is silent nearly everywhere."""
    return list(moves) if sum(moves) >= HEARD * len(moves) else [True] * len(moves)


def build(
    runtime: Runtime,
    student: str = "lite",
    weights: str = "lite-video",
    size: int = 320,
    closer: str = "lite",
    margin: float = 0.25,
    B: int = 2,
    near: float = 0.05,
    least: float = 0.7,
    agree: float = 0.15,
) -> Miner:
    """`student`, `weights`, `size`: the network whose opinion counts; `closer`: weights that look closer, beside
    those; `margin` of that look; `B`: frames per mined one. Not mined are frames with less than `least`
    trust, with `near` less than one near by, and those whose opinions overlap by less than `agree`.
    """
    from boostvsod import registry
    from boostvsod.training.students import for_inference
    from boostvsod_plugins.opinions import CloserLook

    if B < 1:
        raise ConfigError(f"trust.B={B}: at least 1 frame")
    own = registry.build("students", student, runtime, weights=weights, size=size)
    lookers = [registry.build("students", student, runtime, weights=name) for name in dict.fromkeys((closer, weights))]
    return TrustMiner(for_inference(own, runtime), CloserLook(lookers, margin, runtime), B, near, least, agree, runtime)


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("trust", "frames on whose truth independent opinions settle", build)]
