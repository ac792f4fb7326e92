"""Jobs on this machine, in several processes. Each has its own device. A process that dies is replaced."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

from boostvsod.errors import BoostError
from boostvsod.workers import kill_workers, process_pool

TRIES = 2  # of a job whose worker crashed or ran out of memory
Job = TypeVar("Job")  # what to run, described by values that can be sent to another process
Row = dict[str, Any]  # the result of a job
Work = Callable[[Job, str], Row]  # runs a job on a device; it can be sent to another process too
Group = Sequence[Job]  # jobs that share a run folder: they never run at the same time
JobResult = tuple[Job, Row | Exception]  # the job, and its result or its error


def run_local(
    groups: Sequence[Group[Job]], work: Work[Job], workers: int, devices: Sequence[str]
) -> Iterator[JobResult[Job]]:
    """Yield results in the order in which jobs finish. A job that fails is yielded with its error."""
    waiting: queue.SimpleQueue[Group[Job]] = queue.SimpleQueue()
    for group in groups:
        waiting.put(group)
    results: queue.SimpleQueue[JobResult[Job] | None] = queue.SimpleQueue()  # None: one thread has ended
    slots = [Slot(work, devices[i % len(devices)]) for i in range(workers)]
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


def _serve(
    slot: Slot[Job], waiting: queue.SimpleQueue[Group[Job]], results: queue.SimpleQueue[JobResult[Job] | None]
) -> None:
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


class Slot(Generic[Job]):
    """One worker process with its device."""

    def __init__(self, work: Work[Job], device: str) -> None:
        self.work, self.device = work, device
        self.pool = process_pool(1)
        self.stopped = False
        self.lock = threading.Lock()  # held while a job is given to the worker, and while the worker is stopped

    def attempt(self, job: Job) -> Row | Exception:
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

    def _submit(self, job: Job) -> Future[Row]:
        with self.lock:
            if self.stopped:
                raise BoostError("stopped")
            return self.pool.submit(self.work, job, self.device)

    def stop(self) -> None:
        """End the worker process at once; start no other."""
        with self.lock:
            self.stopped = True
            kill_workers(self.pool)

    def close(self) -> None:
        """End the worker process after its last job."""
        self.pool.shutdown(wait=False, cancel_futures=True)
