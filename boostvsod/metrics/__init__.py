"""Metrics: how good saliency maps are, given ground truth.

    scores       `Scores`: all measures of a sequence of frames, and their averages
    thresholds   F measure and E measure, at 256 thresholds and at the adaptive one
    structure    S measure, and `agreement` of a map with a motion map
    weighted     weighted F measure
    contours     J and contour F of DAVIS
    stability    measures over time: flicker, decay

Maps are H x W floats in [0, 1], truths are H x W booleans. F, E, S, weighted F and MAE equal pysodmetrics
1.6.2, the reference of today's papers, also in the degenerate cases (no object, nothing but object).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boostvsod.metrics.scores import Averages, Scores

__all__ = ["Averages", "Scores"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use: importing this package stays cheap."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from boostvsod.metrics import scores

    return getattr(scores, name)
