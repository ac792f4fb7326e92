"""Several views of a frame's motion: which flow each gets, and how their maps are combined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from boostvsod import build
from boostvsod.boosting.motion_views import MotionViews, Pair, combine
from boostvsod.boosting.parts import Learning
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError, PluginError
from boostvsod.kinds import Flow, Judged, Map, Rgb, View
from boostvsod.media.synthetic import make_clip
from boostvsod.media.video import Piece, Video
from boostvsod.runtime import Runtime

RIGHT = np.tile(np.array([2, 1], np.float32), (8, 12, 1))


class Speed:
    """Motion saliency that is the speed of the left half to the right: it depends on direction and side."""

    def __init__(self) -> None:
        self.requested: list[tuple[float, float]] = []

    def saliency(self, rgb: Rgb, flow: Flow) -> Map:
        self.requested.append((float(flow[0, 0, 0]), float(flow[0, -1, 1])))
        output = np.full(flow.shape[:2], 0.6, np.float32)
        output[:, :6] = np.clip(flow[:, :6, 0] / 4, 0.1, 1)
        return output


class Judge(Speed):
    def judge(self, rgb: Rgb, flow: Flow) -> Judged:
        return Judged(self.saliency(rgb, flow), {"Q": float(flow[0, 0, 0] > 0)})


def piece() -> Piece:
    return Video.open(make_clip(4, 8, 12).frames).pieces(100)[0]


def view(motion: Speed, views: int, i: int = 1) -> Map | Judged:
    """Everything moves 2 to the right and 1 down a frame, and 4 and 1 from frame 0 to frame 1."""
    motion_views = MotionViews(motion, views, "motion test")
    return motion_views.maps([motion_views.pairs(piece(), i)], flows_of)[0]


def flows_of(pairs: Sequence[Pair]) -> list[Flow]:
    flows = [(b.index - a.index) * RIGHT * ([2, 1] if min(a.index, b.index) == 0 else [1, 1]) for a, b in pairs]
    return [flow.astype(np.float32) for flow in flows]


def test_the_first_view_is_to_the_next_frame_or_back_at_the_end() -> None:
    for i in (0, 1, 3):
        motion = Speed()
        output = view(motion, 1, i)
        assert motion.requested == [(4 if i == 0 else 2, 1)], "flow to an earlier frame is negated"
        assert np.asarray(output)[0, 0] == (1 if i == 0 else 0.5)


@pytest.mark.parametrize("views", [2, 3, 4])
def test_the_motion_that_each_view_gets(views: int) -> None:
    motion = Speed()
    view(motion, views)
    assert motion.requested == [(2, 1), (-4, 1), (-2, 1), (4, 1)][:views]


def test_a_map_of_mirrored_motion_is_mirrored_back() -> None:
    output = np.asarray(view(Speed(), 2))[0]
    assert (output[0], output[-1]) == pytest.approx(((0.5 * 0.6) ** 0.5, (0.6 * 0.1) ** 0.5))
    motion = build("motion", "contrast", Runtime())  # does not depend on direction: a mirrored view adds nothing
    clip = make_clip(3, 48, 64)
    shot = Video.open(clip.frames).pieces(100)[0]
    flow = build("flows", "dis", Runtime()).estimate(shot[0], shot[1])
    pairs = [[(shot[0], shot[1])]]
    once, thrice = (np.asarray(MotionViews(motion, n, "c").maps(pairs, lambda _: [flow])[0]) for n in (1, 3))
    assert once.max() == 1
    assert np.allclose(once, thrice, atol=2e-3)


def test_judgements_are_averaged() -> None:
    output = view(Judge(), 4)
    assert isinstance(output, Judged)
    assert output.features == {"Q": 0.5}
    assert output.map[0, 0] == pytest.approx((0.5 * 0.6 * 0.6 * 1) ** 0.25)
    assert combine([output]) is output


def test_sure_frames_are_seen_once() -> None:
    class Sure(Speed):
        def saliency(self, rgb: Rgb, flow: Flow) -> Map:
            self.requested.append((float(flow[0, 0, 0]), float(flow[0, -1, 1])))
            return np.full(flow.shape[:2], 1.0 if flow[0, 0, 0] == 4 else 0.6, np.float32)

    motion, requested = Sure(), list[tuple[int, int]]()

    def flow_of(pairs: Sequence[Pair]) -> list[Flow]:
        requested.extend((a.index, b.index) for a, b in pairs)
        return flows_of(pairs)

    views = MotionViews(motion, 2, "test", sure=0.9)
    maps = views.maps([views.pairs(piece(), i) for i in (0, 1)], flow_of)
    assert requested == [(0, 1), (1, 2), (1, 0)], "the first frame is white: no second flow"
    assert motion.requested == [(4, 1), (2, 1), (-4, 1)]
    assert (np.asarray(maps[0]).mean(), np.asarray(maps[1]).mean()) == pytest.approx((1, 0.6))


def test_several_views_are_seen_in_one_call() -> None:
    class Many(Speed):
        def saliencies(self, views: Sequence[View]) -> list[Map]:
            calls.append(len(views))
            return [self.saliency(*view) for view in views][: None if len(views) < 3 else -1]

    calls: list[int] = []
    views = MotionViews(Many(), 2, "motion test")
    own = [views.pairs(piece(), i) for i in (0, 1)]
    alone = [np.asarray(MotionViews(Speed(), 2, "test").maps([pairs], flows_of)[0]) for pairs in own]
    together = [np.asarray(saliency) for saliency in views.maps(own, flows_of)]
    assert np.array_equal(together, alone)
    assert calls == [2, 2]
    with pytest.raises(PluginError, match="motion test: 2 maps came back for 3 views"):
        views.maps([*own, own[0]], flows_of)


def test_a_view_without_an_object_is_left_out() -> None:
    speaking, faint = np.array([[0.8, 0.1]], np.float32), np.array([[0.1, 0.1]], np.float32)
    assert np.allclose(combine([speaking, faint]), speaking)  # type: ignore[arg-type]
    assert np.allclose(combine([faint, faint]), faint)  # type: ignore[arg-type]


@pytest.mark.parametrize("views", [0, 5])
def test_a_wrong_number_of_views_is_refused(views: int) -> None:
    with pytest.raises(ConfigError, match=f"recipe.motion_views={views}: expected a number from 1 to 4"):
        find_recipe("default", [f"recipe.motion_views={views}"])


class Recorder:
    """Motion saliency that notes the size of the flow that it gets."""

    def __init__(self, any_flow_size: object) -> None:
        self.any_flow_size, self.seen = any_flow_size, (0, 0)

    def saliency(self, rgb: Rgb, flow: Flow) -> Map:
        self.seen = flow.shape[:2]
        return np.zeros(rgb.shape[:2], np.float32)


@pytest.mark.parametrize(("any_size", "seen"), [(True, (24, 32)), (False, (48, 64))])
def test_scaled_flow_is_scaled_back_only_for_those_that_need_it(any_size: bool, seen: tuple[int, int]) -> None:
    recipe = find_recipe("nr", ["recipe.flow_scale=0.5", "recipe.motion=contrast", "lite.weights=none"])
    learning, recorder = Learning.build(recipe, Runtime()), Recorder(any_size)
    learning.motion = MotionViews(recorder, 1, "recorder")
    learning.motion_maps(Video.open(make_clip(3, 48, 64).frames).pieces(9)[0], [0])
    assert recorder.seen == seen
