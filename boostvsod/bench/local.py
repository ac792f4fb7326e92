"""Jobs on this machine: a few spawned processes, each with its device, replaced when they die."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

from boostvsod.bench.jobs import Job, Setup, work
from boostvsod.errors import BoostError

TRIES = 2  # a worker that crashed or ran out of memory costs one retry
Group = Sequence[Job]  # jobs that share a run folder: never done at the same time
Done = tuple[Job, "dict[str, Any] | Exception"]


def run_local(groups: Sequence[Group], setup: Setup, workers: int, devices: Sequence[str]) -> Iterator[Done]:
    """Results as they come, in any order; a job that cannot be done comes with its error."""
    waiting: queue.SimpleQueue[Group] = queue.SimpleQueue()
    for group in groups:
        waiting.put(group)
    finished: queue.SimpleQueue[Done | None] = queue.SimpleQueue()
    pinned = [replace(setup.runtime, device=devices[i % len(devices)]) for i in range(workers)]
    slots = [Slot(replace(setup, runtime=runtime)) for runtime in pinned]
    threads = [threading.Thread(target=_serve, args=(slot, waiting, finished), daemon=True) for slot in slots]
    for thread in threads:
        thread.start()
    running = len(threads)
    while running:
        result = finished.get()
        if result is None:
            running -= 1
        else:
            yield result


def _serve(slot: Slot, waiting: queue.SimpleQueue[Group], finished: queue.SimpleQueue[Done | None]) -> None:
    try:
        while True:
            for job in waiting.get_nowait():
                finished.put((job, slot.attempt(job)))
    except queue.Empty:
        pass
    finally:
        slot.close()
        finished.put(None)


class Slot:
    """One worker process and the device it is pinned to."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.pool = self._fresh()

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def attempt(self, job: Job) -> dict[str, Any] | Exception:
        """The job's result, or the error of its last try. What the user got wrong is not tried again."""
        error: Exception = RuntimeError("never tried")
        for _ in range(TRIES):
            try:
                return self.pool.submit(work, job, self.setup).result()
            except BoostError as told:
                return told
            except BrokenProcessPool:
                error = RuntimeError("its worker died (crashed, or was killed for memory)")
                self.close()
                self.pool = self._fresh()
            except Exception as other:
                error = other
        return error

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
