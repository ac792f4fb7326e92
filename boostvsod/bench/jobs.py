"""One job: a video, a target, an arm, a seed. Doing it again gives the same file, so it may be done twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boostvsod.bench.arms import Arm, recipe_of
from boostvsod.bench.memory import Peak
from boostvsod.boosting.folder import WORK
from boostvsod.datasets.layouts import Dataset, open_dataset
from boostvsod.datasets.layouts import Sequence as Clip
from boostvsod.engine import boost
from boostvsod.evaluate import SequenceScore, counted_frames, protocol_called, score_frames
from boostvsod.files import fingerprint, path_stamp, write_json
from boostvsod.kinds import Result
from boostvsod.media.archive import File
from boostvsod.media.sources import from_pictures
from boostvsod.metrics.scores import Averages
from boostvsod.registry import versions
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetSpec

DIGITS = 9  # of what is kept: enough for any table


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
    """What is to be done, named well enough to be done anywhere."""

    video: str
    target: str  # its name in tables
    spec: str  # what it is, as for `boostvsod run --target`
    arm: Arm
    seed: int

    def key(self, setup: Setup) -> str:
        """Changes when anything does that could change the scores."""
        runtime = {**asdict(setup.runtime), "seed": self.seed, "device": setup.runtime.device.partition(":")[0]}
        recipe = recipe_of(self.arm, setup.data, self.video)
        stamps = [path_stamp(setup.data), TargetSpec.parse(self.spec).path_stamp()]
        return fingerprint(asdict(self), recipe.as_dict(), setup.protocol, runtime, stamps, versions())

    def place(self, setup: Setup) -> Path:
        """Where the job's result is kept."""
        named = "-".join(map(slug, (self.video, self.target, self.arm.name)))
        return setup.out / "jobs" / f"{named}-{self.key(setup)}.json"

    def run_folder(self, setup: Setup) -> Path:
        """Where the maps are: shared by all arms, which share the target's and the motion's."""
        return run_folder(setup.out, self.target, self.video)


def run_folder(out: Path, target: str, video: str) -> Path:
    """Where a benchmark keeps the maps of a target on a video."""
    return out / "runs" / slug(target) / slug(video)


def slug(text: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._=]+", "_", Path(text).name if "/" in text else text).strip("_")[:60] or "x"


def done(job: Job, setup: Setup) -> dict[str, Any] | None:
    """The result of a job that was done before."""
    try:
        found: dict[str, Any] = json.loads(job.place(setup).read_text())
    except (OSError, ValueError):
        return None
    return found


def work(job: Job, setup: Setup) -> dict[str, Any]:
    """Boost one video, score it, keep the result."""
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
    row |= {"frames": len(clip.frames), "megabytes": peak.megabytes, **_told(result), **_plain(score)}
    write_json(job.place(setup), row)
    return row


def find_clip(data: Dataset, name: str) -> Clip:
    """The sequence of that name."""
    return next(clip for clip in data.sequences if clip.name == name)


def _score(clip: Clip, result: Result, protocol: str) -> SequenceScore:
    rules = protocol_called(protocol)
    folder = Path(result.folder) / "maps"
    return score_frames(clip, [(name, File(folder / f"{name}.png")) for name in counted_frames(clip, rules)], rules)


def _told(result: Result) -> dict[str, Any]:
    """What the run's record says that a benchmark's reader wants to know."""
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
    }


def _plain(score: SequenceScore) -> dict[str, Any]:
    """Scores as JSON holds them; `averages_of` reads them back."""
    return {
        "scores": score.averages.result(),
        "values": dict(score.averages.values),
        "curves": {key: np.round(curve, DIGITS).tolist() for key, curve in score.averages.curves.items()},
        "S": {name: round(row["S"], 4) for name, row in score.frames.items()},
        "score_notes": list(score.notes),
    }


def averages_of(row: Mapping[str, Any]) -> Averages:
    """The averages of a kept result."""
    return Averages(row["values"], {key: np.array(curve) for key, curve in row["curves"].items()})
