"""The most memory a piece of work held: the process's on a CPU, the allocator's on a GPU."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

PROC = Path("/proc/self")


class Peak:
    """`megabytes` after the block: the peak inside it where the system can tell, else of the process so far."""

    megabytes = 0.0

    def __init__(self, device: str) -> None:
        self.device = device

    def __enter__(self) -> Peak:
        if self.device != "cpu":
            import torch

            torch.cuda.reset_peak_memory_stats(self.device)
        elif (PROC / "clear_refs").exists():
            with contextlib.suppress(OSError):  # not allowed in every sandbox: then the mark is of the whole process
                (PROC / "clear_refs").write_text("5")  # Linux: start the high-water mark afresh
        return self

    def __exit__(self, *raised: object) -> None:
        if self.device != "cpu":
            import torch

            self.megabytes = torch.cuda.max_memory_allocated(self.device) / 1e6
        else:
            self.megabytes = _high_water() / 1e6


def _high_water() -> float:
    """Bytes."""
    if (PROC / "status").exists():
        line = next(line for line in (PROC / "status").read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most if sys.platform == "darwin" else most * 1024)
