"""Maps as a strong network might draw them: ground truth with wavy, soft outlines, and now and then a mistake.

    python examples/damage_truth.py DAVIS-train.zip damaged

A mistake stays for three to eight frames: a part of the object is missing, or something else is there too.
The gate is calibrated on these (examples/calibrate_gate.py): they are what it has to leave alone.
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

OFTEN, LASTING = 0.04, (3, 9)  # how often mistakes begin, and how many frames they last
WAVES, REACH = 12, 1.5  # pixels: of the outlines, how long and how high
SOFT = 1.2  # pixels that outlines are blurred by
PATCHES = 30  # pixels: how large what is missing or added is


def damaged(truths: Iterator[Map], rng: np.random.Generator) -> Iterator[Map]:
    """Each truth, H W in [0, 1], as a network might see it."""
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
    """Smooth, with a deviation of one."""
    found = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), size)
    return np.asarray(found / found.std(), np.float32)


def main(dataset: str, out: str) -> None:
    rng = np.random.default_rng(0)
    for clip in open_dataset(dataset).sequences:
        names = sorted(clip.truths)
        truths = (clip.truth(name).astype(np.float32) for name in names)
        for name, drawn in zip(names, damaged(truths, rng), strict=True):
            write_map(Path(out) / clip.name / f"{name}.png", drawn, 8)


if __name__ == "__main__":
    main(*sys.argv[1:])
