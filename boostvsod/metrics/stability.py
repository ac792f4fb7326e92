"""Measures over time: how steady maps are from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from boostvsod.flow.tools import consistent, warp_back
from boostvsod.kinds import FlowBackend, Frame, Map


def flicker(flow: FlowBackend, frames: tuple[Frame, Frame], maps: tuple[Map, Map]) -> float:
    """Mean absolute difference between a map and the next one warped back by the flow, where the flow is consistent.

    Low is steady. A map that moves exactly with its object has flicker 0. NaN if the flow is consistent nowhere.
    """
    forward, backward = flow.estimate(*frames), flow.estimate(*frames[::-1])
    visible = consistent(forward, backward)
    if not visible.any():
        return float("nan")
    return float(np.abs(maps[0] - warp_back(maps[1], forward))[visible].mean())


def decay(values: Sequence[float]) -> float:
    """Mean of the first quarter minus mean of the last quarter (DAVIS): how much is lost over time."""
    if not values:
        return float("nan")
    edges = np.round(np.linspace(1, len(values), 5) + 1e-10).astype(int) - 1
    first, last = values[edges[0] : edges[1] + 1], values[edges[3] : edges[4] + 1]
    return float(np.mean(first) - np.mean(last))
