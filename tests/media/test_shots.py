"""Shots and pieces of a video."""

from __future__ import annotations

import numpy as np

from boostvsod.media.synthetic import make_clip
from boostvsod.media.video import Video


def test_shots_are_found_and_split_evenly() -> None:
    a, b = make_clip(30, 48, 64, seed=1).frames, make_clip(25, 48, 64, seed=2).frames[..., ::-1] // 2
    video = Video.open(np.concatenate([a, b]))
    assert video.shots() == [(0, 30), (30, 55)]
    pieces = [(p.start, p.stop) for p in video.pieces(12)]
    assert pieces == [(0, 10), (10, 20), (20, 30), (30, 38), (38, 46), (46, 55)]


def test_windows_and_flow_stay_inside_the_shot() -> None:
    a, b = make_clip(6, 48, 64, seed=1).frames, make_clip(6, 48, 64, seed=2).frames[..., ::-1] // 2
    first, second = Video.open(np.concatenate([a, b])).pieces(100)
    assert [f.index for f in first.window(5, 5).frames] == [3, 4, 5, 5, 5]
    assert [f.index for f in second.window(0, 4).frames] == [6, 6, 7, 8]
    assert second.window(0, 4).frame.index == 6
    partners = [p.partner(i) for p, i in ((first, 0), (first, 5), (second, 5))]
    assert [p.index for p in partners if p] == [1, 4, 10]
