"""Frames in which independent opinions agree: the target's, the motion's, a network's, and a closer look.

None of them is right everywhere, and they err differently: colour errs on clutter, motion on what stands
still. Where they agree they are likely right, and what they say together is better than any of them.
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
HEARD = 0.25  # of the frames: from there on those without motion can be done without


@dataclass
class TrustMiner:
    """Of every B frames the one with the most agreement, if that is not far below the best of the piece.

    Where the object stands still for a while, motion is silent, and colours alone may agree on something else.
    """

    student: Student
    look: CloserLook
    B: int
    floor: float
    least: float
    runtime: Runtime

    def mine(self, evidence: Evidence) -> Mining:
        from boostvsod_plugins.opinions import agreement, says_something

        trust: list[float] = []
        moves: list[bool] = []
        for start in range(0, len(evidence.frames), BATCH):
            numbers = range(start, min(start + BATCH, len(evidence.frames)))
            for maps in self._opinions(evidence, numbers):
                trust.append(agreement(maps))
                moves.append(says_something(maps[1]))
        heard = _heard(moves)
        bar = max(self.least, self.floor * max(t for t, counts in zip(trust, heard, strict=True) if counts))
        windows = [range(s, min(s + self.B, len(trust))) for s in range(0, len(trust), self.B)]
        rivals = [[i for i in window if heard[i] and trust[i] >= bar] for window in windows]
        keys = [max(frames, key=trust.__getitem__) for frames in rivals if frames]
        verdicts = [self._verdict(i, trust, bar, heard[i], i in keys) for i in range(len(trust))]
        mined = [Mined(i, self.truth(evidence, i), trust[i], verdicts[i].why) for i in keys]
        return Mining(tuple(mined), tuple(verdicts))

    def truth(self, evidence: Evidence, i: int) -> Map:
        """What all say together, and the closer look, in equal parts: the one is sure, the other sharp."""
        import numpy as np

        from boostvsod.images import stretched
        from boostvsod_plugins.opinions import consensus

        maps = self._opinions(evidence, [i])[0]
        return np.asarray((consensus(maps) + stretched(maps[-1])) / 2, np.float32)

    def _opinions(self, evidence: Evidence, numbers: Sequence[int]) -> list[list[Map]]:
        """Target, motion, network, closer look: of each frame."""
        from boostvsod.predict import predict
        from boostvsod_plugins.opinions import consensus

        pictures = [evidence.frames[i].rgb for i in numbers]
        found = []
        for i, rgb, own in zip(numbers, pictures, predict(self.student, pictures, self.runtime), strict=True):
            maps = [evidence.target[i], evidence.motion[i], own]
            found.append([*maps, self.look(rgb, consensus(maps))])
        return found

    def _verdict(self, i: int, trust: Sequence[float], bar: float, heard: bool, key: bool) -> Verdict:
        start = i - i % self.B
        rivals = [k for k in range(start, min(start + self.B, len(trust))) if k != i]
        told = f"trust {trust[i]:.3f}"
        if not heard:
            return Verdict(key, {"trust": trust[i]}, f"{told}, but nothing moves here: colours may agree on scenery")
        if trust[i] < bar:
            return Verdict(key, {"trust": trust[i]}, f"{told} < {bar:.3f}: the opinions differ too much")
        against = ", ".join(f"{k} ({trust[k]:.3f})" for k in rivals) or "none"
        outcome = "the best of" if key else "not the best of"
        return Verdict(key, {"trust": trust[i]}, f"{told} >= {bar:.3f}, {outcome} {self.B} frames; rivals: {against}")


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
    B: int = 3,
    floor: float = 0.2,
    least: float = 0.15,
) -> Miner:
    """`student`, `weights`, `size`: the network whose opinion counts; `closer`: weights that look closer, beside
    those; `margin` of that look; `B`: frames per mined one; `floor`: of the best agreement in the piece, and
    `least` at all: frames with less are not mined.
    """
    from boostvsod import registry
    from boostvsod_plugins.opinions import CloserLook

    if B < 1:
        raise ConfigError(f"trust.B={B}: at least 1 frame")
    own = registry.build("students", student, runtime, weights=weights, size=size)
    lookers = [registry.build("students", student, runtime, weights=name) for name in dict.fromkeys((closer, weights))]
    return TrustMiner(own, CloserLook(lookers, margin, runtime), B, floor, least, runtime)


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("trust", "frames in which independent opinions agree", build)]
