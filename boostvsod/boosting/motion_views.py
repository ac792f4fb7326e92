"""Several views of the motion of one frame: to the next frame, to the one before, and each mirrored.

The views fail in different places, so their common part is better than any of them. A frame whose first view is white
and black needs no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from boostvsod.errors import PluginError
from boostvsod.errors.user_code import user_code
from boostvsod.flow.tools import mirrored_view
from boostvsod.kinds import Flow, Frame, Judged, JudgesMotion, Map, MotionSaliency, Rgb, SeesViews, View
from boostvsod.media.maps import check_map, geometric_mean, shrunk, sureness
from boostvsod.media.video import Piece
from boostvsod.offer import Range
from boostvsod.settings import check_numbers

Pair = tuple[Frame, Frame]
FlowOf = Callable[[Sequence[Pair]], Sequence[Flow]]  # the flow of each pair
Look = tuple[Frame, Flow, bool]  # a frame, its motion forwards in time, and whether both are seen in a mirror
MOST = 4
SIDE = 160  # the longer side of the map whose sureness is measured


@dataclass(frozen=True)
class MotionViews:
    """A motion saliency that sees each frame in at most `count` views; the views are combined into one map.

    A frame whose first map has a sureness above `sure` is seen once. With `sure` = 1, every frame is seen in all views.
    """

    saliency: MotionSaliency
    count: int
    who: str  # for error messages
    sure: float = 1.0

    def __post_init__(self) -> None:
        check_numbers(self.count, Range(1, MOST), "recipe.motion_views")

    @property
    def any_flow_size(self) -> bool:
        """Whether the saliency takes the flow of a smaller picture of the frame."""
        return getattr(self.saliency, "any_flow_size", False) is True

    def pairs(self, piece: Piece, i: int) -> list[Pair]:
        """The pairs of frames that may need flow: a frame and the next; for several views also the one before."""
        return [(piece[i], other) for other in piece.partners(i, 1 if self.count == 1 else 2)]

    def maps(self, pairs: Sequence[Sequence[Pair]], flow_of: FlowOf) -> list[Map | Judged]:
        """The motion saliency of several frames, from the pairs of each. Flow that no view needs is not computed."""
        firsts = [own[0] for own in pairs]
        ahead = list(map(forwards, firsts, flow_of(firsts)))
        seen = self._see([(frame, flow, False) for (frame, _), flow in zip(firsts, ahead, strict=True)])
        unsure = [k for k, one in enumerate(seen) if self.count > 1 and self._is_unsure(one)]
        others = self._others([pairs[k] for k in unsure], [ahead[k] for k in unsure], flow_of)
        looks = [
            [(pairs[k][0][0], other, True), (pairs[k][0][0], ahead[k], True), (pairs[k][0][0], other, False)]
            for k, other in zip(unsure, others, strict=True)
        ]
        more = iter(self._see([look for own in looks for look in own[: self.count - 1]]))
        for k in unsure:
            seen[k] = combine([seen[k], *(next(more) for _ in range(self.count - 1))])
        return seen

    def _is_unsure(self, seen: Map | Judged) -> bool:
        return sureness(shrunk(map_of(seen), SIDE)) <= self.sure

    @staticmethod
    def _others(pairs: Sequence[Sequence[Pair]], ahead: Sequence[Flow], flow_of: FlowOf) -> Iterator[Flow]:
        """The motion of each frame since the one before; at the ends of a shot the same as ahead."""
        backs = [own[1] for own in pairs if len(own) > 1]
        flows = iter(map(forwards, backs, flow_of(backs)) if backs else ())
        return (next(flows) if len(own) > 1 else flow for own, flow in zip(pairs, ahead, strict=True))

    def _see(self, looks: Sequence[Look]) -> list[Map | Judged]:
        """The motion saliency of each look, turned back if it was seen in a mirror."""
        if not looks:
            return []
        views = [mirrored_view(frame.rgb, flow) if mirrored else (frame.rgb, flow) for frame, flow, mirrored in looks]
        seen = self._saliency_of(views, [frame.name for frame, _, _ in looks])
        if len(seen) != len(views):
            raise PluginError(f"{self.who}: {len(seen)} maps came back for {len(views)} views; return one each")
        return [self._checked(one, *look) for one, look in zip(seen, looks, strict=True)]

    def _saliency_of(self, views: Sequence[View], names: Sequence[str]) -> Sequence[Map | Judged]:
        """In one call if the saliency takes several views of one size, and with features if it judges."""
        look: Callable[[Rgb, Flow], Map | Judged] = self.saliency.saliency
        if isinstance(self.saliency, JudgesMotion):
            look = self.saliency.judge
        elif isinstance(self.saliency, SeesViews) and len({rgb.shape for rgb, _ in views}) == 1:
            with user_code(self.who, *dict.fromkeys(names)):
                return self.saliency.saliencies(views)
        seen = []
        for view, name in zip(views, names, strict=True):
            with user_code(self.who, name):
                seen.append(look(*view))
        return seen

    def _checked(self, seen: Map | Judged, frame: Frame, flow: Flow, mirrored: bool) -> Map | Judged:
        saliency = check_map(map_of(seen), frame.rgb.shape[:2], self.who, frame.name)
        saliency = saliency[:, ::-1] if mirrored else saliency
        return replace(seen, map=saliency) if isinstance(seen, Judged) else saliency


def forwards(pair: Pair, flow: Flow) -> Flow:
    """Flow to an earlier frame is negated: then it shows the motion forwards in time as well."""
    return -flow if pair[1].index < pair[0].index else flow


def map_of(seen: Map | Judged) -> Map:
    """The map, which may have come with features."""
    return seen.map if isinstance(seen, Judged) else seen


def combine(views: Sequence[Map | Judged]) -> Map | Judged:
    """The geometric mean of the maps that show an object; of judged maps also the mean of each feature."""
    if len(views) == 1:
        return views[0]
    mean = geometric_mean(list(map(map_of, views)))
    features = [view.features for view in views if isinstance(view, Judged)]
    if not features:
        return mean
    return Judged(mean, {name: float(np.mean([own[name] for own in features])) for name in features[0]})
