"""Arithmetic on flow: resizing, warping, consistency."""

from __future__ import annotations

import numpy as np
from made import square

from boostvsod import build
from boostvsod.flow.tools import at_scale, consistent, resize_flow, warp_back
from boostvsod.kinds import Frame
from boostvsod.media.synthetic import make_clip


def test_warp_agrees_with_moving_whole_pixels() -> None:
    flow = np.tile(np.array([2.0, 0.0], np.float32), (40, 60, 1))
    assert np.array_equal(warp_back(square(1), flow), square(0))


def test_flow_at_a_smaller_scale_has_full_size_and_length() -> None:
    frames = make_clip(2, 128, 160).frames
    shifted = np.roll(frames[0], 4, axis=1)
    for scale in (1.0, 0.5):
        flow = at_scale(build("flows", "dis"), scale).estimate(Frame.of(frames[0]), Frame.of(shifted, 1))
        assert flow.shape == (128, 160, 2)
        assert np.abs(np.median(flow[20:-20, 20:-20].reshape(-1, 2), 0) - (4, 0)).max() < 0.5


def test_resized_flow_moves_pictures_as_far() -> None:
    flow = np.full((10, 20, 2), (2, 1), np.float32)
    assert np.allclose(resize_flow(flow, 30, 40), (4, 3))


def test_warping_back_undoes_a_shift() -> None:
    picture = np.random.default_rng(1).random((20, 30)).astype(np.float32)
    later = np.roll(picture, 3, axis=1)
    flow = np.zeros((20, 30, 2), np.float32)
    flow[..., 0] = 3
    assert np.allclose(warp_back(later, flow)[:, :-3], picture[:, :-3], atol=1e-6)


def test_consistency_finds_what_does_not_return() -> None:
    forward, backward = np.zeros((2, 20, 30, 2), np.float32)
    forward[..., 0], backward[..., 0] = 4, -4
    backward[:, 20:] = 3  # pixels that arrive there come from elsewhere
    mask = consistent(forward, backward)
    assert mask[:, :15].all()
    assert not mask[:, 17:].any()
