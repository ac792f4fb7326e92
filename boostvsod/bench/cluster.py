"""Jobs on a Ray cluster. The folder of the benchmark must be one that every node sees."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from boostvsod.bench.jobs import Job, Setup, work
from boostvsod.bench.local import TRIES, Done, Group
from boostvsod.errors import BoostError, ConfigError

RESTARTS = 4  # of a worker whose process or node died; Ray's default is none, and the video would be lost


class Worker:
    """Does one job after another in a process of its own."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def attempt(self, job: Job) -> dict[str, Any] | Exception:
        """Python errors come back as values: Ray would not try them again by itself."""
        error: Exception = RuntimeError("never tried")
        for _ in range(TRIES):
            try:
                return work(job, self.setup)
            except BoostError as told:
                return told
            except Exception as other:
                error = RuntimeError(f"{type(other).__name__}: {other}")  # not every error can travel
        return error


def run_ray(groups: Sequence[Group], setup: Setup, workers: int, address: str, gpus: float) -> Iterator[Done]:
    """Results as they come; a group stays with one worker, which goes on with its next job when one is done."""
    ray = _ray()
    if not ray.is_initialized():
        ray.init(address=address or None, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    device = "cuda" if gpus else "cpu"  # Ray shows each worker its own GPUs
    pinned = replace(setup, runtime=replace(setup.runtime, device=device))
    actor = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=RESTARTS, max_task_retries=RESTARTS)(Worker)
    idle = [actor.remote(pinned) for _ in range(min(workers, len(groups)))]
    waiting = [list(group) for group in groups]
    running: dict[Any, tuple[Any, Job, list[Job]]] = {}
    while waiting or running:
        while idle and waiting:
            _next(idle.pop(), waiting.pop(0), running)
        (ready,), _ = ray.wait(list(running), num_returns=1)
        worker, job, rest = running.pop(ready)
        try:
            yield job, ray.get(ready)
        except ray.exceptions.RayError as error:
            worker = actor.remote(pinned)  # beyond its restarts
            yield job, RuntimeError(f"its worker died: {error}")
        if rest:
            _next(worker, rest, running)
        elif waiting:
            idle.append(worker)
        else:
            ray.kill(worker)  # its place may be what a worker from a lost node waits for


def _next(worker: Any, group: list[Job], running: dict[Any, tuple[Any, Job, list[Job]]]) -> None:
    job, *rest = group
    running[worker.attempt.remote(job)] = worker, job, rest


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--executor ray needs Ray: pip install 'boostvsod[ray]'") from error
    return ray
