"""Several views of the motion of one frame: to the next frame, to the one before, and each mirrored.

The views fail in different places, so their common part is better than any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from boostvsod.errors import PluginError
from boostvsod.flow.tools import mirrored_view
from boostvsod.kinds import Flow, Frame, Judged, JudgesMotion, Map, MotionSaliency, SeesViews, View
from boostvsod.media.maps import check_map, geometric_mean
from boostvsod.media.video import Piece
from boostvsod.offer import Range
from boostvsod.settings import check_numbers

Pair = tuple[Frame, Frame]
MOST = 4


@dataclass(frozen=True)
class MotionViews:
    """A motion saliency that sees each frame in `count` views; the views are combined into one map."""

    saliency: MotionSaliency
    count: int
    who: str  # for error messages

    def __post_init__(self) -> None:
        check_numbers(self.count, Range(1, MOST), "recipe.motion_views")

    @property
    def any_flow_size(self) -> bool:
        """Whether the saliency takes the flow of a smaller picture of the frame."""
        return getattr(self.saliency, "any_flow_size", False) is True

    def pairs(self, piece: Piece, i: int) -> list[Pair]:
        """The pairs of frames that need flow: a frame and the next; for several views also the one before."""
        return [(piece[i], other) for other in piece.partners(i, 1 if self.count == 1 else 2)]

    def map(self, pairs: Sequence[Pair], flows: Sequence[Flow]) -> Map | Judged:
        """The motion saliency of a frame, from its pairs and the flow of each."""
        rgb, name = pairs[0][0].rgb, pairs[0][0].name
        ahead, *back = map(forwards, pairs, flows)
        other = back[0] if back else ahead
        views = [(ahead, False), (other, True), (ahead, True), (other, False)][: self.count]
        seen = self._seen([mirrored_view(rgb, flow) if mirrored else (rgb, flow) for flow, mirrored in views], name)
        return combine([_upright(one) if mirrored else one for one, (_, mirrored) in zip(seen, views, strict=True)])

    def _seen(self, views: Sequence[View], name: str) -> list[Map | Judged]:
        """The motion saliency of each view: in one call if it takes several, and with features if it judges."""
        shape = views[0][0].shape[:2]
        if isinstance(self.saliency, JudgesMotion):
            judged = [self.saliency.judge(*view) for view in views]
            return [replace(one, map=check_map(one.map, shape, self.who, name)) for one in judged]
        if isinstance(self.saliency, SeesViews):
            maps = list(self.saliency.saliencies(views))
            if len(maps) != len(views):
                raise PluginError(
                    f"{self.who}, frame {name!r}: {len(maps)} maps of {len(views)} views; expected one each"
                )
        else:
            maps = [self.saliency.saliency(*view) for view in views]
        return [check_map(one, shape, self.who, name) for one in maps]


def _upright(seen: Map | Judged) -> Map | Judged:
    """What was seen in a mirror."""
    return replace(seen, map=seen.map[:, ::-1]) if isinstance(seen, Judged) else seen[:, ::-1]


def forwards(pair: Pair, flow: Flow) -> Flow:
    """Flow to an earlier frame is negated: then it shows the motion forwards in time as well."""
    return -flow if pair[1].index < pair[0].index else flow


def combine(views: Sequence[Map | Judged]) -> Map | Judged:
    """The geometric mean of the maps that show an object; of judged maps also the mean of each feature."""
    if len(views) == 1:
        return views[0]
    mean = geometric_mean([view.map if isinstance(view, Judged) else view for view in views])
    features = [view.features for view in views if isinstance(view, Judged)]
    if not features:
        return mean
    return Judged(mean, {name: float(np.mean([own[name] for own in features])) for name in features[0]})
