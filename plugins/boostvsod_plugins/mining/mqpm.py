"""Frames whose motion is good and agrees with the target's map (MQP, V-A and V-B)."""

from __future__ import annotations

from collections.abc import Sequence

from boostvsod.errors import ConfigError, PluginError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, Map, Mined, Miner, Mining, Verdict
from boostvsod.offer import Offer

TRUTHS = ("target", "motion")


def t_windows(quality: Sequence[float], threshold: float, T: int, buffer: int) -> list[list[int]]:
    """The good frames of each buffer, T at a time in the order of the good ones (VI-G); the last may be shorter."""
    windows = []
    for start in range(0, len(quality), buffer):
        good = [i for i in range(start, min(start + buffer, len(quality))) if quality[i] >= threshold]
        windows += [good[k : k + T] for k in range(0, len(good), T)]
    return windows


class MqpmMiner:
    """Per buffer: motion quality, then the T-filter on the consistency with the target's map."""

    def __init__(self, threshold: float, T: int, buffer: int, truth: str) -> None:
        self.threshold, self.T, self.buffer, self.source = threshold, T, buffer, truth

    def mine(self, evidence: Evidence) -> Mining:
        from boostvsod.metrics.structure import agreement

        quality = _quality(evidence)
        pairs = zip(evidence.target, evidence.motion, strict=True)
        consistency = [
            agreement(target, motion) if q >= self.threshold else 0.0
            for (target, motion), q in zip(pairs, quality, strict=True)
        ]
        windows = t_windows(quality, self.threshold, self.T, self.buffer)
        best = sorted(i for i in (max(w, key=consistency.__getitem__) for w in windows) if consistency[i] > 0)
        rivals = {i: window for window in windows for i in window}
        verdicts = [self._verdict(i, quality, consistency, rivals.get(i, []), i in best) for i in range(len(quality))]
        mined = [Mined(i, self.truth(evidence, i), consistency[i], verdicts[i].why) for i in best]
        return Mining(tuple(mined), tuple(verdicts))

    def truth(self, evidence: Evidence, i: int) -> Map:
        """The target's own map: motion maps have blurred borders (Table III)."""
        return evidence.target[i] if self.source == "target" else evidence.motion[i]

    def _verdict(
        self, i: int, quality: Sequence[float], consistency: Sequence[float], window: list[int], best: bool
    ) -> Verdict:
        if quality[i] < self.threshold:
            return Verdict(False, {"Q": quality[i]}, f"Q {quality[i]:.3f} < {self.threshold:g}: the motion is poor")
        scores = {"Q": quality[i], "c": consistency[i]}
        told = f"Q {quality[i]:.3f} >= {self.threshold:g}, c {consistency[i]:.3f}"
        if consistency[i] == 0:
            return Verdict(False, scores, f"{told}: nothing moves that the map could be checked against")
        others = [k for k in window if k != i]
        against = ", ".join(f"{k} ({consistency[k]:.3f})" for k in others) or "none"
        outcome = "the best of" if best else "outdone in"
        return Verdict(best, scores, f"{told}: {outcome} its T-window; rivals: {against}")


def _quality(evidence: Evidence) -> list[float]:
    """Q of every frame, which the motion's maker must have told."""
    found = [features.get("Q") for features in evidence.features] or [None] * len(evidence.motion)
    if None in found:
        raise PluginError(
            f"miner mqpm: frame {found.index(None)} of the piece comes without motion quality (the sign Q); "
            "choose motion saliency that judges, as in --set recipe.motion=judged"
        )
    return [float(q) for q in found if q is not None]


def build(threshold: float = 0.5, T: int = 5, buffer: int = 100, truth: str = "target") -> Miner:
    """`threshold` of the quality; `T`: Table II; `buffer`: frames; `truth`: target, or motion as in Table III."""
    if truth not in TRUTHS:
        raise ConfigError(f"mqpm.truth={truth!r}; there are: {', '.join(TRUTHS)}")
    if T < 1 or buffer < 1:
        raise ConfigError(f"mqpm.T={T}, mqpm.buffer={buffer}: both count frames, at least 1")
    return MqpmMiner(threshold, T, buffer, truth)


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("mqpm", "frames of good motion that agrees with the target (MQP)", build)]
