"""Parallel `map` over processes or threads. Results come in order; only a few jobs are started in advance.

Worker processes end with the process that started them, however that process ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import connection, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Protocol, TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")
AHEAD = 4  # jobs queued per worker: enough to keep it busy, few enough to fit in memory
SAFE_PATH = "PYTHONSAFEPATH"  # Python 3.11 and later: do not import modules from the current folder
PR_SET_PDEATHSIG = 1  # of Linux: the signal that a process gets when the thread that started it ends


class WorkerProcess(SpawnProcess):
    """A spawned process that imports nothing from the current folder, ignores Ctrl-C, and ends with its parent.

    On Ctrl-C the parent ends its workers itself, so a worker prints no traceback.
    """

    def start(self) -> None:
        """Start the process. It inherits a blocked Ctrl-C, so it is safe even while it starts."""
        with _LAUNCH, _changed_environment(SAFE_PATH, "1"), _blocked_interrupts():
            super().start()

    def run(self) -> None:
        """Do the work, in the new process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if sys.platform == "linux":
            _die_with_parent()
        threading.Thread(target=_watch_parent, daemon=True).start()
        super().run()


_LAUNCH = threading.Lock()


class WorkerContext(SpawnContext):
    """Makes worker processes. They are spawned: a forked copy of a process that ran torch or OpenCV may hang."""

    Process = WorkerProcess


def process_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of worker processes. Its locks start a process too, the resource tracker of multiprocessing."""
    with _LAUNCH, _changed_environment(SAFE_PATH, "1"):
        return ProcessPoolExecutor(workers, mp_context=WorkerContext())


def kill_workers(pool: Executor) -> None:
    """End the processes of a pool at once, if it has any, and drop its waiting jobs."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        with suppress(ValueError):  # it has ended and was closed
            process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _changed_environment(name: str, value: str) -> Iterator[None]:
    """Set an environment variable, which new processes inherit, inside the block."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _blocked_interrupts() -> Iterator[None]:
    """Block SIGINT in this thread inside the block. A process that is started there has it blocked for ever."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch_parent() -> None:
    """End this process when its parent ends: then the pipe that multiprocessing keeps between them closes."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


class Mapper(Protocol):
    """A kind of `map`, whose results come in order."""

    def __call__(self, function: Callable[[Job], Done], jobs: Iterable[Job]) -> Generator[Done]: ...


def in_order(function: Callable[[Job], Done], jobs: Iterable[Job]) -> Generator[Done]:
    """One job after the other, in this thread."""
    yield from map(function, jobs)


def spread(function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    """`map(function, jobs)` over `workers` processes; with one worker, in this process."""
    if workers <= 1:
        return map(function, jobs)
    return _ahead(process_pool(workers), function, jobs, workers)


def ready_ahead(function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    """`map(function, jobs)`, where `workers` threads compute the next results in advance; with 0, without threads."""
    if workers < 1:
        return map(function, jobs)
    return _ahead(ThreadPoolExecutor(workers), function, jobs, workers)


def _ahead(pool: Executor, function: Callable[[Job], Done], jobs: Iterable[Job], workers: int) -> Iterator[Done]:
    """The results in order, with at most `workers * AHEAD` jobs in the pool."""
    waiting = iter(jobs)
    with pool:
        try:
            running = deque(pool.submit(function, job) for job in islice(waiting, workers * AHEAD))
            while running:
                result = running.popleft().result()
                running.extend(pool.submit(function, job) for job in islice(waiting, 1))
                yield result
        except BaseException:  # an error, Ctrl-C, or a consumer that wants no more results
            kill_workers(pool)
            raise


def return_memory() -> None:
    """Give memory that is free inside the C library back to the system, if it can (glibc).

    Networks allocate and free blocks of many sizes in several threads. Without this, the memory of a run grows from
    piece to piece, to nearly twice what it uses.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
