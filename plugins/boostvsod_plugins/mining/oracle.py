"""The miner oracle: it chooses frames with ground truth. It shows the most that a choice of frames can gain.

It is for benchmarks only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, MakesTruth, Mined, Miner, Mining, Verdict
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.datasets.layouts import Sequence


class OracleMiner:
    """Mines the frames whose target map has the highest S, and as many frames as the miner `like` mines."""

    def __init__(self, clip: Sequence, like: Miner) -> None:
        self.clip, self.like = clip, like

    def mine(self, evidence: Evidence) -> Mining:
        from boostvsod.metrics.structure import s_measure

        count = len(self.like.mine(evidence).mined)
        scores = {
            i: s_measure(evidence.target[i], self.clip.truth(frame.name))
            for i, frame in enumerate(evidence.frames)
            if frame.name in self.clip.truths
        }
        best = sorted(sorted(scores, key=scores.__getitem__, reverse=True)[:count])
        verdicts = [
            Verdict(i in best, {"S": scores[i]} if i in scores else {}, f"{'' if i in best else 'not '}among the best")
            for i in range(len(evidence.frames))
        ]
        truth = self.like.truth if isinstance(self.like, MakesTruth) else lambda evidence, i: evidence.target[i]
        return Mining(tuple(Mined(i, truth(evidence, i), scores[i], verdicts[i].why) for i in best), tuple(verdicts))


def build(runtime: Runtime, data: str, sequence: str, like: str, options: dict[str, Any] | None = None) -> Miner:
    """`data`: the data set; `sequence`: the name of this video in it; `like`, `options`: the miner to compare with."""
    from boostvsod import registry
    from boostvsod.datasets.layouts import open_dataset
    from boostvsod.errors import ConfigError

    for clip in open_dataset(data).sequences:
        if clip.name == sequence:
            return OracleMiner(clip, registry.build("miners", like, runtime, **(options or {})))
    raise ConfigError(f"oracle.sequence {sequence!r} is not in {data}")


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("oracle", "frames chosen with ground truth: the upper limit, for benchmarks", build)]
