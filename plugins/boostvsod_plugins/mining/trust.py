"""The miner trust: it mines the frames whose opinions agree. There are three opinions of each frame.

They are the maps of the target, of the motion, and of a closer look at the object. Each makes other mistakes: colour
fails on cluttered scenes, motion fails on objects that stand still. The truth of a frame combines all three and is
better than each of them. Its trust is high if the truth is white instead of grey (the opinions
agree), and if the object is as large as in the frames around.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from boostvsod.errors import ConfigError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, Map, Mined, Miner, Mining, Verdict
from boostvsod.offer import Count, Offer, Range, Share
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.media.images import Levels
    from boostvsod_plugins.opinions import CloserLook

LOSS = 0.56  # S lost by a truth that is all grey: fitted to DAVIS-2016 train (examples/calibrate_trust.py)
AROUND = 10  # frames on each side that count as neighbours
MOTION_SHARE = 0.25  # if at least this share of the frames has motion, frames without motion are rejected


@dataclass(frozen=True)
class Features:
    """The numbers that decide about one frame."""

    agreement: float  # mean overlap of the opinions
    has_motion: bool  # the motion map shows something
    sureness: float  # mean value of the object in the truth
    area: float  # mean value of the truth


@dataclass
class TrustMiner:
    """Mines the frame with the highest trust of every B frames.

    Rejected frames are never mined: those with little trust or agreement, those with much less trust than a
    neighbour, and those without motion if others have it, because their colours may agree on the background.
    """

    closer_look: CloserLook
    runtime: Runtime
    B: int
    near: float
    least: float
    agree: float

    def mine(self, evidence: Evidence) -> Mining:
        from boostvsod.media.images import from_levels

        features, truths = self._study(evidence)
        trust = trusted(features)
        rejections = self._rejections(features, trust)
        windows = [range(s, min(s + self.B, len(trust))) for s in range(0, len(trust), self.B)]
        rivals = [[i for i in window if not rejections[i]] for window in windows]
        keys = [max(frames, key=trust.__getitem__) for frames in rivals if frames]
        verdicts = [self._verdict(i, trust, rejections[i], rivals[i // self.B], i in keys) for i in range(len(trust))]
        mined = [Mined(i, from_levels(truths[i]), trust[i], verdicts[i].why) for i in keys]
        return Mining(tuple(mined), tuple(verdicts))

    def truth(self, evidence: Evidence, i: int) -> Map:
        """The truth of frame `i`, mined or not."""
        return _truth(self._opinions(evidence, i))

    def _study(self, evidence: Evidence) -> tuple[list[Features], list[Levels]]:
        """The features and the truth of every frame. Truths have 16 bits: a piece is short, but frames may be large."""
        from boostvsod.media.images import to_levels

        def of_frame(i: int) -> tuple[Features, Levels]:
            maps = self._opinions(evidence, i)
            truth = _truth(maps)
            return _features_of(maps, truth), to_levels(truth, 16)

        studied = list(self.runtime.side_by_side(of_frame, range(len(evidence.frames))))
        return [features for features, _ in studied], [truth for _, truth in studied]

    def _opinions(self, evidence: Evidence, i: int) -> list[Map]:
        """The maps of the target, the motion and the closer look."""
        from boostvsod_plugins.opinions import object_of

        maps = [evidence.target[i], evidence.motion[i]]
        # outside the box of the closer look the map of the object remains
        return [*maps, self.closer_look(evidence.frames[i].rgb, object_of(maps, maps[1]), copy_outside=True)]

    def _rejections(self, features: Sequence[Features], trust: Sequence[float]) -> list[str]:
        """For each frame the reason why it must not be mined; empty if it may be mined."""
        needs_motion = sum(f.has_motion for f in features) >= MOTION_SHARE * len(features)
        reasons = [self._rejection(f, t, needs_motion) for f, t in zip(features, trust, strict=True)]
        accepted = [0.0 if reason else t for reason, t in zip(reasons, trust, strict=True)]
        for i, reason in enumerate(reasons):
            best = max(accepted[max(0, i - AROUND) : i + AROUND + 1])
            if not reason and trust[i] < best - self.near:
                reasons[i] = f"a frame near by has {best:.3f}"
        return reasons

    def _rejection(self, features: Features, trust: float, needs_motion: bool) -> str:
        """The reason why a frame must not be mined, without regard to its neighbours; empty if there is none."""
        if needs_motion and not features.has_motion:
            return "nothing moves here, so that colours may agree on the background"
        if features.agreement < self.agree:
            return f"the opinions overlap by {features.agreement:.2f} < {self.agree:g}"
        return f"at least {self.least:g} is needed" if trust < self.least else ""

    def _verdict(self, i: int, trust: Sequence[float], rejection: str, rivals: Sequence[int], key: bool) -> Verdict:
        value, scores = f"trust {trust[i]:.3f}", {"trust": trust[i]}
        if rejection:
            return Verdict(key, scores, f"{value}, but {rejection}")
        others = ", ".join(f"{k} ({trust[k]:.3f})" for k in rivals if k != i) or "none"
        outcome = "the best of" if key else "not the best of"
        return Verdict(key, scores, f"{value}, {outcome} {self.B} frames; rivals: {others}")


def _features_of(maps: Sequence[Map], truth: Map) -> Features:
    from boostvsod.media.maps import shows_object, sureness
    from boostvsod_plugins.opinions import agreement, small

    small_truth = small(truth)
    return Features(agreement(maps), shows_object(maps[1]), sureness(small_truth), float(small_truth.mean()))


def trusted(features: Sequence[Features]) -> list[float]:
    """The expected S of each frame's truth: 1 for a white object that is as large as in the frames around."""
    from boostvsod_plugins.opinions import steadiness

    steady = steadiness([f.area for f in features], AROUND)
    return [1 - LOSS * (1 - f.sureness * ratio) for f, ratio in zip(features, steady, strict=True)]


def _truth(maps: Sequence[Map]) -> Map:
    """The mean of two maps: the consensus of all opinions, and that of the motion map and the closer look.

    The second is the better map on most clips. The first includes the target.
    """
    import numpy as np

    from boostvsod_plugins.opinions import consensus

    return np.asarray((consensus(maps) + consensus([maps[1], maps[-1]])) / 2, np.float32)


def build(
    runtime: Runtime,
    student: str = "lite",
    weights: str = "lite",
    margin: Annotated[float, Range(0, 10)] = 0.25,
    B: Count = 2,
    near: Share = 0.08,
    least: Share = 0.55,
    agree: Share = 0.15,
) -> Miner:
    """`student`, `weights`: the network of the closer look; `margin`: around the object, as a share of its box;
    `B`: frames per mined frame. A frame is rejected if its trust is less than `least`, or `near` less than that of
    a neighbour, or if its agreement is less than `agree`.
    """
    from boostvsod_plugins.opinions import closer_look

    if B < 1:
        raise ConfigError(f"trust.B={B}: at least 1 frame")
    return TrustMiner(closer_look(student, weights, margin, runtime), runtime, B, near, least, agree)


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("trust", "frames on which independent opinions agree", build)]
