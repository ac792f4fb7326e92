"""Several looks at the motion of one frame: ahead in time, back, and each in a mirror. They err differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from boostvsod.errors import ConfigError
from boostvsod.kinds import Flow, Frame, Judged, JudgesMotion, Map, MotionSaliency, Rgb
from boostvsod.media.maps import check_map, in_common
from boostvsod.media.video import Piece

Pair = tuple[Frame, Frame]
MOST = 4


@dataclass(frozen=True)
class MotionViews:
    """A motion saliency that is asked `count` times about each frame; what the answers have in common counts."""

    motion: MotionSaliency
    count: int
    who: str

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ConfigError(f"recipe.motion_views={self.count}: from 1 to {MOST}")

    def pairs(self, piece: Piece, i: int) -> list[Pair]:
        """The frames between which flow is needed: a frame and the next; for several looks, also the one before."""
        return [(piece[i], other) for other in piece.partners(i, 1 if self.count == 1 else 2)]

    def see(self, pairs: Sequence[Pair], flows: Sequence[Flow]) -> Map | Judged:
        """The motion saliency of a frame, by its pairs and their flows."""
        rgb, name = pairs[0][0].rgb, pairs[0][0].name
        ahead, *back = map(forwards, pairs, flows)
        other = back[0] if back else ahead
        ways = [(ahead, False), (other, True), (ahead, True), (other, False)][: self.count]
        return together([self._look(rgb, flow, name, mirrored=mirrored) for flow, mirrored in ways])

    def _look(self, rgb: Rgb, flow: Flow, name: str, *, mirrored: bool) -> Map | Judged:
        if mirrored:
            rgb, flow = np.ascontiguousarray(rgb[:, ::-1]), flow[:, ::-1] * np.array([-1, 1], np.float32)
        judged = self.motion.judge(rgb, flow) if isinstance(self.motion, JudgesMotion) else None
        seen = check_map(judged.map if judged else self.motion.saliency(rgb, flow), rgb.shape[:2], self.who, name)
        seen = seen[:, ::-1] if mirrored else seen
        return replace(judged, map=seen) if judged else seen


def forwards(pair: Pair, flow: Flow) -> Flow:
    """Flow to an earlier frame, turned round: it shows the motion from here on as well."""
    return -flow if pair[1].index < pair[0].index else flow


def together(seen: Sequence[Map | Judged]) -> Map | Judged:
    """What the maps have in common; if they are judged, the mean of each sign."""
    if len(seen) == 1:
        return seen[0]
    mean = in_common([one.map if isinstance(one, Judged) else one for one in seen])
    judged = [one.features for one in seen if isinstance(one, Judged)]
    if not judged:
        return mean
    return Judged(mean, {name: float(np.mean([features[name] for features in judged])) for name in judged[0]})
