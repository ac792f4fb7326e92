"""One job of a benchmark: a video, a target, an arm and a seed. Running a job twice writes the same file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from boostvsod.bench.arms import Arm, recipe_of
from boostvsod.bench.memory import Peak
from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.plan import Plan
from boostvsod.datasets.layouts import Dataset, open_dataset
from boostvsod.datasets.layouts import Sequence as Clip
from boostvsod.engine import boost
from boostvsod.files import WORK, write_json
from boostvsod.kinds import Result
from boostvsod.media.archive import File
from boostvsod.media.sources import from_pictures
from boostvsod.media.video import Video
from boostvsod.metrics.scores import Averages
from boostvsod.runtime import Runtime
from boostvsod.scoring import SequenceScore, counted_frames, protocol_called, score_frames
from boostvsod.stamps import content_stamp, fingerprint
from boostvsod.targets import TargetSpec

DIGITS = 9  # of saved curves


@dataclass(frozen=True)
class Setup:
    """What all jobs of a benchmark share."""

    data: str
    layout: str
    protocol: str
    runtime: Runtime
    out: Path


@dataclass(frozen=True)
class Job:
    """What to run, described by names only, so that any worker can run it."""

    video: str
    target: str  # the target's name in tables
    spec: str  # the target itself, as for `boostvsod run --target`
    arm: Arm
    seed: int

    def key(self, setup: Setup) -> str:
        """A fingerprint of everything that could change the scores."""
        device = setup.runtime.device.partition(":")[0]
        runtime = replace(setup.runtime, seed=self.seed, device=device)
        clip = find_clip(open_dataset(setup.data, setup.layout), self.video)
        video = Video.open(from_pictures(clip.frames, clip.name, setup.data))
        plan = Plan(video, TargetSpec.parse(self.spec), recipe_of(self.arm, setup.data, self.video), runtime)
        return fingerprint(asdict(self), plan.key, setup.protocol, content_stamp(setup.data))

    def result_file(self, setup: Setup) -> Path:
        """The file with the job's result."""
        name = "-".join(map(slug, (self.video, self.target, self.arm.name)))
        return setup.out / "jobs" / f"{name}-{self.key(setup)}.json"

    def run_folder(self, setup: Setup) -> Path:
        """The folder with the maps. All arms share it, so the target's and the motion maps are computed once."""
        return run_folder(setup.out, self.target, self.video)


def run_folder(out: Path, target: str, video: str) -> Path:
    """The run folder of a target and a video in the benchmark's folder `out`."""
    return out / "runs" / slug(target) / slug(video)


def slug(text: str) -> str:
    """The text as a file name that every file system accepts."""
    plain = re.sub(r"[^A-Za-z0-9._=]+", "_", Path(text).name if "/" in text else text)
    return plain.strip("_").lstrip(".")[:60] or "x"  # without leading dots, it cannot lead out of a folder


def known_result(job: Job, setup: Setup) -> dict[str, Any] | None:
    """The saved result of a job; None if the job has not been run, or if only a worker can know.

    The key of a Python file's target is found by running its code, and that may do anything. A worker runs it.
    """
    return None if TargetSpec.parse(job.spec).is_file else _read(job.result_file(setup))


def _read(file: Path) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return row


def run_job(job: Job, setup: Setup) -> dict[str, Any]:
    """Boost one video, score the maps, and save the result; returns it, or a saved one, as a row for the tables."""
    file = job.result_file(setup)
    if (saved := _read(file)) is not None:
        return saved
    data = open_dataset(setup.data, setup.layout)
    clip = find_clip(data, job.video)
    runtime = Runtime(**{**asdict(setup.runtime), "seed": job.seed})
    with Peak(runtime.device) as peak:
        result = boost(
            from_pictures(clip.frames, clip.name, data.where),
            job.spec,
            recipe_of(job.arm, setup.data, job.video),
            job.run_folder(setup),
            **asdict(runtime),
        )
    score = _score(clip, result, setup.protocol)
    row = {"video": job.video, "target": job.target, "arm": job.arm.name, "seed": job.seed}
    row |= {"frames": len(clip.frames), "megabytes": peak.megabytes, **_run_facts(result), **_score_facts(score)}
    write_json(file, row)
    return row


def find_clip(data: Dataset, name: str) -> Clip:
    """The sequence with this name."""
    return next(clip for clip in data.sequences if clip.name == name)


def _score(clip: Clip, result: Result, protocol: str) -> SequenceScore:
    rules = protocol_called(protocol)
    folder = RunFolder(Path(result.folder)).maps
    return score_frames(clip, [(name, File(folder / f"{name}.png")) for name in counted_frames(clip, rules)], rules)


def _run_facts(result: Result) -> dict[str, Any]:
    """The parts of a run's record that the tables and the report show."""
    record = result.record
    return {
        "seconds": sum(record["cost"].values()) / len(result.names),
        "mined": [result.names[i] for i in result.mined],
        "quality": {f["frame"]: f["scores"]["Q"] for f in record["frames"] if "Q" in f["scores"]},
        "decisions": record["decisions"],
        "maps": f"{WORK}/{record['stages']['final']}",
        "baseline": f"{WORK}/{record['stages']['target']}",
        "motion": f"{WORK}/{record['stages']['motion']}",
        "notes": record["notes"],
        "steps": {**record["seconds"], **record["cost"]},
    }


def _score_facts(score: SequenceScore) -> dict[str, Any]:
    """The scores in a form that JSON can hold. `averages_of` reads them back."""
    return {
        "scores": score.averages.result(),
        "values": dict(score.averages.values),
        "curves": {key: np.round(curve, DIGITS).tolist() for key, curve in score.averages.curves.items()},
        "S": {name: round(row["S"], 4) for name, row in score.frames.items()},
        "score_notes": list(score.notes),
    }


def averages_of(row: Mapping[str, Any]) -> Averages:
    """The averages of a saved result."""
    return Averages(row["values"], {key: np.array(curve) for key, curve in row["curves"].items()})
