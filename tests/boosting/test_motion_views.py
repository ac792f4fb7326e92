"""Several looks at a frame's motion: what is asked for, and what is made of the answers."""

from __future__ import annotations

import numpy as np
import pytest

from boostvsod import build
from boostvsod.boosting.motion_views import MotionViews, combine
from boostvsod.errors import ConfigError
from boostvsod.kinds import Flow, Judged, Map, Rgb
from boostvsod.media.synthetic import make_clip
from boostvsod.media.video import Piece, Video
from boostvsod.runtime import Runtime

RIGHT = np.tile(np.array([2, 1], np.float32), (8, 12, 1))


class Speed:
    """Says how fast the left half moves to the right: the answer hangs on direction and side."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, float]] = []

    def saliency(self, rgb: Rgb, flow: Flow) -> Map:
        self.asked.append((float(flow[0, 0, 0]), float(flow[0, -1, 1])))
        seen = np.full(flow.shape[:2], 0.6, np.float32)
        seen[:, :6] = np.clip(flow[:, :6, 0] / 4, 0.1, 1)
        return seen


class Judge(Speed):
    def judge(self, rgb: Rgb, flow: Flow) -> Judged:
        return Judged(self.saliency(rgb, flow), {"Q": float(flow[0, 0, 0] > 0)})


def piece() -> Piece:
    return Video.open(make_clip(4, 8, 12).frames).pieces(100)[0]


def see(motion: Speed, looks: int, i: int = 1) -> Map | Judged:
    """Everything moves 2 to the right and 1 down a frame, and 4 and 1 from frame 0 to frame 1."""
    asked = MotionViews(motion, looks, "motion test")
    pairs = asked.pairs(piece(), i)
    flows = [(b.index - a.index) * RIGHT * ([2, 1] if min(a.index, b.index) == 0 else [1, 1]) for a, b in pairs]
    return asked.map(pairs, [flow.astype(np.float32) for flow in flows])


def test_one_look_goes_ahead_and_the_last_frame_looks_back() -> None:
    for i in (0, 1, 3):
        motion = Speed()
        seen = see(motion, 1, i)
        assert motion.asked == [(4 if i == 0 else 2, 1)], "time runs forwards in flow to an earlier frame, too"
        assert np.asarray(seen)[0, 0] == (1 if i == 0 else 0.5)


@pytest.mark.parametrize("looks", [2, 3, 4])
def test_what_each_look_is_given(looks: int) -> None:
    motion = Speed()
    see(motion, looks)
    assert motion.asked == [(2, 1), (-4, 1), (-2, 1), (4, 1)][:looks]


def test_a_mirrored_answer_is_turned_back() -> None:
    seen = np.asarray(see(Speed(), 2))[0]
    assert (seen[0], seen[-1]) == pytest.approx(((0.5 * 0.6) ** 0.5, (0.6 * 0.1) ** 0.5))
    motion = build("motion", "contrast", Runtime())  # knows no direction: a mirror shows it nothing new
    clip = make_clip(3, 48, 64)
    shot = Video.open(clip.frames).pieces(100)[0]
    flow = build("flows", "dis", Runtime()).estimate(shot[0], shot[1])
    once, thrice = (np.asarray(MotionViews(motion, n, "c").map([(shot[0], shot[1])], [flow])) for n in (1, 3))
    assert once.max() == 1
    assert np.allclose(once, thrice, atol=2e-3)


def test_judgements_are_averaged() -> None:
    seen = see(Judge(), 4)
    assert isinstance(seen, Judged)
    assert seen.features == {"Q": 0.5}
    assert seen.map[0, 0] == pytest.approx((0.5 * 0.6 * 0.6 * 1) ** 0.25)
    assert combine([seen]) is seen


def test_a_silent_look_rules_nothing_out() -> None:
    speaking, faint = np.array([[0.8, 0.1]], np.float32), np.array([[0.1, 0.1]], np.float32)
    assert np.allclose(combine([speaking, faint]), speaking)  # type: ignore[arg-type]
    assert np.allclose(combine([faint, faint]), faint)  # type: ignore[arg-type]


@pytest.mark.parametrize("looks", [0, 5])
def test_a_count_of_looks_that_makes_no_sense(looks: int) -> None:
    with pytest.raises(ConfigError, match=f"recipe.motion_views={looks}: expected a number from 1 to 4"):
        MotionViews(Speed(), looks, "motion test")
