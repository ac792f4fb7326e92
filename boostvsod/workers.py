"""Work spread over processes or threads: results come back in order, and only a few jobs are ahead at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")
AHEAD = 4  # jobs a worker has waiting: enough to keep it busy, few enough to stay in memory


def spread(function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    """`map(function, jobs)` over `workers` processes; with one, in this process.

    Workers are spawned, not forked: a forked copy of a process that has run torch or OpenCV may hang.
    """
    if workers <= 1:
        return map(function, jobs)
    return _ahead(ProcessPoolExecutor(workers, mp_context=get_context("spawn")), function, jobs, workers)


def ready_ahead(function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    """`map(function, jobs)`; `workers` threads, if any, work on the next results while the last are used."""
    if workers < 1:
        return map(function, jobs)
    return _ahead(ThreadPoolExecutor(workers), function, jobs, workers)


def _ahead(pool: Executor, function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    waiting = iter(jobs)
    with pool:
        running = deque(pool.submit(function, job) for job in islice(waiting, workers * AHEAD))
        while running:
            result = running.popleft().result()
            running.extend(pool.submit(function, job) for job in islice(waiting, 1))
            yield result
