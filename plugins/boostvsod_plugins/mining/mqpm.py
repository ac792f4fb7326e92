"""The miner mqpm: it mines frames with good motion that is consistent with the target's map (MQP, V-A and V-B)."""

from __future__ import annotations

from collections.abc import Sequence

from boostvsod.errors import ConfigError, PluginError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, Map, Mined, Miner, Mining, Verdict
from boostvsod.offer import Count, Offer, Share

TRUTHS = ("target", "motion")


def t_windows(quality: Sequence[float], threshold: float, T: int, buffer: int) -> list[list[int]]:
    """The good frames of each buffer in windows of T good frames (VI-G). The last window may be shorter."""
    windows = []
    for start in range(0, len(quality), buffer):
        good = [i for i in range(start, min(start + buffer, len(quality))) if quality[i] >= threshold]
        windows += [good[k : k + T] for k in range(0, len(good), T)]
    return windows


class MqpmMiner:
    """Selects frames by motion quality, then by the T-filter on the consistency with the target's map."""

    def __init__(self, threshold: float, T: int, buffer: int, truth: str) -> None:
        self.threshold, self.T, self.buffer, self.source = threshold, T, buffer, truth

    def mine(self, evidence: Evidence) -> Mining:
        from boostvsod.metrics.structure import motion_consistency

        quality = _quality(evidence)
        pairs = zip(evidence.target, evidence.motion, strict=True)
        consistency = [
            motion_consistency(target, motion) if q >= self.threshold else 0.0
            for (target, motion), q in zip(pairs, quality, strict=True)
        ]
        windows = t_windows(quality, self.threshold, self.T, self.buffer)
        best = sorted(i for i in (max(w, key=consistency.__getitem__) for w in windows) if consistency[i] > 0)
        rivals = {i: window for window in windows for i in window}
        verdicts = [self._verdict(i, quality, consistency, rivals.get(i, []), i in best) for i in range(len(quality))]
        mined = [Mined(i, self.truth(evidence, i), consistency[i], verdicts[i].why) for i in best]
        return Mining(tuple(mined), tuple(verdicts))

    def truth(self, evidence: Evidence, i: int) -> Map:
        """The target's map or, with truth=motion, the motion map, which has blurred borders (Table III)."""
        return evidence.target[i] if self.source == "target" else evidence.motion[i]

    def _verdict(
        self, i: int, quality: Sequence[float], consistency: Sequence[float], window: list[int], best: bool
    ) -> Verdict:
        if quality[i] < self.threshold:
            return Verdict(False, {"Q": quality[i]}, f"Q {quality[i]:.3f} < {self.threshold:g}: the motion is poor")
        scores = {"Q": quality[i], "c": consistency[i]}
        values = f"Q {quality[i]:.3f} >= {self.threshold:g}, c {consistency[i]:.3f}"
        if consistency[i] == 0:
            return Verdict(False, scores, f"{values}: nothing moves, so that the map cannot be checked")
        others = ", ".join(f"{k} ({consistency[k]:.3f})" for k in window if k != i) or "none"
        outcome = "the best of" if best else "not the best of"
        return Verdict(best, scores, f"{values}: {outcome} its T-window; rivals: {others}")


def _quality(evidence: Evidence) -> list[float]:
    """The motion quality Q of every frame, a feature that the motion saliency must provide."""
    values = [features.get("Q") for features in evidence.features] or [None] * len(evidence.motion)
    if None in values:
        raise PluginError(
            f"miner mqpm: frame {values.index(None)} of the piece has no motion quality (the feature Q); "
            "choose motion saliency that judges, as in --set recipe.motion=judged"
        )
    return [float(q) for q in values if q is not None]


def build(threshold: Share = 0.5, T: Count = 5, buffer: Count = 100, truth: str = "target") -> Miner:
    """`threshold`: of the quality; `T`: Table II; `buffer`: in frames; `truth`: target, or motion as in Table III."""
    if truth not in TRUTHS:
        raise ConfigError(f"mqpm.truth={truth!r} is unknown; there are: {', '.join(TRUTHS)}")
    return MqpmMiner(threshold, T, buffer, truth)


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("mqpm", "frames with good motion that is consistent with the target's map (MQP)", build)]
