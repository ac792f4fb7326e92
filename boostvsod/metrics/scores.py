"""All measures of saliency maps against ground truth: frames are measured, then averaged.

    scores = Scores()
    for saliency, truth in ...:
        scores.step(saliency, truth)
    scores.result()  # {"MAE": ..., "maxF": ..., "S": ..., ...}

F and E are averaged as curves over thresholds. Their maximum is the maximum of the mean curve, not the mean of the
maxima.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from boostvsod.media.maps import stretched
from boostvsod.metrics.contours import contour_f, jaccard
from boostvsod.metrics.structure import s_measure
from boostvsod.metrics.thresholds import (
    Curve,
    Truth,
    Values,
    at_levels,
    at_twice_the_mean,
    e_measure,
    f_measure,
    precision,
    recall,
)
from boostvsod.metrics.weighted import weighted_f

KEYS = ("MAE", "maxF", "meanF", "adpF", "S", "maxE", "meanE", "adpE", "wF", "J", "F")
MEASURED = ("MAE", "S", "wF", "adpF", "adpE", "J", "F", "MAE_raw")  # values per frame; the other keys come from curves


def mae(saliency: Values, truth: Truth) -> float:
    """Mean absolute error."""
    return float(np.abs(saliency - truth).mean())


@dataclass(frozen=True)
class Averages:
    """Means over frames, or over the means of several sequences."""

    values: Mapping[str, float]
    curves: Mapping[str, Curve]  # "F", "E", "P", "R" at thresholds 0/255 ... 255/255

    @classmethod
    def of(cls, parts: Sequence[Averages], weights: Sequence[float]) -> Averages:
        """The weighted mean of several averages.

        With equal weights every sequence counts the same; with lengths as weights every frame does.
        """
        total = max(sum(weights), 1e-12)
        shares = [weight / total for weight in weights]
        values = {key: sum(w * p.values[key] for w, p in zip(shares, parts, strict=True)) for key in parts[0].values}
        curves = {key: np.average([p.curves[key] for p in parts], 0, shares) for key in parts[0].curves}
        return cls(values, curves)

    def result(self) -> dict[str, float]:
        """All numbers in one dictionary: first `KEYS` in their order, then any other measures."""
        f, e = self.curves["F"], self.curves["E"]
        numbers = {"maxF": f.max(), "meanF": f.mean(), "maxE": e.max(), "meanE": e.mean(), **self.values}
        order = [*KEYS, *(key for key in numbers if key not in KEYS)]
        return {key: float(numbers[key]) for key in order}


@dataclass
class Scores:
    """Collects the measures of one frame after another.

    With `stretched`, maps are first stretched to [0, 1]; flat maps stay unchanged, as in pysodmetrics. J, F and
    MAE_raw are always measured on the unstretched maps.
    """

    stretched: bool = False
    rows: list[dict[str, float]] = field(default_factory=list)  # one per frame
    sums: dict[str, Curve] = field(default_factory=dict)

    def step(self, saliency: Values, truth: Truth) -> None:
        """Add one frame: a map in [0, 1] and a truth of booleans, both H x W."""
        scored = stretched(saliency, flat_is_empty=False) if self.stretched else saliency
        levels, adaptive = at_levels(scored, truth), at_twice_the_mean(scored, truth)
        row = {"MAE": mae(scored, truth), "S": s_measure(scored, truth), "wF": weighted_f(scored, truth)}
        row |= {"adpF": float(f_measure(adaptive)), "adpE": float(e_measure(adaptive))}
        row |= {"J": jaccard(saliency, truth), "F": contour_f(saliency, truth), "MAE_raw": mae(saliency, truth)}
        self.rows.append(row)
        curves = {"F": f_measure(levels), "E": e_measure(levels), "P": precision(levels), "R": recall(levels)}
        self.sums = {key: self.sums.get(key, 0) + curve for key, curve in curves.items()}

    def averages(self) -> Averages:
        """The means so far; NaN if there is no frame."""
        n, nothing = len(self.rows), np.full(256, np.nan)
        values = {key: sum(row[key] for row in self.rows) / n if n else np.nan for key in MEASURED}
        return Averages(values, {key: self.sums[key] / n if n else nothing for key in ("F", "E", "P", "R")})

    def result(self) -> dict[str, float]:
        """The means so far, in one dictionary."""
        return self.averages().result()
