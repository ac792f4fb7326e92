"""Peak memory of a block of code: of the process on a CPU, of the allocator on a GPU."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

PROC = Path("/proc/self")


class Peak:
    """A context manager. Afterwards `megabytes` is the peak inside the block.

    If the system cannot reset the peak, it is the peak since the process began.
    """

    megabytes = 0.0

    def __init__(self, device: str) -> None:
        self.device = device

    def __enter__(self) -> Peak:
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.reset_peak_memory_stats(self.device)
        elif (PROC / "clear_refs").exists():
            with contextlib.suppress(OSError):  # not allowed in every sandbox; then the peak is not reset
                (PROC / "clear_refs").write_text("5")  # Linux: reset the peak
        return self

    def __exit__(self, *raised: object) -> None:
        if self.device.startswith("cuda"):
            import torch

            self.megabytes = torch.cuda.max_memory_allocated(self.device) / 1e6
        else:
            self.megabytes = _high_water() / 1e6


def _high_water() -> float:
    """The peak memory of this process, in bytes."""
    if (PROC / "status").exists():
        line = next(line for line in (PROC / "status").read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most if sys.platform == "darwin" else most * 1024)
