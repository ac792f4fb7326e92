"""Running a benchmark: results of finished jobs are read, the other jobs are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from boostvsod.bench.arms import Arm
from boostvsod.bench.jobs import Job, Setup, known_result
from boostvsod.bench.local import Group, JobResult, run_local
from boostvsod.datasets.layouts import open_dataset
from boostvsod.errors import ConfigError
from boostvsod.targets import split_label

AfterJob = Callable[[Job, "dict[str, Any] | Exception", int, int], None]  # job, row or error, jobs done, all jobs


@dataclass(frozen=True)
class Execution:
    """Where and with how many workers jobs are run."""

    executor: str = "local"
    workers: int = 1
    devices: tuple[str, ...] = ("cpu",)
    address: str = ""  # of a Ray cluster; empty: a new one on this machine
    gpus: float = 0.0  # for each Ray worker


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
    number, slash, count = part.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and len(count) < 10 and 1 <= int(number) <= int(count)):
        raise ConfigError(f"--shard {part!r}: expected I/N with I from 1 to N, as in 2/4")
    return [job for i, group in enumerate(_groups(jobs)) if i % int(count) == int(number) - 1 for job in group]


def _groups(jobs: Iterable[Job]) -> list[Group]:
    return [list(group) for _, group in groupby(jobs, lambda job: (job.video, job.target))]


def run_jobs(
    jobs: Sequence[Job], setup: Setup, execution: Execution, after_job: AfterJob
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of all jobs that succeeded, in order, and one message for each job that failed."""
    results = {job: row for job in jobs if (row := known_result(job, setup)) is not None}
    failures = []
    for job, result in _execute(_groups(job for job in jobs if job not in results), setup, execution):
        if isinstance(result, Exception):
            failures.append(f"{job.video}, {job.target}, {job.arm.name}, seed {job.seed}: {result}")
        else:
            results[job] = result
        after_job(job, result, len(results) + len(failures), len(jobs))
    return [results[job] for job in jobs if job in results], failures


def _execute(groups: list[Group], setup: Setup, execution: Execution) -> Iterator[JobResult]:
    if execution.executor == "ray":
        from boostvsod.bench.cluster import run_ray

        return run_ray(groups, setup, execution.workers, execution.address, execution.gpus)
    return run_local(groups, setup, min(execution.workers, len(groups)), execution.devices)
