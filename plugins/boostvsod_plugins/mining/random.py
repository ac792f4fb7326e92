"""Frames chosen by lot: the control every miner has to beat (MQP, Table III)."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, Mined, Miner, Mining, Verdict
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime


class RandomMiner:
    """Every frame is as good as another; the truth is the target's map."""

    def __init__(self, share: float, seed: int) -> None:
        self.share, self.seed = share, seed

    def mine(self, evidence: Evidence) -> Mining:
        import numpy as np

        total = len(evidence.frames)
        count = max(1, round(self.share * total))
        first = evidence.frames[0].index  # pieces of one video draw differently, whatever their order
        chosen = np.random.default_rng([self.seed, first]).choice(total, count, replace=False).tolist()
        verdicts = tuple(Verdict(i in chosen, {}, "drawn" if i in chosen else "not drawn") for i in range(total))
        return Mining(tuple(Mined(i, evidence.target[i], 0.0, "drawn") for i in sorted(chosen)), verdicts)


def build(runtime: Runtime, share: float = 0.2) -> Miner:
    """`share` of the frames are drawn, at least one."""
    return RandomMiner(share, runtime.seed)


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("random", "frames by lot: the control", build)]
