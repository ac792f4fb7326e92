"""Training data for motion networks: colour-coded flow, with the mask of the moving object.

`filmed` makes it from annotated clips. Annotated clips are rare, so `staged` makes more from single pictures:
an object is cut out of one picture and moves over another picture, which moves in another way. The flow between the
two moments is computed by a flow backend, or is the exact displacement (`EXACT`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from boostvsod import registry
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors.user_code import user_code
from boostvsod.flow.colour import colour_flow
from boostvsod.flow.tools import warp_back
from boostvsod.kinds import Flow, FlowBackend, Frame, Map, Rgb
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map
from boostvsod.runtime import Runtime
from boostvsod.workers import spread

Sample = tuple[Rgb, Map]
EXACT = "exact"  # given instead of a flow backend: use the displacement with which the motion was staged
Scene = tuple[Rgb, Map, Rgb, list[int]]  # picture of the object, its mask, background, seed


def filmed(pairs: Pairs, flow: str, size: int, runtime: Runtime, *, one_way: bool = False) -> Iterator[Sample]:
    """Colour-coded flow between neighbouring frames of each clip, in both directions.

    With `one_way` it is that from each frame to the next, and from the last frame to the one before it, as in the
    papers. Each flow comes with the mask of the frame where it starts; both are `size` x `size`.
    """
    job = functools.partial(_film, flow=flow, size=size, runtime=runtime, one_way=one_way)
    for clip in spread(job, pairs.clips(), runtime.threads):
        yield from clip


def filmed_count(pairs: Pairs, *, one_way: bool = False) -> int:
    """The number of samples that `filmed` yields."""
    lengths = [len(clip) for clip in pairs.clips()]
    return sum(n if one_way and n > 1 else 2 * (n - 1) for n in lengths)


def staged(pairs: Pairs, flow: str, size: int, runtime: Runtime) -> Iterator[Sample]:
    """One staged motion for each pair: its object over the picture of another pair; `size` x `size`."""
    whole = [(resize_rgb(rgb, size, size), resize_map(mask, size, size)) for rgb, mask in pairs.read()]
    shift = len(whole) // 2  # the background comes from another pair, half of the set away
    scenes = ((rgb, mask, whole[(i + shift) % len(whole)][0], [runtime.seed, i]) for i, (rgb, mask) in enumerate(whole))
    yield from spread(functools.partial(_stage, flow=flow, runtime=runtime), scenes, runtime.threads)


@functools.cache
def _backend(flow: str, runtime: Runtime) -> FlowBackend:
    """The flow backend. Each worker process builds it once. With several workers, OpenCV uses one thread in each."""
    if runtime.threads > 1:
        cv2.setNumThreads(1)
    return registry.build("flows", flow, runtime)


def _film(clip: Pairs, flow: str, size: int, runtime: Runtime, one_way: bool) -> list[Sample]:
    frames = list(clip.read())
    steps = [step for pair in pairwise(frames) for step in (pair, pair[::-1])]
    if one_way:
        steps = [*steps[::2], *steps[-1:]]
    return [
        (resize_rgb(_coloured(now, other, flow, runtime), size, size), resize_map(mask, size, size))
        for (now, mask), (other, _) in steps
    ]


def _coloured(now: Rgb, later: Rgb, flow: str, runtime: Runtime) -> Rgb:
    with user_code(f"flow {flow}"):
        return colour_flow(_backend(flow, runtime).estimate(Frame.of(now), Frame.of(later, 1)))


def _stage(scene: Scene, flow: str, runtime: Runtime) -> Sample:
    rgb, mask, ground, seed = scene
    rng = np.random.default_rng(seed)
    camera = _motion(len(mask), rng, shift=0.04, turn=2, zoom=0.03, bend=rng.choice([0, 0, 2.0]))
    own = _motion(len(mask), rng, shift=0.06, turn=5, zoom=0.05, bend=rng.choice([0, 1.5, 3.0]))
    if flow == EXACT:
        return colour_flow(np.where(mask[..., None] > 0.5, _flow_of(camera + own), _flow_of(camera))), mask
    now = _over(rgb, mask, ground)
    later = _over(_warp(rgb, camera + own), _warp(mask, camera + own), _warp(ground, camera))
    return _coloured(now, later, flow, runtime), mask


def _over(rgb: Rgb, mask: Map, scene: Rgb) -> Rgb:
    soft = cv2.GaussianBlur(mask, (3, 3), 0)[..., None]
    return np.rint(soft * rgb + (1 - soft) * scene).astype(np.uint8)


def _motion(size: int, rng: np.random.Generator, shift: float, turn: float, zoom: float, bend: float) -> np.ndarray:
    """A random smooth displacement field, S S 2 in pixels: an affine map plus smooth waves of size `bend`."""
    centre = rng.uniform(0.3, 0.7, 2) * size
    affine: Any = cv2.getRotationMatrix2D(centre.tolist(), rng.normal(0, turn / 2), 1 + rng.normal(0, zoom / 2))
    affine[:, 2] += rng.normal(0, shift / 2, 2) * size
    y, x = np.mgrid[:size, :size].astype(np.float32)
    field = np.stack([x, y], 2) @ affine[:, :2].T + affine[:, 2] - np.stack([x, y], 2)
    waves = cv2.resize(rng.normal(0, 1, (4, 4, 2)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    moved: Flow = (field + bend * np.asarray(waves)).astype(np.float32)
    return moved


def _warp(image: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Move every pixel by about its displacement. Sampling is backwards, so this is exact for translations only."""
    return warp_back(image, -field, cv2.BORDER_REFLECT if image.ndim == 3 else cv2.BORDER_CONSTANT)


def _flow_of(field: np.ndarray) -> Flow:
    """The exact flow of what `_warp` does: the fixed point of flow(p) = field(p + flow(p)), in five iterations."""
    flow = field
    for _ in range(5):
        flow = warp_back(field, flow)
    return flow
