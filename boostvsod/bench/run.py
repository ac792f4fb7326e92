"""Carrying a benchmark out: what is done already is read, the rest is run, then all of it is summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from boostvsod.bench.arms import Arm
from boostvsod.bench.jobs import Job, Setup, done
from boostvsod.bench.local import Done, Group, run_local
from boostvsod.datasets.layouts import open_dataset
from boostvsod.errors import ConfigError
from boostvsod.targets import split_label

Told = Callable[[Job, "dict[str, Any] | Exception", int, int], None]  # job, result, how many are done, of how many


@dataclass(frozen=True)
class Execution:
    """Where jobs are run."""

    executor: str = "local"
    workers: int = 1
    devices: tuple[str, ...] = ("cpu",)
    address: str = ""  # of a Ray cluster; empty: one on this machine
    gpus: float = 0.0  # per Ray worker


def plan_jobs(
    setup: Setup, targets: Sequence[str], arms: Sequence[Arm], seeds: int, videos: Sequence[str] = ()
) -> list[Job]:
    """Every video with every target, arm and seed; the longest videos first, so that none is left for the end."""
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
    """Part `i/n` of the jobs, counted from 1; jobs that share a run folder stay together."""
    number, slash, count = part.partition("/")
    if not (slash and number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise ConfigError(f"--shard {part!r}: expected I/N with I from 1 to N, as in 2/4")
    return [job for i, group in enumerate(_groups(jobs)) if i % int(count) == int(number) - 1 for job in group]


def _groups(jobs: Iterable[Job]) -> list[Group]:
    return [list(group) for _, group in groupby(jobs, lambda job: (job.video, job.target))]


def run_jobs(
    jobs: Sequence[Job], setup: Setup, execution: Execution, told: Told
) -> tuple[list[dict[str, Any]], list[str]]:
    """The results of all jobs that could be done, in their order, and what was wrong with the others."""
    results = {job: found for job in jobs if (found := done(job, setup)) is not None}
    failures = []
    for job, result in _execute(_groups(job for job in jobs if job not in results), setup, execution):
        if isinstance(result, Exception):
            failures.append(f"{job.video}, {job.target}, {job.arm.name}, seed {job.seed}: {result}")
        else:
            results[job] = result
        told(job, result, len(results) + len(failures), len(jobs))
    return [results[job] for job in jobs if job in results], failures


def _execute(groups: list[Group], setup: Setup, execution: Execution) -> Iterator[Done]:
    if execution.executor == "ray":
        from boostvsod.bench.cluster import run_ray

        return run_ray(groups, setup, execution.workers, execution.address, execution.gpus)
    return run_local(groups, setup, min(execution.workers, len(groups)), execution.devices)
