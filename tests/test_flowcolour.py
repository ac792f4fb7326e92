"""The Middlebury colours, against what its own C++ program and flow_vis gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boostvsod.flow.colour import WHEEL, colour_flow

GOLDEN = np.load(Path(__file__).parent / "golden" / "colorwheel.npz")


def test_wheel() -> None:
    assert np.array_equal(WHEEL, GOLDEN["colorwheel55_rgb_uint8"])


@pytest.mark.parametrize(
    ("field", "picture", "largest"),
    [
        ("smooth", "flowvis_rgb_smooth", None),
        ("smooth", "middleburycpp_rgb_smooth", None),
        ("smooth", "middleburycpp_rgb_smooth_maxmotion10", 10.0),
        ("unknown", "middleburycpp_rgb_unknown", None),
        ("zero", "middleburycpp_rgb_zero", None),
        ("legend33", "flowvis_rgb_legend33", None),
    ],
)
def test_equal_to_the_original(field: str, picture: str, largest: float | None) -> None:
    made = colour_flow(GOLDEN[f"field_{field}"], largest).astype(int)
    difference = np.abs(made - GOLDEN[picture].astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-4
