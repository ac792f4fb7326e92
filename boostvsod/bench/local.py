"""Jobs on this machine, in several processes. Each has its own device. A process that dies is replaced."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

from boostvsod.bench.jobs import Job, Setup, run_job
from boostvsod.errors import BoostError

TRIES = 2  # of a job whose worker crashed or ran out of memory
Group = Sequence[Job]  # jobs that share a run folder: they never run at the same time
JobResult = tuple[Job, "dict[str, Any] | Exception"]  # the job, and its row or its error


def run_local(groups: Sequence[Group], setup: Setup, workers: int, devices: Sequence[str]) -> Iterator[JobResult]:
    """Yield results in the order in which jobs finish. A job that fails is yielded with its error."""
    waiting: queue.SimpleQueue[Group] = queue.SimpleQueue()
    for group in groups:
        waiting.put(group)
    results: queue.SimpleQueue[JobResult | None] = queue.SimpleQueue()  # None: one thread has ended
    pinned = [replace(setup.runtime, device=devices[i % len(devices)]) for i in range(workers)]
    slots = [Slot(replace(setup, runtime=runtime)) for runtime in pinned]
    threads = [threading.Thread(target=_serve, args=(slot, waiting, results), daemon=True) for slot in slots]
    for thread in threads:
        thread.start()
    running = len(threads)
    while running:
        result = results.get()
        if result is None:
            running -= 1
        else:
            yield result


def _serve(slot: Slot, waiting: queue.SimpleQueue[Group], results: queue.SimpleQueue[JobResult | None]) -> None:
    """Run groups on one slot until none is waiting."""
    try:
        while True:
            for job in waiting.get_nowait():
                results.put((job, slot.attempt(job)))
    except queue.Empty:
        pass
    finally:
        slot.close()
        results.put(None)


class Slot:
    """One worker process with its device."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.pool = self._fresh()

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def attempt(self, job: Job) -> dict[str, Any] | Exception:
        """The job's row, or the error of the last try. Errors of the user's input are not tried again."""
        error: Exception = RuntimeError("never tried")
        for _ in range(TRIES):
            try:
                return self.pool.submit(run_job, job, self.setup).result()
            except BoostError as user_error:
                return user_error
            except BrokenProcessPool:
                error = RuntimeError("the worker died (it crashed or ran out of memory)")
                self.close()
                self.pool = self._fresh()
            except Exception as other:
                error = other
        return error

    def close(self) -> None:
        """End the worker process."""
        self.pool.shutdown(wait=False, cancel_futures=True)
