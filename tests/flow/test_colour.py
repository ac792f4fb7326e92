"""The Middlebury colours, compared with those of its C++ program and of flow_vis."""

from __future__ import annotations

import numpy as np
import pytest
from made import GOLDEN

from boostvsod.flow.colour import WHEEL, colour_flow

RECORDED = np.load(GOLDEN / "colorwheel.npz")


def test_wheel() -> None:
    assert np.array_equal(WHEEL, RECORDED["colorwheel55_rgb_uint8"])


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
    made = colour_flow(RECORDED[f"field_{field}"], largest).astype(int)
    difference = np.abs(made - RECORDED[picture].astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-4
