"""The backend that reads flow from a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boostvsod import build
from boostvsod.errors import InputError
from boostvsod.flow.files import write_flow
from boostvsod.kinds import Frame

FLOW = np.random.default_rng(0).normal(0, 20, (13, 17, 2)).astype(np.float32)


def test_the_flow_of_the_last_frame_is_the_negated_flow_before_it(tmp_path: Path) -> None:
    write_flow(tmp_path / "00000.flo", FLOW)
    backend = build("flows", "file", folder=str(tmp_path))
    first, last = (Frame.of(np.zeros((13, 17, 3), np.uint8), i) for i in (0, 1))
    assert np.array_equal(backend.estimate(last, first), -backend.estimate(first, last))
    with pytest.raises(InputError, match=r"has none of the files 00001\.flo, 00001\.png, 00001\.npy"):
        backend.estimate(last, Frame.of(last.rgb, 2))
