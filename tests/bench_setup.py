"""A small benchmark: two videos, one target with maps, and a target that kills its process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from made import QUICK

from boostvsod.bench.arms import Arm, plan_arms
from boostvsod.bench.jobs import Job, Setup
from boostvsod.bench.run import plan_jobs

SETTINGS = (*QUICK, "nr.threshold=1.1", "lite.size=64")


def target(setup: Setup) -> str:
    """The target whose maps the fixture `setup` wrote."""
    return f"mine=maps:{setup.data}/{{video}}/pred"


def dying_target(folder: Path) -> str:
    """A target that ends its process the first time it is built."""
    mark = folder / "died"
    code = f"""
import os, pathlib
def build():
    mark = pathlib.Path({str(mark)!r})
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return lambda rgb: rgb[..., 0].astype("float32") / 255
"""
    (folder / "dies.py").write_text(code)
    return f"dies={folder}/dies.py:build"


def must_succeed(job: Job, result: Any, done: int, total: int) -> None:
    """A report of progress that fails the test if a job failed."""
    assert not isinstance(result, Exception), result


def jobs_of(setup: Setup, arms: list[Arm] | None = None, seeds: int = 1) -> list[Job]:
    """All jobs of the target `mine`, by default of the recipe nr and its controls."""
    return plan_jobs(setup, [target(setup)], arms or plan_arms(["nr"], SETTINGS), seeds)
