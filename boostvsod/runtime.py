"""Device, precision, threads and seed of a run. They are decided once, printed, and never changed silently."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boostvsod.errors import ConfigError, DeviceError
from boostvsod.offer import Range
from boostvsod.workers import Done, Job, Mapper, in_order, ready_ahead

if TYPE_CHECKING:
    import torch

SEEDS, THREADS = Range(0, 2**32 - 1), Range(1, 1024)
PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True)
class Runtime:
    """The device, precision, threads and seed that one run uses."""

    device: str = "cpu"
    precision: str = "fp32"
    threads: int = 1
    seed: int = 0

    def __str__(self) -> str:
        return f"device {self.device} | precision {self.precision} | threads {self.threads} | seed {self.seed}"

    def autocast(self) -> AbstractContextManager[object]:
        """A context in which matrix operations use the run's precision; everything else stays float32."""
        if self.precision == "fp32":
            return nullcontext()
        import torch

        return torch.autocast(self.device.split(":")[0], self.dtype)

    @property
    def dtype(self) -> torch.dtype:
        """The type of matrix operations."""
        import torch

        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.precision]

    def mapper(self, *parts: object) -> Mapper:
        """A `map` for jobs that use these parts: side by side if each has `concurrent = True`, else one by one."""
        return self.side_by_side if all(getattr(part, "concurrent", False) is True for part in parts) else in_order

    def side_by_side(self, function: Callable[[Job], Done], jobs: Iterable[Job]) -> Generator[Done]:
        """`map(function, jobs)` by as many threads as the run uses, each of which works on one job with one thread.

        Small networks keep two cores busier in this way than by sharing every layer. On a GPU the jobs are done one
        after the other.
        """
        if self.threads == 1 or self.device != "cpu":
            yield from in_order(function, jobs)
            return
        with self._one_thread_each():
            yield from ready_ahead(function, jobs, self.threads)

    @contextmanager
    def _one_thread_each(self) -> Iterator[None]:
        """Threads that start inside use one thread of each library."""
        _set_threads(1)
        try:
            yield
        finally:
            _set_threads(self.threads)

    def apply(self) -> None:
        """Set the threads and seeds of all libraries that have their own."""
        import numpy as np
        import torch

        _set_threads(self.threads)
        torch.manual_seed(self.seed)
        np.random.seed(self.seed % 2**32)  # third-party plugins may use the global generators
        random.seed(self.seed)


def _set_threads(count: int) -> None:
    """The number of threads that each call of a library may use."""
    import cv2
    import torch

    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def decide(device: str = "cpu", precision: str = "auto", seed: int = 0, threads: int | None = None) -> Runtime:
    """Decide what a run uses. `device="auto"` uses a GPU (CUDA, or MPS of Apple) if there is one.

    A named device must exist.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision {precision!r} is unknown; there are: {', '.join(PRECISIONS)}")
    for name, value, allowed in (("seed", seed, SEEDS), ("threads", threads, THREADS)):
        if value is not None and value not in allowed:
            raise ConfigError(f"runtime.{name}={value!r}: expected {allowed}")
    chosen = _device(device)
    return Runtime(chosen, _precision(precision, chosen), threads or _cpus(), seed)


def _cpus() -> int:
    """The number of CPUs that this process may use; in a container there may be fewer than in the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _device(requested: str) -> str:
    """The device to use, after a check that it exists."""
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if requested == "auto":
        return next(device for device, is_there in there.items() if is_there)
    kind, _, number = requested.partition(":")
    if kind not in there or (number and not number.isdecimal()):
        raise ConfigError(f"device {requested!r} is unknown; there are: auto, cpu, cuda, cuda:N, mps")
    if not there[kind]:
        reason = f"torch {torch.__version__} finds no {kind.upper()} device"
        raise DeviceError(f"device {requested!r} was requested, but {reason}; use --device cpu or auto")
    if kind == "mps":
        return "mps"
    if number and int(number) >= torch.cuda.device_count():
        raise DeviceError(f"device {requested!r} was requested, but there are only {torch.cuda.device_count()} devices")
    return requested


def _precision(requested: str, device: str) -> str:
    """The precision to use on a device."""
    if requested == "fp16" and device == "cpu":
        raise DeviceError("precision fp16 needs a GPU; use bf16 or fp32 on the CPU")
    if requested != "auto":
        return requested
    return "bf16" if _has_bf16_units(device) else "fp32"


def _has_bf16_units(device: str) -> bool:
    """Whether the device computes bf16 natively. Emulated bf16 is slower than float32."""
    import torch

    if device == "mps":
        return False
    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)
