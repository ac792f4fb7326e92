"""The clip of the demo: its pictures are there, small and attributed, and its truth is what moves."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from boostvsod.media import photographed
from boostvsod.media.photographed import photographed_clip

PICTURES = Path(photographed.__file__).parent / "pictures"


def test_the_pictures_are_small_and_attributed() -> None:
    files = [path for path in PICTURES.iterdir() if path.suffix != ".md"]
    assert sum(path.stat().st_size for path in files) < 500_000
    attribution = (PICTURES / "ATTRIBUTION.md").read_text()
    assert len(files) == 2
    assert all(path.name in attribution for path in files)


def test_the_scene_fills_every_frame_and_the_truth_moves() -> None:
    """Each frame is the scene where the truth is far away. A frame without scene at an edge would be black there."""
    clip = photographed_clip(frames=7, height=96, width=144)
    assert clip.frames.shape == (7, 96, 144, 3)
    assert clip.truth.dtype == bool
    for rgb, truth in zip(clip.frames, clip.truth, strict=True):
        border = np.concatenate([rgb[0], rgb[:48, 0], rgb[:48, -1]])
        assert border.max(axis=1).min() > 4
        assert 0.1 < truth.mean() < 0.5
        assert cv2.connectedComponents(truth.astype(np.uint8))[0] == 2, "one person"
    middles = [np.argwhere(truth)[:, 1].mean() for truth in clip.truth]
    assert np.diff(middles).max() < 0, "she walks to the left"
    assert np.array_equal(clip.frames, photographed_clip(frames=7, height=96, width=144).frames)
