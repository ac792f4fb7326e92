"""The record of a run (run.json): what was asked and what happened; and the `Result` that is read back from it."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from boostvsod.boosting.folder import FORMAT, RunFolder
from boostvsod.boosting.parts import Parts
from boostvsod.boosting.plan import Plan
from boostvsod.boosting.store import STAGES, Store, StoredMaps
from boostvsod.errors import InputError
from boostvsod.kinds import Decision, Map, Maps, Outcome, Result, Verdict
from boostvsod.media.video import Video
from boostvsod.registry import versions
from boostvsod.stamps import fingerprint

NEEDED = ("video", "recipe", "stages", "seconds")  # tables of a record that its readers need


def make_record(
    plan: Plan, parts: Parts, store: Store, outcomes: Sequence[Outcome], notes: Iterable[str]
) -> dict[str, Any]:
    """All facts about a finished run, as JSON can hold them."""
    video, index = plan.video, plan.video.index
    return {
        "format": FORMAT,
        "key": plan.key,
        "video": {
            "name": video.name,
            "source": source_of(video),
            "content": fingerprint(video.stamp),
            "frames": len(video),
            "size": [index.width, index.height],
            "fps": index.fps,
            "shots": video.shots(),
        },
        "target": str(plan.target),
        "recipe": plan.recipe.as_dict(),
        "runtime": asdict(plan.runtime),
        "versions": versions(),
        "weights": parts.weights(),
        "bits": plan.bits,
        "stages": {stage: store.stage_name(stage) for stage in STAGES},
        "decisions": [asdict(outcome.decision) for outcome in outcomes],
        "frames": _verdicts(video.names, outcomes),
        "notes": [*index.notes, *notes],
        "seconds": {stage: round(spent, 3) for stage, spent in store.clock.seconds.items()},
        "cost": store.costs(),
        "losses": store.losses(),
    }


def source_of(video: Video) -> str:
    """Where the video came from: an absolute path where it is a path."""
    path = Path(video.where).expanduser()
    is_path = video.files and (path.exists() or glob.has_magic(video.where))
    return str(path.absolute()) if is_path else video.where


def _verdicts(names: Sequence[str], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """One entry a frame, in order. Frames of a piece that no miner saw share the decision's reason."""
    entries = []
    for outcome in outcomes:
        start = outcome.decision.start
        unmined = [Verdict(False, {}, outcome.decision.why)] * (outcome.decision.stop - start)
        entries += [
            {"frame": names[start + i], "mined": v.mined, "scores": dict(v.scores), "why": v.why}
            for i, v in enumerate(outcome.verdicts or unmined)
        ]
    return entries


def read_result(root: Path) -> Result:
    """The result of a finished run, from its folder alone."""
    folder = RunFolder(root)
    record = folder.record()
    if not record:
        raise InputError(f"{root}: no finished run of this version in it (run.json and maps/)")
    try:
        _check(record)
        return result_of(folder, record, reused=True)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{folder.record_path} is damaged ({type(error).__name__}: {error}); run again") from error


def _check(record: dict[str, Any]) -> None:
    """Raise ValueError if a record lacks what its readers need, or if a frame's name leads out of the folder."""
    lacking = [key for key in NEEDED if not isinstance(record.get(key), dict)]
    lacking += [f"video.{key}" for key in ("source",) if key not in record.get("video", {})]
    lacking += [f"recipe.{key}" for key in ("name", "miner", "options") if key not in record.get("recipe", {})]
    if lacking:
        raise ValueError(f"it lacks {', '.join(lacking)}")
    names = [frame["frame"] for frame in record["frames"]]
    outside = [name for name in names if Path(name).name != name]
    if outside:
        raise ValueError(f"the frame name {outside[0]!r} leads out of the folder")
    decided = sum(decision["stop"] - decision["start"] for decision in record["decisions"])
    if decided != len(names):
        raise ValueError(f"its decisions are about {decided} of {len(names)} frames")


def result_of(folder: RunFolder, record: dict[str, Any], *, reused: bool = False) -> Result:
    """What `boost` returns, from a record and the maps beside it."""
    frames = record["frames"]
    names = tuple(frame["frame"] for frame in frames)
    return Result(
        maps=StoredMaps(folder.maps, names),
        baseline=StoredMaps(folder.stage(record["stages"]["target"]), names),
        names=names,
        mined=tuple(i for i, frame in enumerate(frames) if frame["mined"]),
        decisions=tuple(Decision(**decision) for decision in record["decisions"]),
        notes=tuple(record["notes"]),
        seconds=record["seconds"],
        folder=str(folder.root),
        reused=reused,
        record=record,
    )


def motion_maps(result: Result) -> Maps | None:
    """The motion maps of every frame; None if some piece needed no motion."""
    folder = RunFolder(Path(result.folder)).stage(result.record["stages"]["motion"])
    complete = all((folder / f"{name}.png").is_file() for name in result.names)
    return StoredMaps(folder, result.names) if complete else None


def rejected_maps(result: Result) -> Callable[[int], Map | None] | None:
    """The boosted maps that the gate rejected, by frame; for other frames None. None if it rejected none."""
    folder = RunFolder(Path(result.folder)).stage(result.record["stages"]["fused"])
    kept = [range(d.start, d.stop) for d in result.decisions if d.choice == "baseline"]
    there = {i for numbers in kept for i in numbers if (folder / f"{result.names[i]}.png").is_file()}
    stored = StoredMaps(folder, result.names)
    return (lambda i: stored[i] if i in there else None) if there else None


def owner_of(target: str) -> str:
    """A target for people. One that is named by a path is called "the target"."""
    return "the target" if {"/", ":"} & set(target) else target


def choice_in_words(choice: str, target: str) -> str:
    """Which maps became the final ones, for people."""
    return {
        "boosted": "used the boosted maps",
        "baseline": f"kept {owner_of(target)}'s maps",
    }[choice]
