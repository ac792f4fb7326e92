"""Jobs on a Ray cluster. Every node must be able to write to the folder of the results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from boostvsod.bench.local import TRIES, Group, Job, JobResult, Row, Work
from boostvsod.errors import BoostError, ConfigError

RESTARTS = 4  # of a worker whose process or node died; Ray's default is 0, which would lose the video


class Worker:
    """A Ray actor that runs one job after another in its own process."""

    def __init__(self, work: Work[Any], device: str) -> None:
        self.work, self.device = work, device

    def attempt(self, job: Any) -> Row | Exception:
        """The job's row, or the error of the last try. Errors are returned, because Ray does not retry them."""
        error: Exception = RuntimeError("never tried")
        for _ in range(TRIES):
            try:
                return self.work(job, self.device)
            except BoostError as user_error:  # trying again would not help
                return user_error
            except Exception as other:
                error = RuntimeError(f"{type(other).__name__}: {other}")  # not every exception can be pickled
        return error


def run_ray(
    groups: Sequence[Group[Job]], work: Work[Job], workers: int, address: str, gpus: float
) -> Iterator[JobResult[Job]]:
    """Yield results in the order in which jobs finish. All jobs of a group run on the same worker, one by one."""
    ray = _ray()
    if not ray.is_initialized():
        ray.init(address=address or None, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    device = "cuda" if gpus else "cpu"  # Ray shows each worker its own GPUs
    actor = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=RESTARTS, max_task_retries=RESTARTS)(Worker)
    idle = [actor.remote(work, device) for _ in range(min(workers, len(groups)))]
    waiting = [list(group) for group in groups]
    running: dict[Any, Attempt] = {}
    while waiting or running:
        while idle and waiting:
            _start(Attempt(idle.pop(), waiting.pop(0)), running)
        (ready,), _ = ray.wait(list(running), num_returns=1)
        attempt = running.pop(ready)
        worker, (job, *rest) = attempt.worker, attempt.group
        try:
            yield job, ray.get(ready)
        except ray.exceptions.RayError as error:
            ray.kill(worker)  # if it is cut off but alive, it must not work on beside the new one
            worker = actor.remote(work, device)
            if attempt.lost < RESTARTS:
                _start(Attempt(worker, attempt.group, attempt.lost + 1), running)
                continue
            yield job, RuntimeError(f"the worker died: {error}")
        if rest:
            _start(Attempt(worker, rest), running)
        elif waiting:
            idle.append(worker)
        else:
            ray.kill(worker)  # frees its CPU, for which a worker of a lost node may be waiting


@dataclass(frozen=True)
class Attempt:
    """A worker at the first job of a group; `lost` workers were cut off at the same job."""

    worker: Any
    group: list[Any]
    lost: int = 0


def _start(attempt: Attempt, running: dict[Any, Attempt]) -> None:
    running[attempt.worker.attempt.remote(attempt.group[0])] = attempt


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--executor ray needs Ray: pip install 'boostvsod[ray]'") from error
    return ray
