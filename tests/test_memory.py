"""Memory does not grow with the clip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made import DRAWN, write_film

from boostvsod.media.synthetic import make_clip

PEAK = """import resource, sys; from boostvsod import boost
boost(sys.argv[1], 'classic', out=sys.argv[2], settings=sys.argv[3:], threads=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"""

# One arena: with more, glibc's peak depends on the threads.
STEADY = {**os.environ, "MALLOC_ARENA_MAX": "1"}


@pytest.mark.slow
def test_a_long_clip_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    clip = make_clip(50, 240, 320).frames
    peaks = []
    for repeats in (4, 8):  # both clips have more than one piece of 100 frames
        there_and_back = [clip[:: 1 if i % 2 == 0 else -1] for i in range(repeats)]
        film = write_film(tmp_path / f"{repeats}.mp4", np.concatenate(there_and_back))
        words = [str(film), str(tmp_path / f"out{repeats}"), *DRAWN, "random.share=0.05", "train.lambda=0.2"]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *words], capture_output=True, text=True, check=True, env=STEADY
        )
        peaks.append(float(done.stdout))
    assert peaks[1] < 1.05 * peaks[0], f"{peaks[0]:.0f} MB for 200 frames, {peaks[1]:.0f} MB for 400"
