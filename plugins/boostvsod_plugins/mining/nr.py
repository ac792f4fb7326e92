"""The miner nr: keyframes by the non-overlapping ratio of motion and colour saliency ("NR", V-A, Eq. 6 and 7).

If the target's map and the motion map show the same object, both are probably right.
"""

from __future__ import annotations

from typing import Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, Map, Mined, Miner, Mining, Verdict
from boostvsod.offer import CountOrZero, Offer, Positive, Range, Share


def non_overlap(motion: Map, colour: Map, T: float, C: float, size_invariant: bool) -> float:
    """NR of Eq. 7, in [0, 1]: 0 if the maps are equal, 1 if they are disjoint or both empty.

    NR = || |T(MS) - T(CS)| / (T(MS) + T(CS) + C) ||_1 / || T(MS + CS) ||_0, where T() sets values below T to 0.
    Without `size_invariant` (the paper's ablation, Fig. 6) the sum is divided by the number of all pixels.
    """
    import numpy as np

    strong_motion, strong_colour = np.where(motion >= T, motion, 0), np.where(colour >= T, colour, 0)
    ratio = np.abs(strong_motion - strong_colour) / (strong_motion + strong_colour + C)
    union = int(np.count_nonzero(motion + colour >= T))
    if union == 0:
        return 1.0  # two empty maps are no evidence
    return float(ratio.sum()) / (union if size_invariant else ratio.size)


class NrMiner:
    """Mines the frames with NR below the threshold as keyframes. Their truth is LS = MS * CS (Eq. 6)."""

    def __init__(self, threshold: float, T: float, C: float, size_invariant: bool, top_k: int) -> None:
        self.threshold, self.top_k = threshold, top_k
        self.settings = {"T": T, "C": C, "size_invariant": size_invariant}

    def mine(self, evidence: Evidence) -> Mining:
        pairs = zip(evidence.motion, evidence.target, strict=True)
        ratios = [non_overlap(motion, colour, **self.settings) for motion, colour in pairs]  # type: ignore[arg-type]
        chosen = {i for i, ratio in enumerate(ratios) if ratio < self.threshold}
        forced = not chosen and self.top_k > 0
        if forced:
            chosen = set(sorted(range(len(ratios)), key=ratios.__getitem__)[: self.top_k])
        verdicts = [self._verdict(ratio, i in chosen, forced) for i, ratio in enumerate(ratios)]
        mined = [Mined(i, self.truth(evidence, i), 1 - ratios[i], verdicts[i].why) for i in sorted(chosen)]
        return Mining(tuple(mined), tuple(verdicts))

    def truth(self, evidence: Evidence, i: int) -> Map:
        """LS of Eq. 6, the pseudo ground truth of any frame."""
        return evidence.motion[i] * evidence.target[i]

    def _verdict(self, ratio: float, mined: bool, forced: bool) -> Verdict:
        relation = "<" if ratio < self.threshold else ">="
        forced_note = f", mined as one of the best {self.top_k}" if mined and forced else ""
        return Verdict(mined, {"NR": ratio}, f"NR {ratio:.3f} {relation} {self.threshold:g}{forced_note}")


def build(
    threshold: Annotated[float, Range(0, 2)] = 0.6,
    T: Share = 0.1,
    C: Positive = 0.001,
    size_invariant: bool = True,
    top_k: CountOrZero = 0,
) -> Miner:
    """`threshold`: Table V; `T`, `C`: Eq. 7; `top_k`: so many frames are mined if none is below the threshold."""
    return NrMiner(threshold, T, C, size_invariant, top_k)


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("nr", "frames where motion and target overlap (NR Eq. 7)", build)]
