"""Make maps like those of a strong network: ground truth with wavy, soft outlines and a few mistakes.

    python examples/damage_truth.py DAVIS-train.zip damaged

A mistake lasts three to eight frames: a part of the object is missing, or something else is added. The gate is
calibrated on these maps (examples/calibrate_gate.py), because it must not replace such good maps.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from boostvsod.datasets.layouts import open_dataset
from boostvsod.kinds import Map
from boostvsod.media.images import write_map

OFTEN, LASTING = 0.04, (3, 9)  # probability that a mistake begins, and the range of its length in frames
WAVES, REACH = 12, 1.5  # length and height of the outline's waves, in pixels
SOFT = 1.2  # blur of the outlines, in pixels
PATCHES = 30  # size of missing or added parts, in pixels


def damaged(truths: Iterator[Map], rng: np.random.Generator) -> Iterator[Map]:
    """Each truth, H W in [0, 1], with damage."""
    left = 0
    for truth in truths:
        drawn = _waved(truth, rng)
        if left == 0 and rng.random() < OFTEN:
            left, missing = int(rng.integers(*LASTING)), rng.integers(2) == 0
            where = _noise(truth.shape, PATCHES, rng)
        if left > 0:
            left -= 1
            drawn = drawn * (where < 0.8) if missing else np.maximum(drawn, 0.8 * (where > 1.9))
        yield np.asarray(cv2.GaussianBlur(drawn, (0, 0), SOFT), np.float32)


def _waved(truth: Map, rng: np.random.Generator) -> Map:
    rows, columns = np.indices(truth.shape, np.float32)
    across, down = (REACH * _noise(truth.shape, WAVES, rng) for _ in range(2))
    return np.asarray(cv2.remap(truth, columns + across, rows + down, cv2.INTER_LINEAR), np.float32)


def _noise(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise with a standard deviation of one."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), size)
    return np.asarray(noise / noise.std(), np.float32)


def main(dataset: str, out: str) -> None:
    rng = np.random.default_rng(0)
    for clip in open_dataset(dataset).sequences:
        names = sorted(clip.truths)
        truths = (clip.truth(name).astype(np.float32) for name in names)
        for name, drawn in zip(names, damaged(truths, rng), strict=True):
            write_map(Path(out) / clip.name / f"{name}.png", drawn, 8)


if __name__ == "__main__":
    main(*sys.argv[1:])
