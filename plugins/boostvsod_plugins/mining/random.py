"""The miner random: it mines random frames, as a control for other miners (MQP, Table III)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, MakesTruth, Mined, Miner, Mining, Verdict
from boostvsod.offer import Offer, Share
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.kinds import Map


class RandomMiner:
    """Mines random frames. Their truth is the target's map, or the truth that the miner `like` makes."""

    def __init__(self, share: float, seed: int, like: Miner | None) -> None:
        self.share, self.seed, self.like = share, seed, like

    def mine(self, evidence: Evidence) -> Mining:
        import numpy as np

        total = len(evidence.frames)
        count = max(1, round(self.share * total)) if self.like is None else len(self.like.mine(evidence).mined)
        first = evidence.frames[0].index  # part of the seed: each piece of a video has its own draw
        chosen = np.random.default_rng([self.seed, first]).choice(total, count, replace=False).tolist()
        verdicts = tuple(Verdict(i in chosen, {}, "drawn" if i in chosen else "not drawn") for i in range(total))
        return Mining(tuple(Mined(i, self._truth(evidence, i), 0.0, "drawn") for i in sorted(chosen)), verdicts)

    def _truth(self, evidence: Evidence, i: int) -> Map:
        return self.like.truth(evidence, i) if isinstance(self.like, MakesTruth) else evidence.target[i]


def build(runtime: Runtime, share: Share = 0.2, like: str = "", options: dict[str, Any] | None = None) -> Miner:
    """`share`: of the frames to draw, at least one frame; `like`, `options`: draw as many as this miner mines."""
    from boostvsod import registry

    other = registry.build("miners", like, runtime, **(options or {})) if like else None
    return RandomMiner(share, runtime.seed, other)


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("random", "random frames: the control", build)]
