"""Work spread over processes: results come back in order, and only a few jobs are ahead at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
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
        yield from map(function, jobs)
        return
    waiting = iter(jobs)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = deque(pool.submit(function, job) for job in islice(waiting, workers * AHEAD))
        while running:
            result = running.popleft().result()
            running.extend(pool.submit(function, job) for job in islice(waiting, 1))
            yield result
