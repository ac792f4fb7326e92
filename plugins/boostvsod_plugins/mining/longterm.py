"""The miner longterm (LIM): it decides over a whole piece of video which object proposals are salient.

The proposals of all frames are clustered, and clusters that move are salient. A classifier, trained on proposals
that are certainly salient or not, finds more of them in several rounds. A patch network predicts a map inside each
salient box. Of every B frames, the frame whose pasted maps fit the motion map best is a keyframe.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from boostvsod.errors import ConfigError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Evidence, Map, Mined, Miner, Mining, Proposal, Proposer, Target, Verdict
from boostvsod.offer import Count, Offer, Range, Share
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    import numpy as np

    from boostvsod_plugins.mining.clusters import Settings, Trusted
    from boostvsod_plugins.mining.patches import Features

PASTES = ("max", "mean")


@dataclass(frozen=True)
class Proposals:
    """All proposals of a piece: box, frame and PMS of each, and the result of mining them."""

    boxes: list[Proposal]
    frame: np.ndarray
    pms: np.ndarray
    trusted: Trusted

    def salient_in(self, i: int) -> np.ndarray:
        """The rows of the salient proposals (Pos) of frame i."""
        rows: np.ndarray = ((self.frame == i) & (self.trusted.positive >= 0)).nonzero()[0]
        return rows


@dataclass
class LongtermMiner:
    """Mines keyframes. Their truth is what the patch network predicts inside the salient boxes."""

    proposer: Proposer
    most: int
    features: Features
    refiner: Target
    settings: Settings
    B: int
    paste: str
    otsu: bool
    epochs: int
    classifier: str
    runtime: Runtime
    seconds: dict[str, float] = field(default_factory=dict)  # of the last piece, by step (Table VIII)
    _last: tuple[Evidence, Proposals | None] | None = None

    def mine(self, evidence: Evidence) -> Mining:
        from boostvsod.metrics.structure import motion_consistency

        proposals = self._study(evidence)
        total = len(evidence.frames)
        with_boxes = [i for i in range(total) if proposals is not None and len(proposals.salient_in(i))]
        consistency = {i: motion_consistency(self._pasted(evidence, i), evidence.motion[i]) for i in with_boxes}
        keys = set()
        for start in range(0, total, self.B):
            rivals = [i for i in range(start, min(start + self.B, total)) if consistency.get(i, 0) > 0]
            keys |= {max(rivals, key=consistency.__getitem__)} if rivals else set()
        verdicts = [self._verdict(i, proposals, consistency, i in keys) for i in range(total)]
        mined = [Mined(i, self.truth(evidence, i), consistency[i], verdicts[i].why) for i in sorted(keys)]
        return Mining(tuple(mined), tuple(verdicts))

    def truth(self, evidence: Evidence, i: int) -> Map:
        """FS of frame i; with `otsu` it is black and white."""
        pasted = self._pasted(evidence, i)
        return binary(pasted) if self.otsu else pasted

    def _pasted(self, evidence: Evidence, i: int) -> Map:
        from boostvsod_plugins.mining.patches import paste

        proposals = self._study(evidence)
        boxes = [proposals.boxes[row] for row in proposals.salient_in(i)] if proposals else []
        with self._timed("patches"):
            return paste(self.refiner, evidence.frames[i].rgb, boxes, self.paste)

    def _study(self, evidence: Evidence) -> Proposals | None:
        """The mined proposals of a piece, computed once; None if there is no proposal in it."""
        if self._last is None or self._last[0] is not evidence:
            self.seconds.clear()
            self._last = evidence, self._mine_proposals(evidence)
        return self._last[1]

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        """Add the time spent inside to a step."""
        started = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - started

    def _mine_proposals(self, evidence: Evidence) -> Proposals | None:
        import numpy as np

        from boostvsod_plugins.mining.clusters import mine_proposals
        from boostvsod_plugins.mining.patches import BinaryClassifier

        boxes, frame, pms, features = self._propose(evidence)
        if not boxes:
            return None
        columns = np.concatenate(features)
        classifier = BinaryClassifier(columns, self.epochs, self.runtime, self.classifier)

        def timed_classifier(pos: np.ndarray, neg: np.ndarray) -> np.ndarray:
            with self._timed("classifier"):
                return classifier(pos, neg)

        with self._timed("clusters and classifier"):
            trusted = mine_proposals(columns, np.array(pms), timed_classifier, self.settings)
        return Proposals(boxes, np.array(frame), np.array(pms), trusted)

    def _propose(self, evidence: Evidence) -> tuple[list[Proposal], list[int], list[float], list[Any]]:
        """Box, frame and PMS of every proposal, and one array of features for each frame with proposals."""
        from boostvsod_plugins.mining.patches import crop, motion_inside

        boxes: list[Proposal] = []
        frame: list[int] = []
        pms: list[float] = []
        features = []
        for i in range(len(evidence.frames)):
            rgb, motion = evidence.frames[i].rgb, evidence.motion[i]
            with self._timed("proposals"):
                own = list(self.proposer.propose(rgb, evidence.target[i], motion, self.most))
            if own:
                boxes += own
                frame += [i] * len(own)
                pms += [motion_inside(motion, box) for box in own]
                with self._timed("features"):
                    features.append(self.features([crop(rgb, box) for box in own]))
        return boxes, frame, pms, features

    def _verdict(self, i: int, proposals: Proposals | None, consistency: dict[int, float], key: bool) -> Verdict:
        count = 0 if proposals is None else int((proposals.frame == i).sum())
        if proposals is None or i not in consistency:
            return Verdict(False, {"boxes": 0.0}, f"none of {count} proposals is trusted to be salient")
        rows = proposals.salient_in(i)
        scores = {"boxes": float(len(rows)), "c": consistency[i], "PMS": float(proposals.pms[rows].max())}
        clusters, rounds = (
            ", ".join(map(str, sorted(set(column[rows].tolist()))))
            for column in (proposals.trusted.cluster, proposals.trusted.positive)
        )
        boxes = f"{len(rows)} salient of {count} boxes (cluster {clusters}, round {rounds})"
        start = i - i % self.B
        rivals = {k: consistency[k] for k in range(start, start + self.B) if k in consistency and k != i}
        others = ", ".join(f"{k} ({c:.3f})" for k, c in rivals.items()) or "none"
        outcome = "the best of" if key else "not the best of" if consistency[i] else "nothing moves there; one of"
        return Verdict(key, scores, f"{boxes}; c {consistency[i]:.3f}, {outcome} {self.B} frames; rivals: {others}")


def binary(saliency: Map) -> Map:
    """A map made black and white by Otsu's threshold, as the keyframes in the authors' code."""
    import cv2
    import numpy as np

    _, mask = cv2.threshold(np.rint(saliency * 255).astype(np.uint8), 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return mask.astype(np.float32)


def build(
    runtime: Runtime,
    proposals: str = "regions",
    proposal_options: dict[str, Any] | None = None,
    most: Annotated[int, Range(1, 1000)] = 10,
    features: str = "lite",
    pretrained: bool = True,
    crop: Annotated[int, Range(32, 1024)] = 96,
    K: Annotated[int, Range(1, 1000)] = 8,
    nu: Share = 0.5,
    xi: Share = 0.6,
    gamma: Share = 0.6,
    iterations: Annotated[int, Range(0, 100)] = 3,
    epochs: Annotated[int, Range(0, 10_000)] = 20,
    classifier: str = "two-layers",
    refiner: str = "lite",
    refiner_options: dict[str, Any] | None = None,
    paste: str = "max",
    B: Count = 5,
    otsu: bool = False,
) -> Miner:
    """`proposals`: the proposer, with at most `most` boxes per frame; `features`: the bundled network or a timm
    backbone (`pretrained`: timm may download its weights), which sees crops of `crop` pixels; `K`, `nu`, `xi`,
    `gamma`, `iterations`: as in the paper; `epochs`, `classifier`: of the classifier, "two-layers" or "resnet18";
    `refiner`: any target, which predicts the map inside each box; `paste`: how maps are joined; `B`: frames per
    keyframe; `otsu`: make truths black and white.
    """
    from boostvsod import registry, targets
    from boostvsod_plugins.mining.clusters import Settings
    from boostvsod_plugins.mining.patches import HEADS, Features

    if classifier not in HEADS:
        raise ConfigError(f"longterm.classifier={classifier!r} is unknown; there are: {', '.join(HEADS)}")
    if paste not in PASTES:
        raise ConfigError(f"longterm.paste={paste!r} is unknown; there are: {', '.join(PASTES)}")
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
        classifier,
        runtime,
    )


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("longterm", "keyframes of objects that are salient over the whole video (LIM)", build)]
