"""Running a benchmark: results of finished jobs are read, the other jobs are run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from boostvsod.bench.arms import Arm
from boostvsod.bench.execution import Execution, execute, part_of
from boostvsod.bench.jobs import Job, Setup, known_result, run_job
from boostvsod.bench.local import Group
from boostvsod.datasets.layouts import open_dataset
from boostvsod.errors import ConfigError
from boostvsod.targets import split_label

AfterJob = Callable[[Job, "dict[str, Any] | Exception", int, int], None]  # job, row or error, jobs done, all jobs


def plan_jobs(
    setup: Setup, targets: Sequence[str], arms: Sequence[Arm], seeds: int, videos: Sequence[str] = ()
) -> list[Job]:
    """Every video with every target, arm and seed. The longest videos come first, to keep all workers busy."""
    clips = [clip for clip in open_dataset(setup.data, setup.layout).sequences if clip.truths]
    unknown = set(videos) - {clip.name for clip in clips}
    if unknown:
        raise ConfigError(f"{setup.data} has no video {sorted(unknown)[0]!r}")
    chosen = [clip for clip in clips if not videos or clip.name in videos]
    return [
        Job(clip.name, name, spec, arm, seed)
        for clip in sorted(chosen, key=lambda clip: -len(clip.frames))
        for name, spec in map(split_label, targets)
        for seed in range(seeds)
        for arm in arms
    ]


def shard(jobs: Iterable[Job], part: str) -> list[Job]:
    """Part `i/n` of the jobs, counted from 1. Jobs that share a run folder are in the same part."""
    return [job for group in part_of(_groups(jobs), part) for job in group]


def _groups(jobs: Iterable[Job]) -> list[Group[Job]]:
    return [list(group) for _, group in groupby(jobs, lambda job: (job.video, job.target))]


def run_jobs(
    jobs: Sequence[Job], setup: Setup, execution: Execution, after_job: AfterJob
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of all jobs that succeeded, in order, and one message for each job that failed."""
    results = {job: row for job in jobs if (row := known_result(job, setup)) is not None}
    failures = []
    work = functools.partial(_run_on, setup)
    for job, result in execute(_groups(job for job in jobs if job not in results), work, execution):
        if isinstance(result, Exception):
            failures.append(f"{job.video}, {job.target}, {job.arm.name}, seed {job.seed}: {result}")
        else:
            results[job] = result
        after_job(job, result, len(results) + len(failures), len(jobs))
    return [results[job] for job in jobs if job in results], failures


def _run_on(setup: Setup, job: Job, device: str) -> dict[str, Any]:
    return run_job(job, replace(setup, runtime=replace(setup.runtime, device=device)))
