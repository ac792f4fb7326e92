"""Objects over other backgrounds: no fringes, and backgrounds that cover the frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from boostvsod.media.composites import Backdrop, blurred_background, foreground, over

RED, WHITE = np.array([200, 30, 30], np.float32), np.array([255, 255, 255], np.float32)


def soft_disc() -> tuple[np.ndarray, np.ndarray]:
    """A red disc with a soft edge on white, and its alpha."""
    y, x = np.mgrid[:96, :128]
    alpha = np.clip((30 - np.hypot(y - 48, x - 64)) / 8 + 0.5, 0, 1).astype(np.float32)
    mixed = alpha[..., None] * RED + (1 - alpha[..., None]) * WHITE
    return np.rint(mixed).astype(np.uint8), alpha


def test_edges_have_the_colour_of_the_object_alone() -> None:
    rgb, alpha = soft_disc()
    edge = (alpha > 0.1) & (alpha < 0.9)
    mixed, own = (np.abs(colours[edge] - RED).mean() for colours in (rgb, foreground(rgb, alpha)))
    assert own < mixed / 5
    assert np.allclose(foreground(rgb, alpha)[alpha == 1], RED, atol=1)


def test_on_black_there_is_no_white_fringe() -> None:
    rgb, alpha = soft_disc()
    expected = alpha[..., None] * RED
    assert np.abs(over(rgb, alpha, (0, 0, 0)) - expected).max() < 20


def test_a_blurred_background_holds_nothing_of_the_object() -> None:
    rgb, alpha = soft_disc()
    assert blurred_background(rgb, alpha)[alpha < 1].min() > 245


def test_a_backdrop_covers_the_frame(tmp_path: Path) -> None:
    picture = np.zeros((40, 100, 3), np.uint8)
    picture[:, 36:64] = 255
    cv2.imwrite(str(tmp_path / "wide.png"), picture)
    shown = Backdrop(str(tmp_path / "wide.png")).at(Fraction(3), 80, 40)
    assert shown.shape == (80, 40, 3)
    assert shown.min() > 200, "its middle"
