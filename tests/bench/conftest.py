"""The data set of the benchmark's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import write_maps, write_pictures

from boostvsod.bench.jobs import Setup
from boostvsod.media.synthetic import Clip
from boostvsod.runtime import Runtime


@pytest.fixture
def setup(tmp_path: Path, clip: Clip) -> Setup:
    """Two short videos, and a target's maps: all are right but one, which is upside down."""
    for name, length in (("bear", 6), ("bus", 5)):
        write_pictures(tmp_path / "data" / name / "frames", clip.frames[:length])
        write_maps(tmp_path / "data" / name / "masks", clip.truth[:length])
        maps = 0.9 * clip.truth[:length].astype(np.float32)
        maps[1] = maps[1, ::-1]
        write_maps(tmp_path / "data" / name / "pred", maps)
    return Setup(str(tmp_path / "data"), "", "video", Runtime(), tmp_path / "out")
