"""Pictures of motion to train motion networks on: colour-coded flow, with the mask of what moves.

Annotated video is scarce, so `staged` makes more from single pictures: an object cut out of one picture
moves one way over another picture that moves another way, and a real flow backend looks at both moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np

from boostvsod.flowcolour import colour_flow
from boostvsod.flowtools import warp_back
from boostvsod.images import resize_map, resize_rgb
from boostvsod.kinds import Flow, FlowBackend, Frame, Map, Rgb
from boostvsod.pairs import Pairs

Build = Callable[[], FlowBackend]


def filmed(pairs: Pairs, build: Build, threads: int) -> Iterator[tuple[Rgb, Map]]:
    """Colour-coded flow from each frame of each clip to the next, with the frame's own mask."""
    with ThreadPoolExecutor(threads) as pool:
        for clip in pool.map(lambda clip: list(_flows(clip, build())), pairs.clips()):
            yield from clip


def filmed_count(pairs: Pairs) -> int:
    """How many `filmed` will give."""
    return sum(len(clip) - 1 for clip in pairs.clips())


def _flows(clip: Pairs, flow: FlowBackend) -> Iterator[tuple[Rgb, Map]]:
    previous: tuple[Rgb, Map] | None = None
    for rgb, mask in clip.read():
        if previous is not None:
            yield colour_flow(flow.estimate(Frame.of(previous[0]), Frame.of(rgb, 1))), previous[1]
        previous = rgb, mask


def staged(pairs: Pairs, build: Build, size: int, threads: int, seed: int) -> Iterator[tuple[Rgb, Map]]:
    """One staged motion per pair, each object over the picture of another pair; S x S."""
    whole = [(resize_rgb(rgb, size, size), resize_map(mask, size, size)) for rgb, mask in pairs.read()]
    shift = len(whole) // 2  # which picture lends the background: any but the object's own

    def one(i: int) -> tuple[Rgb, Map]:
        rng = np.random.default_rng([seed, i])
        rgb, mask = whole[i]
        return _stage(rgb, mask, whole[(i + shift) % len(whole)][0], build(), rng)

    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(whole), 256):
            yield from pool.map(one, range(start, min(start + 256, len(whole))))


def _stage(rgb: Rgb, mask: Map, scene: Rgb, flow: FlowBackend, rng: np.random.Generator) -> tuple[Rgb, Map]:
    camera = _motion(len(mask), rng, shift=0.04, turn=2, zoom=0.03, bend=rng.choice([0, 0, 2.0]))
    own = _motion(len(mask), rng, shift=0.06, turn=5, zoom=0.05, bend=rng.choice([0, 1.5, 3.0]))
    now = _over(rgb, mask, scene)
    later = _over(_warp(rgb, camera + own), _warp(mask, camera + own), _warp(scene, camera))
    return colour_flow(flow.estimate(Frame.of(now), Frame.of(later, 1))), mask


def _over(rgb: Rgb, mask: Map, scene: Rgb) -> Rgb:
    soft = cv2.GaussianBlur(mask, (3, 3), 0)[..., None]
    return np.rint(soft * rgb + (1 - soft) * scene).astype(np.uint8)


def _motion(size: int, rng: np.random.Generator, shift: float, turn: float, zoom: float, bend: float) -> np.ndarray:
    """A random smooth displacement field, S S 2 in pixels: affine, plus a gentle bend."""
    centre = rng.uniform(0.3, 0.7, 2) * size
    affine: Any = cv2.getRotationMatrix2D(centre.tolist(), rng.normal(0, turn / 2), 1 + rng.normal(0, zoom / 2))
    affine[:, 2] += rng.normal(0, shift / 2, 2) * size
    y, x = np.mgrid[:size, :size].astype(np.float32)
    field = np.stack([x, y], 2) @ affine[:, :2].T + affine[:, 2] - np.stack([x, y], 2)
    waves = cv2.resize(rng.normal(0, 1, (4, 4, 2)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    moved: Flow = (field + bend * np.asarray(waves)).astype(np.float32)
    return moved


def _warp(image: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Move every pixel by (about) its displacement: sampled backwards, exact for pure translation."""
    return warp_back(image, -field, cv2.BORDER_REFLECT if image.ndim == 3 else cv2.BORDER_CONSTANT)
