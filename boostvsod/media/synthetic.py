"""A synthetic clip with exact ground truth, for the demo, for tests and for trying plugins.

A textured object moves over a textured scene while the camera pans; half-way it stands still for a while.
A bright, round distractor belongs to the scene and leaves the picture as the camera pans on. The same
arguments always give the same clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from boostvsod.kinds import Rgb


@dataclass(frozen=True)
class Clip:
    """Frames T x H x W x 3 (bytes) and their ground truth T x H x W (booleans)."""

    frames: np.ndarray
    truth: np.ndarray


def make_clip(frames: int = 40, height: int = 120, width: int = 160, seed: int = 0, still: bool = False) -> Clip:
    """Render a clip. With `still`, nothing moves in it."""
    rng = np.random.default_rng(seed)
    margin = 48
    scene = _texture(rng, height + 2 * margin, width + 2 * margin, np.array([90, 110, 80]), 35)
    _disc(scene, np.array([margin + 0.45 * width, margin + 0.22 * height]), 0.09 * height, (235, 205, 110))
    cloth = _texture(rng, height, width, np.array([160, 85, 70]), 45)
    pictures, masks = [], []
    for t in range(frames):
        travel = 0.0 if still else _travel(t / max(frames - 1, 1))
        drift = margin * np.array([1 + 0.9 * travel, 1 + 0.6 * travel])
        mask = _outline(height, width, travel)
        middle = drift + np.array([width / 2, height / 2])
        background = np.asarray(cv2.getRectSubPix(scene, (width, height), middle.tolist()), np.uint8)
        pictures.append(_compose(cloth, background, mask, travel, width))
        masks.append(mask > 0.5)
    return Clip(np.stack(pictures), np.stack(masks))


def _travel(share: float) -> float:
    """How far the object has moved, 0 to 1, at a share of the time. It stands still from 40 % to 60 %."""
    return min(share, 0.4) / 0.8 + max(share - 0.6, 0.0) / 0.8


def _texture(rng: np.random.Generator, height: int, width: int, colour: np.ndarray, contrast: float) -> Rgb:
    """Cloudy noise at three scales, added to a colour."""
    layers = np.zeros((height, width, 3), np.float32)
    for cell in (4, 12, 40):
        coarse = rng.normal(0, 1, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        layers += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    cloud: Rgb = np.clip(colour + contrast / 2 * layers, 0, 255).astype(np.uint8)
    return cloud


def _disc(picture: Rgb, centre: np.ndarray, radius: float, colour: tuple[int, int, int]) -> None:
    cv2.circle(picture, (round(centre[0]), round(centre[1])), round(radius), colour, -1, cv2.LINE_AA)


def _outline(height: int, width: int, travel: float) -> np.ndarray:
    """The object's soft mask: a body and a head, two ellipses that move from left to right and sway."""
    scale = 8  # positions in 1/8 of a pixel (shift=3), which gives soft, exact edges
    mask = np.zeros((height, width), np.uint8)
    x, y = (0.25 + 0.5 * travel) * width, (0.58 + 0.06 * np.sin(6 * travel)) * height
    for dx, dy, a, b in ((0, 0, 0.15, 0.20), (0.10, -0.2, 0.075, 0.085)):
        centre = (round((x + dx * height) * scale), round((y + dy * height) * scale))
        axes = (round(a * height * scale), round(b * height * scale))
        cv2.ellipse(mask, centre, axes, 12 * np.sin(9 * travel), 0, 360, 255, -1, cv2.LINE_AA, shift=3)
    return mask.astype(np.float32) / 255


def _compose(cloth: Rgb, background: Rgb, mask: np.ndarray, travel: float, width: int) -> Rgb:
    """The background with the object on it. The object's texture moves with it."""
    moved = cv2.warpAffine(
        cloth, np.array([[1, 0, 0.5 * travel * width], [0, 1, 0]]), cloth.shape[1::-1], borderMode=cv2.BORDER_WRAP
    )
    soft = mask[..., None]
    return np.rint(soft * moved + (1 - soft) * background).astype(np.uint8)
