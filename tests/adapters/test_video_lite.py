"""video-lite: the network for a frame and its flow, as a target and as motion saliency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from boostvsod import build
from boostvsod.kinds import Flow, Frame, Window
from boostvsod.media.synthetic import make_clip
from boostvsod.metrics.structure import s_measure
from boostvsod.runtime import Runtime
from boostvsod_adapters.lite import BUNDLED
from boostvsod_adapters.nets.video_lite import CHANNELS, TwoStream

LARGEST, ALL = 10e6, 40e6  # bytes of one file of weights, and of all


def windows(frames: np.ndarray) -> list[Window]:
    last = len(frames) - 1
    made = [Frame.of(rgb, i) for i, rgb in enumerate(frames)]
    return [Window((made[max(i - 1, 0)], made[i], made[min(i + 1, last)]), 1) for i in range(len(frames))]


def test_logits_have_the_size_of_the_input() -> None:
    net = TwoStream()
    x = torch.rand(2, CHANNELS, 64, 96)
    assert [tuple(y.shape) for y in net.eval()(x)] == [(2, 1, 64, 96)]
    assert [tuple(y.shape) for y in net.train()(x)] == [(2, 1, 64, 96)] * 4


def test_the_bundled_weights_load_and_are_ready_for_inference() -> None:
    target: Any = build("targets", "video-lite")
    assert target.student.origin.startswith("video-lite.safetensors sha256:")
    assert all(torch.isfinite(p).all() for p in target.student.net.parameters())
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in target.network.ready.net.modules())


def test_it_is_better_than_lite_on_a_moving_clip() -> None:
    clip = make_clip(6, 160, 240)
    quality = {}
    for name in ("lite", "video-lite"):
        maps = build("targets", name, Runtime()).predict(windows(clip.frames))
        quality[name] = np.mean([s_measure(m, truth) for m, truth in zip(maps, clip.truth, strict=True)])
    assert quality["video-lite"] > quality["lite"]


class Recorder:
    """A flow backend that records its pairs. Everything moves one pixel to the right in each frame."""

    def __init__(self) -> None:
        self.pairs: list[tuple[int, int]] = []

    def estimate(self, a: Frame, b: Frame) -> Flow:
        self.pairs.append((a.index, b.index))
        return np.full((*a.rgb.shape[:2], 2), (b.index - a.index, 0), np.float32)


@pytest.mark.parametrize(
    ("views", "pairs"),
    [(1, [(0, 1), (1, 2), (2, 1)]), (2, [(0, 1), (0, 1), (1, 2), (1, 0), (2, 1), (2, 1)])],
)
def test_flow_of_every_view_goes_forwards_in_time(views: int, pairs: list[tuple[int, int]]) -> None:
    target: Any = build("targets", "video-lite", weights="none", views=views, size=64)
    target.flow = Recorder()
    flows = [flow for window in windows(np.zeros((3, 48, 64, 3), np.uint8)) for flow in target._flows(window)]
    assert target.flow.pairs == pairs
    assert all((flow == (1, 0)).all() for flow in flows)


def test_large_frames_are_shrunk_for_the_flow() -> None:
    target: Any = build("targets", "video-lite", weights="none", size=64)
    frames = np.random.default_rng(0).integers(0, 255, (2, 240, 856, 3), np.uint8)
    assert target._flows(windows(frames)[0])[0].shape == (120, 428, 2)
    assert target.predict(windows(frames))[0].shape == (240, 856)


def test_a_video_of_one_frame_has_a_map() -> None:
    target = build("targets", "video-lite", weights="none", size=64)
    (saliency,) = target.predict(windows(np.zeros((1, 48, 64, 3), np.uint8)))
    assert saliency.shape == (48, 64)


def test_motion_saliency_and_target_see_the_same() -> None:
    clip = make_clip(2, 96, 128)
    target: Any = build("targets", "video-lite", views=1)
    window = windows(clip.frames)[0]
    motion = build("motion", "video-lite").saliency(window.frame.rgb, target._flows(window)[0])
    assert np.allclose(motion, target.predict([window])[0], atol=1e-5)


def test_weights_are_small_and_have_cards() -> None:
    files = sorted(BUNDLED.glob("*.safetensors"))
    assert {file.stem for file in files} == {card.stem for card in BUNDLED.glob("*.md")}
    sizes = [file.stat().st_size for file in files]
    assert max(sizes) <= LARGEST
    assert sum(sizes) <= ALL
    assert all(f"# {file.stem}\n" in Path(file.with_suffix(".md")).read_text() for file in files)
