"""Training samples for motion: flow between real frames, and staged motion."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from boostvsod.datasets.pairs import Pairs
from boostvsod.flow.tools import warp_back
from boostvsod.media.maps import resize_map
from boostvsod.runtime import Runtime
from boostvsod.training import motion as motiondata
from boostvsod.training.motion import filmed, filmed_count, staged
from boostvsod.training.samples import load


def test_motion_pictures_show_what_moves(three_clips: Path) -> None:
    pairs = Pairs.open(three_clips)
    flows = list(filmed(pairs, "dis", 96, Runtime(threads=2)))
    assert len(flows) == filmed_count(pairs) == 66, "flow to the next frame and back"
    first, second = [mask for _, mask in pairs.clips()[0].read()][:2]
    assert np.array_equal(flows[0][1], resize_map(first, 96, 96)), "a frame's motion goes with its own mask"
    assert np.array_equal(flows[1][1], resize_map(second, 96, 96))
    made = list(staged(pairs, "dis", 96, Runtime(threads=2)))
    assert len(made) == 36
    contrasts = []
    for rgb, mask in made:
        inside, outside = rgb[mask > 0.5].mean(0), rgb[mask < 0.5].mean(0)
        contrasts.append(np.abs(inside - outside).mean())
    assert np.mean(contrasts) > 10, "objects and scenes move differently"
    exact = list(staged(pairs, "exact", 96, Runtime()))
    assert [mask.tobytes() for _, mask in exact] == [mask.tobytes() for _, mask in made]
    near = [np.abs(a.astype(float) - b).mean() for (a, _), (b, _) in zip(exact, made, strict=True)]
    far = [np.abs(a.astype(float) - b).mean() for (a, _), (b, _) in zip(exact, made[1:] + made[:1], strict=True)]
    assert np.mean(near) < 0.6 * np.mean(far), "the backend estimates the staged motion"
    again = load(staged(pairs, "dis", 96, Runtime()), 36, 96)
    assert torch.equal(again.masks[:1, 0], torch.from_numpy(np.rint(made[0][1] * 255).astype(np.uint8))[None])


def test_staged_motion_is_followed_to_its_end_point() -> None:
    rng = np.random.default_rng(3)
    picture = cv2.GaussianBlur(rng.uniform(0, 255, (96, 96, 3)).astype(np.float32), (0, 0), 4)
    field = motiondata._motion(96, rng, shift=0.06, turn=5, zoom=0.05, bend=3.0)
    later = motiondata._warp(picture, field)
    followed, field_alone, still = (
        np.abs(warp_back(later, flow) - picture)[16:-16, 16:-16].mean()
        for flow in (motiondata._flow_of(field), field, 0 * field)
    )
    assert followed < 0.4 * field_alone < 0.4 * still
