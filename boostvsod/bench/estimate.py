"""An estimate of the time and space of a run: it scans the video and processes a few frames."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from boostvsod.boosting.finetune import fine_tune
from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.parts import Learning, Parts
from boostvsod.boosting.plan import Plan, find_recipe
from boostvsod.boosting.store import STAGES, Store, StoredMaps
from boostvsod.engine import boost_piece, can_move
from boostvsod.kinds import Maps, Mined, quiet
from boostvsod.media.video import Piece, Video
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetInput, TargetSpec

PROBE = 16  # frames that are processed: enough for two batches side by side
MINED_SHARE = 0.4  # of the frames: a guess, because the true share is only known after a run
BYTES = 0.5  # for each pixel and stage: 16-bit PNG of smooth maps (.36 on the clip libby)


def estimate(
    video: Video, target: TargetInput, recipe: str, settings: Iterable[str], runtime: Runtime
) -> dict[str, Any]:
    """Frames, pieces, and rough seconds and megabytes of a run. Nothing is written to its run folder."""
    plan = Plan(video, TargetSpec.parse(target), find_recipe(recipe, settings), runtime)
    started = time.perf_counter()
    video.scan()
    scan = time.perf_counter() - started
    parts = Parts.build(plan)
    pieces = video.pieces(plan.recipe.buffer)
    learns = [piece for piece in pieces if parts.learning is not None and can_move(piece)]
    per_frame = _seconds_per_frame(plan, parts, max(pieces, key=len))
    height, width = video.shape
    stages = len(STAGES) if learns else 2
    return {
        "video": video.name,
        "frames": len(video),
        "size": f"{width}x{height}",
        "shots": len(video.shots()),
        "pieces": len(learns),
        "seconds": scan + per_frame * len(video),
        "megabytes": BYTES * height * width * len(video) * stages / 1e6,
    }


def _seconds_per_frame(plan: Plan, parts: Parts, piece: Piece) -> float:
    """Seconds of the whole method per frame, measured on a few frames after one round to warm up."""
    stop = piece.start + min(PROBE, len(piece))
    probe = Piece(piece.video, piece.start, stop, (piece.start, stop))
    _, seconds = (_timed(plan, parts, probe) for _ in range(2))
    return seconds / len(probe)


def _timed(plan: Plan, parts: Parts, probe: Piece) -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(RunFolder(Path(folder) / "probe"), plan.keys, quiet)
        with store.writing():
            started = time.perf_counter()
            outcome = boost_piece(probe, parts, store)
            learning = parts.learning if can_move(probe) else None
            if learning is not None and not any(verdict.mined for verdict in outcome.verdicts):
                _learn_anyway(learning, probe, StoredMaps(store.stage("target"), probe.names))
            return time.perf_counter() - started


def _learn_anyway(parts: Learning, probe: Piece, maps: Maps) -> None:
    """Fine-tune on some frames even if none was mined: other frames of the video may be mined."""
    count = max(1, round(MINED_SHARE * len(probe)))
    mined = [Mined(i, maps[i], 0.0, "probe") for i in range(count)]
    fine_tune(parts.fresh_student(), probe, mined, parts.recipe, parts.runtime, quiet)
