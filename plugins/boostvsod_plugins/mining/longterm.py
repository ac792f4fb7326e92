"""Long-term mining of object proposals (LIM): what is salient is decided over the whole piece of video.

Proposals of all frames are clustered; clusters that move are salient; a classifier learnt on the trusted
ones finds more, round by round; a patch network draws the salient boxes, and of every B frames the one
whose drawing agrees best with the motion map is a keyframe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boostvsod.errors import ConfigError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, Map, Mined, Miner, Mining, Proposal, Proposer, Target, Verdict
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    import numpy as np

    from boostvsod_plugins.mining.clusters import Settings, Trusted
    from boostvsod_plugins.mining.patches import Features

PASTES = ("max", "mean")


@dataclass(frozen=True)
class Found:
    """The proposals of a piece: box, frame and PMS of each, and what the mining made of them."""

    boxes: list[Proposal]
    frame: np.ndarray
    pms: np.ndarray
    trusted: Trusted

    def salient_in(self, i: int) -> np.ndarray:
        """The rows of frame i that are in Pos."""
        rows: np.ndarray = ((self.frame == i) & (self.trusted.positive >= 0)).nonzero()[0]
        return rows


@dataclass
class LongtermMiner:
    """Keyframes, and what the patch network drew there."""

    proposer: Proposer
    most: int
    features: Features
    refiner: Target
    settings: Settings
    B: int
    paste: str
    otsu: bool
    epochs: int
    runtime: Runtime
    _last: tuple[Evidence, Found | None] | None = None

    def mine(self, evidence: Evidence) -> Mining:
        from boostvsod.metrics.structure import agreement

        found = self._study(evidence)
        total = len(evidence.frames)
        drawn = [i for i in range(total) if found is not None and len(found.salient_in(i))]
        consistency = {i: agreement(self._draw(evidence, i), evidence.motion[i]) for i in drawn}
        keys = set()
        for start in range(0, total, self.B):
            rivals = [i for i in range(start, min(start + self.B, total)) if consistency.get(i, 0) > 0]
            keys |= {max(rivals, key=consistency.__getitem__)} if rivals else set()
        verdicts = [self._verdict(i, found, consistency, i in keys) for i in range(total)]
        mined = [Mined(i, self.truth(evidence, i), consistency[i], verdicts[i].why) for i in sorted(keys)]
        return Mining(tuple(mined), tuple(verdicts))

    def truth(self, evidence: Evidence, i: int) -> Map:
        """FS of frame i, made black and white where `otsu` says so."""
        drawn = self._draw(evidence, i)
        return binary(drawn) if self.otsu else drawn

    def _draw(self, evidence: Evidence, i: int) -> Map:
        from boostvsod_plugins.mining.patches import paste

        found = self._study(evidence)
        boxes = [found.boxes[row] for row in found.salient_in(i)] if found else []
        return paste(self.refiner, evidence.frames[i].rgb, boxes, self.paste)

    def _study(self, evidence: Evidence) -> Found | None:
        """The mining of a piece, done once; None if nothing in it was proposed."""
        if self._last is None or self._last[0] is not evidence:
            self._last = evidence, self._mine_proposals(evidence)
        return self._last[1]

    def _mine_proposals(self, evidence: Evidence) -> Found | None:
        import numpy as np

        from boostvsod_plugins.mining.clusters import mine_proposals
        from boostvsod_plugins.mining.patches import BinaryClassifier

        boxes, frame, pms, features = self._gather(evidence)
        if not boxes:
            return None
        columns = np.concatenate(features)
        classifier = BinaryClassifier(columns, self.epochs, self.runtime)
        trusted = mine_proposals(columns, np.array(pms), classifier, self.settings)
        return Found(boxes, np.array(frame), np.array(pms), trusted)

    def _gather(self, evidence: Evidence) -> tuple[list[Proposal], list[int], list[float], list[Any]]:
        from boostvsod_plugins.mining.patches import crop, motion_inside

        boxes: list[Proposal] = []
        frame: list[int] = []
        pms: list[float] = []
        features = []
        for i in range(len(evidence.frames)):
            rgb, motion = evidence.frames[i].rgb, evidence.motion[i]
            if own := list(self.proposer.propose(rgb, evidence.target[i], motion, self.most)):
                boxes += own
                frame += [i] * len(own)
                pms += [motion_inside(motion, box) for box in own]
                features.append(self.features([crop(rgb, box) for box in own]))
        return boxes, frame, pms, features

    def _verdict(self, i: int, found: Found | None, consistency: dict[int, float], key: bool) -> Verdict:
        if found is None or i not in consistency:
            there = 0 if found is None else int((found.frame == i).sum())
            return Verdict(False, {"boxes": 0.0}, f"none of {there} proposals is trusted to be salient")
        rows = found.salient_in(i)
        scores = {"boxes": float(len(rows)), "c": consistency[i], "PMS": float(found.pms[rows].max())}
        clusters, rounds = (
            ", ".join(map(str, sorted(set(column[rows].tolist()))))
            for column in (found.trusted.cluster, found.trusted.positive)
        )
        told = f"{len(rows)} salient of {int((found.frame == i).sum())} boxes (cluster {clusters}, round {rounds})"
        start = i - i % self.B
        rivals = {k: consistency[k] for k in range(start, start + self.B) if k in consistency and k != i}
        against = ", ".join(f"{k} ({c:.3f})" for k, c in rivals.items()) or "none"
        outcome = "the best of" if key else "not the best of" if consistency[i] else "nothing moves there; one of"
        return Verdict(key, scores, f"{told}; c {consistency[i]:.3f}, {outcome} {self.B} frames; rivals: {against}")


def binary(saliency: Map) -> Map:
    """Black and white by Otsu's threshold, as the authors' code has its keyframes."""
    import cv2
    import numpy as np

    _, mask = cv2.threshold(np.rint(saliency * 255).astype(np.uint8), 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return mask.astype(np.float32)


def build(
    runtime: Runtime,
    proposals: str = "regions",
    proposal_options: dict[str, Any] | None = None,
    most: int = 10,
    features: str = "lite",
    pretrained: bool = True,
    crop: int = 96,
    K: int = 8,
    nu: float = 0.5,
    xi: float = 0.6,
    gamma: float = 0.6,
    iterations: int = 3,
    epochs: int = 20,
    refiner: str = "lite",
    refiner_options: dict[str, Any] | None = None,
    paste: str = "max",
    B: int = 5,
    otsu: bool = False,
) -> Miner:
    """`proposals`, `most` of them a frame; `features`: the bundled network's or a timm backbone's (`pretrained`:
    which may download), of crops of `crop` pixels; `K`, `nu`, `xi`, `gamma`, `iterations`: as the paper has
    them; `epochs` of the classifier; `refiner`: any target, which draws the boxes; `B`: frames per keyframe.
    """
    from boostvsod import registry, targets
    from boostvsod_plugins.mining.clusters import Settings
    from boostvsod_plugins.mining.patches import Features

    if paste not in PASTES:
        raise ConfigError(f"longterm.paste={paste!r}; there are: {', '.join(PASTES)}")
    if min(most, K, B) < 1:
        raise ConfigError(f"longterm.most={most}, .K={K}, .B={B}: each must be at least 1")
    return LongtermMiner(
        registry.build("proposals", proposals, runtime, **(proposal_options or {})),
        most,
        Features(features, pretrained, crop, runtime),
        targets.open_target(refiner, runtime, refiner_options),
        Settings(K, nu, xi, gamma, iterations),
        B,
        paste,
        otsu,
        epochs,
        runtime,
    )


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("longterm", "keyframes of objects that are salient in the long run (LIM)", build)]
