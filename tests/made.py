"""Clips, maps and films on disk, and settings that make a run quick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

DATA = Path(__file__).parents[1].parent / "shared" / "data"
QUICK = ("recipe.motion=contrast", "lite.weights=none", "train.size=64", "train.lambda=1")
FORCED = (*QUICK, "nr.threshold=1.1")  # every frame is mined, whatever it looks like
DRAWN = (*QUICK, "recipe.miner=random", "random.share=0.5")


def write_pictures(folder: Path, frames: np.ndarray, suffix: str = ".png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, rgb in enumerate(frames):
        cv2.imwrite(str(folder / f"{i:05d}{suffix}"), rgb[..., ::-1])
    return folder


def write_maps(folder: Path, maps: np.ndarray, names: list[str] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, saliency in enumerate(maps):
        cv2.imwrite(str(folder / f"{names[i] if names else f'{i:05d}'}.png"), np.uint8(255) * saliency)
    return folder


def write_film(path: Path, frames: np.ndarray, fps: float = 25, code: str = "mp4v") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), fps, frames.shape[2:0:-1])
    assert writer.isOpened(), f"OpenCV here cannot write {path.suffix} with {code}"
    for rgb in frames:
        writer.write(np.ascontiguousarray(rgb[..., ::-1]))
    writer.release()
    return path


def real(name: str) -> Path:
    """A research data set, which is not part of this project: without it the test is skipped."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    return path


def sets(settings: tuple[str, ...]) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def published_options(name: str) -> dict[str, Any]:
    """Random weights and pictures as small as a published network takes them: for tests of its adapter."""
    if name in ("ssav", "poolnet", "poolnet-edge", "poolnet-vgg", "poolnet-vgg-edge"):
        return {"weights": "random"}  # tied to their size, or in need of a large one
    return {"weights": "random", "size": 65 if name == "cosnet" else 96, **({"window": 5} if name == "cosnet" else {})}
