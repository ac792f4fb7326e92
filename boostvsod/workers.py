"""Parallel `map` over processes or threads. Results come in order; only a few jobs are started in advance."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")
AHEAD = 4  # jobs queued per worker: enough to keep it busy, few enough to fit in memory


def spread(function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    """`map(function, jobs)` over `workers` processes; with one worker, in this process.

    Processes are spawned, not forked, because a forked copy of a process that has run torch or OpenCV may hang.
    """
    if workers <= 1:
        return map(function, jobs)
    return _ahead(ProcessPoolExecutor(workers, mp_context=get_context("spawn")), function, jobs, workers)


def ready_ahead(function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    """`map(function, jobs)`, where `workers` threads compute the next results in advance; with 0, without threads."""
    if workers < 1:
        return map(function, jobs)
    return _ahead(ThreadPoolExecutor(workers), function, jobs, workers)


def _ahead(pool: Executor, function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    """The results in order, with at most `workers * AHEAD` jobs in the pool."""
    waiting = iter(jobs)
    with pool:
        running = deque(pool.submit(function, job) for job in islice(waiting, workers * AHEAD))
        while running:
            result = running.popleft().result()
            running.extend(pool.submit(function, job) for job in islice(waiting, 1))
            yield result
