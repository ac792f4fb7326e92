"""How steady maps are in time: what no single frame can tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from boostvsod.flow.tools import consistent, warp_back
from boostvsod.kinds import FlowBackend, Frame, Map


def flicker(flow: FlowBackend, frames: tuple[Frame, Frame], maps: tuple[Map, Map]) -> float:
    """Mean difference of a map to the next one, brought back by the flow, where the flow can be followed.

    Low is steady. A map that moves with its object has none, whatever it covers.
    """
    forward, backward = flow.estimate(*frames), flow.estimate(*frames[::-1])
    seen = consistent(forward, backward)
    if not seen.any():
        return float("nan")
    return float(np.abs(maps[0] - warp_back(maps[1], forward))[seen].mean())


def decay(values: Sequence[float]) -> float:
    """Mean of the first quarter less mean of the last (DAVIS): how much is lost on the way."""
    if not values:
        return float("nan")
    edges = np.round(np.linspace(1, len(values), 5) + 1e-10).astype(int) - 1
    first, last = values[edges[0] : edges[1] + 1], values[edges[3] : edges[4] + 1]
    return float(np.mean(first) - np.mean(last))
