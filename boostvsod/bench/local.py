"""Jobs on this machine, in several processes. Each has its own device. A process that dies is replaced."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

from boostvsod.bench.jobs import Job, Setup, run_job
from boostvsod.errors import BoostError
from boostvsod.workers import kill_workers, process_pool

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
    try:
        while running:
            result = results.get()
            if result is None:
                running -= 1
            else:
                yield result
    finally:  # also on Ctrl-C, and when the caller wants no more results
        for slot in slots:
            slot.stop()


def _serve(slot: Slot, waiting: queue.SimpleQueue[Group], results: queue.SimpleQueue[JobResult | None]) -> None:
    """Run groups on one slot until none is waiting."""
    try:
        while True:
            for job in waiting.get_nowait():
                results.put((job, slot.attempt(job)))
                if slot.stopped:
                    return
    except queue.Empty:
        pass
    finally:
        slot.close()
        results.put(None)


class Slot:
    """One worker process with its device."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.pool = process_pool(1)
        self.stopped = False
        self.lock = threading.Lock()  # held while a job is given to the worker, and while the worker is stopped

    def attempt(self, job: Job) -> dict[str, Any] | Exception:
        """The job's row, or the error of the last try. Errors of the user's input are not tried again."""
        error: Exception = RuntimeError("never tried")
        for _ in range(TRIES):
            try:
                return self._submit(job).result()
            except BoostError as user_error:
                return user_error
            except (BrokenProcessPool, CancelledError):
                error = RuntimeError("the worker died (it crashed or ran out of memory)")
                self.close()
                self.pool = process_pool(1)
            except Exception as other:
                error = other
        return error

    def _submit(self, job: Job) -> Future[dict[str, Any]]:
        with self.lock:
            if self.stopped:
                raise BoostError("stopped")
            return self.pool.submit(run_job, job, self.setup)

    def stop(self) -> None:
        """End the worker process at once; start no other."""
        with self.lock:
            self.stopped = True
            kill_workers(self.pool)

    def close(self) -> None:
        """End the worker process after its last job."""
        self.pool.shutdown(wait=False, cancel_futures=True)
