"""Device, precision, threads and seed: decided once, printed once, never silently changed."""

from __future__ import annotations

import os
import random
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boostvsod.errors import ConfigError, DeviceError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True)
class Runtime:
    """Where and how the networks of one run compute."""

    device: str = "cpu"
    precision: str = "fp32"
    threads: int = 1
    seed: int = 0

    def __str__(self) -> str:
        return f"device {self.device} | precision {self.precision} | threads {self.threads} | seed {self.seed}"

    def autocast(self) -> AbstractContextManager[object]:
        """Matrix work in the run's precision; everything else stays float32."""
        if self.precision == "fp32":
            return nullcontext()
        import torch

        return torch.autocast(self.device.split(":")[0], self.dtype)

    @property
    def dtype(self) -> torch.dtype:
        """Of matrix work."""
        import torch

        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.precision]

    def apply(self) -> None:
        """Apply threads and seeds to every library that keeps its own."""
        import cv2
        import numpy as np
        import torch

        torch.set_num_threads(self.threads)
        cv2.setNumThreads(self.threads)
        torch.manual_seed(self.seed)
        np.random.seed(self.seed % 2**32)  # third-party plugins may draw from the global generators
        random.seed(self.seed)


def decide(device: str = "cpu", precision: str = "auto", seed: int = 0, threads: int | None = None) -> Runtime:
    """What a run will use. `device="auto"` takes a GPU if there is one; a named device must exist."""
    if precision not in PRECISIONS:
        raise ConfigError(f"precision {precision!r} is unknown; there are: {', '.join(PRECISIONS)}")
    chosen = _device(device)
    return Runtime(chosen, _precision(precision, chosen), threads or _cpus(), seed)


def _cpus() -> int:
    """How many CPUs this process may use; a container often has fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _device(asked: str) -> str:
    import torch

    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = asked.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdigit()):
        raise ConfigError(f"device {asked!r} is unknown; there are: auto, cpu, cuda, cuda:N")
    if kind == "cuda" and not torch.cuda.is_available():
        built = f"torch {torch.__version__} sees no CUDA device"
        raise DeviceError(f"device {asked!r} was asked for, but {built}; use --device cpu or auto")
    if number and int(number) >= torch.cuda.device_count():
        raise DeviceError(f"device {asked!r} was asked for; there are {torch.cuda.device_count()} devices")
    return asked


def _precision(asked: str, device: str) -> str:
    if asked == "fp16" and device == "cpu":
        raise DeviceError("precision fp16 needs a GPU; use bf16 or fp32 on the CPU")
    if asked != "auto":
        return asked
    return "bf16" if _has_bf16_units(device) else "fp32"


def _has_bf16_units(device: str) -> bool:
    """Whether bf16 is native; emulated bf16 is slower than float32."""
    import torch

    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)
