"""What a run would cost, from a look at the video and a few frames of real work."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from boostvsod.engine import hopeless
from boostvsod.kinds import Mined, quiet
from boostvsod.learner import fine_tune
from boostvsod.plan import Parts, Plan
from boostvsod.recipe import find_recipe
from boostvsod.runtime import Runtime
from boostvsod.video import Piece, Video

PROBE = 3  # frames that are really computed
MINED_SHARE = 0.4  # of the frames: a guess, no more; it is only known afterwards
BYTES = 1.2  # per pixel and stage: 16-bit PNG of smooth maps


def estimate(video: Video, target: Any, recipe: str, settings: Iterable[str], runtime: Runtime) -> dict[str, Any]:
    """Frames, pieces, and rough seconds and megabytes; nothing is written."""
    plan = Plan(video, target, find_recipe(recipe, settings), runtime)
    started = time.perf_counter()
    video.scan()
    scan = time.perf_counter() - started
    parts = Parts(plan)
    pieces = video.pieces(plan.recipe.buffer)
    learns = [piece for piece in pieces if not hopeless(piece, plan.recipe)]
    per_frame = _seconds_per_frame(parts, max(pieces, key=len))
    height, width = video.shape
    stages = 4 if learns else 2
    return {
        "video": video.name,
        "frames": len(video),
        "size": f"{width}x{height}",
        "shots": len(video.shots()),
        "pieces": len(learns),
        "seconds": scan + per_frame * len(video),
        "megabytes": BYTES * height * width * len(video) * stages / 1e6,
    }


def _seconds_per_frame(parts: Parts, piece: Piece) -> float:
    """Target, motion, and a student's step, on a few frames, after one to warm up."""
    count = min(PROBE, len(piece))
    learns = not hopeless(piece, parts.recipe)
    _probe(parts, piece, 1, learns)
    started = time.perf_counter()
    _probe(parts, piece, count, learns)
    return (time.perf_counter() - started) / count


def _probe(parts: Parts, piece: Piece, count: int, learns: bool) -> None:
    maps = parts.predict(piece, range(count))
    if not learns:
        return
    parts.move(piece, range(count))
    mined = [Mined(i, np.asarray(m), 0.0, "probe") for i, m in enumerate(maps)][: max(1, round(MINED_SHARE * count))]
    fine_tune(parts.fresh_student(), piece, mined, parts.recipe, parts.runtime, quiet)
