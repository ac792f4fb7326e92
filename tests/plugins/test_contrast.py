"""Motion saliency by contrast, the NR paper's Eq. 4."""

from __future__ import annotations

import numpy as np

from boostvsod import build


def test_contrast_is_equation_four() -> None:
    rng = np.random.default_rng(1)
    flow = rng.normal(0, 3, (9, 11, 2)).astype(np.float32)
    radius = 3
    expected = np.zeros((9, 11))
    for y in range(9):
        for x in range(11):
            total = weights = 0.0
            for v in range(9):
                for u in range(11):
                    d = np.hypot(y - v, x - u)
                    if 0 < d <= radius:
                        total += np.linalg.norm(flow[y, x] - flow[v, u]) / d
                        weights += 1 / d
            expected[y, x] = total / weights
    made = build("motion", "contrast", grid=11, radius=radius).saliency(np.zeros((9, 11, 3), np.uint8), flow)
    assert np.allclose(made, expected / expected.max(), atol=1e-5)


def test_contrast_finds_what_moves_and_ignores_noise_in_stillness() -> None:
    contrast = build("motion", "contrast")
    rgb = np.zeros((60, 80, 3), np.uint8)
    flow = np.full((60, 80, 2), 2.0, np.float32)  # the camera
    flow[20:40, 30:50] = (-3, 1)
    moving = contrast.saliency(rgb, flow)
    assert moving[22:38, 32:48].mean() > 3 * moving[:10].mean()
    still = contrast.saliency(rgb, np.random.default_rng(0).normal(0, 0.02, (60, 80, 2)).astype(np.float32))
    assert still.max() < 0.2
