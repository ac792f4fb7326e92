"""run.json: what was asked and what happened; and the `Result` that is read back from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from boostvsod.boosting.parts import Parts
from boostvsod.boosting.plan import Plan
from boostvsod.boosting.store import STAGES, Store, StoredMaps
from boostvsod.errors import InputError
from boostvsod.kinds import Decision, Maps, Outcome, Result, Verdict
from boostvsod.registry import versions


def make_record(
    plan: Plan, parts: Parts, store: Store, outcomes: Sequence[Outcome], notes: Iterable[str]
) -> dict[str, Any]:
    """Everything worth knowing about a finished run, as JSON can hold it."""
    video, index = plan.video, plan.video.index
    return {
        "key": plan.key,
        "video": {
            "name": video.name,
            "source": video.where,
            "frames": len(video),
            "size": [index.width, index.height],
            "fps": index.fps,
            "shots": video.shots(),
        },
        "target": plan.target if isinstance(plan.target, str) else type(plan.target).__name__,
        "recipe": plan.recipe.as_dict(),
        "runtime": asdict(plan.runtime),
        "versions": versions(),
        "weights": parts.weights(),
        "bits": plan.bits,
        "stages": {stage: store.stage(stage).name for stage in STAGES},
        "decisions": [asdict(outcome.decision) for outcome in outcomes],
        "frames": _verdicts(video.names, outcomes),
        "notes": [*index.notes, *notes],
        "seconds": {stage: round(spent, 3) for stage, spent in store.seconds.items()},
        "cost": store.costs(),
        "losses": store.losses(),
    }


def _verdicts(names: Sequence[str], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    told = []
    for outcome in outcomes:
        start = outcome.decision.start
        unseen = [Verdict(False, {}, outcome.decision.why)] * (outcome.decision.stop - start)
        told += [
            {"frame": names[start + i], "mined": v.mined, "scores": dict(v.scores), "why": v.why}
            for i, v in enumerate(outcome.verdicts or unseen)
        ]
    return told


def read_result(folder: Path) -> Result:
    """The result of a finished run, from its folder alone."""
    store = Store(folder, {})
    record = store.record()
    if not record:
        raise InputError(f"{folder}: no finished run in it (run.json and maps/)")
    return result_of(store, record, reused=True)


def result_of(store: Store, record: dict[str, Any], *, reused: bool = False) -> Result:
    """What `boost` returns, from a record and the maps beside it."""
    frames = record["frames"]
    names = tuple(frame["frame"] for frame in frames)
    return Result(
        maps=StoredMaps(store.folder / "maps", names),
        baseline=StoredMaps(store.work / record["stages"]["target"], names),
        names=names,
        mined=tuple(i for i, frame in enumerate(frames) if frame["mined"]),
        decisions=tuple(Decision(**decision) for decision in record["decisions"]),
        notes=tuple(record["notes"]),
        seconds=record["seconds"],
        folder=str(store.folder),
        reused=reused,
        record=record,
    )


def motion_maps(result: Result) -> Maps | None:
    """None where some piece needed no motion."""
    folder = Path(result.folder) / ".boostvsod" / result.record["stages"]["motion"]
    there = all((folder / f"{name}.png").is_file() for name in result.names)
    return StoredMaps(folder, result.names) if there else None
