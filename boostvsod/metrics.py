"""How good a saliency map is, given ground truth: MAE, F-measure, S-measure. numpy alone.

`Scores` takes one frame after another and averages: per-frame values, and for F the whole curve, whose
maximum is taken last (the maximum of the mean, not the mean of maxima).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from boostvsod.kinds import Map

Truth = NDArray[np.bool_]
Curve = NDArray[np.float64]
EPS = float(np.spacing(1))
BETA2 = 0.3  # weighs precision over recall, as the field has done since Achanta et al. 2009


def mae(saliency: Map, truth: Truth) -> float:
    """Mean absolute error."""
    return float(np.abs(saliency - truth).mean())


def f_curve(saliency: Map, truth: Truth) -> Curve:
    """F-measure at the 256 thresholds 0/255 ... 255/255, a pixel counting if it reaches the threshold."""
    level = np.clip(saliency * 255, 0, 255).astype(np.uint8)  # floor: level >= t exactly when map >= t/255
    hit = np.bincount(level[truth], minlength=256)[::-1].cumsum()[::-1]
    called = np.bincount(level.ravel(), minlength=256)[::-1].cumsum()[::-1]
    precision, recall = hit / np.maximum(called, 1), hit / max(int(truth.sum()), 1)
    bottom = BETA2 * precision + recall
    curve: Curve = np.divide((1 + BETA2) * precision * recall, bottom, out=np.zeros(256), where=bottom > 0)
    return curve


def s_measure(saliency: Map, truth: Truth, alpha: float = 0.5) -> float:
    """Structure measure (Fan et al., ICCV 2017): likeness of objects and of regions."""
    share = float(truth.mean())
    if share == 0:
        return 1 - float(saliency.mean())
    if share == 1:
        return float(saliency.mean())
    exact = saliency.astype(np.float64)
    objects = share * _object(exact[truth]) + (1 - share) * _object(1 - exact[~truth])
    return max(0.0, alpha * objects + (1 - alpha) * _regions(exact, truth))


def _object(values: NDArray[np.float64]) -> float:
    """How evenly high the values of one object are."""
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return 2 * mean / (mean * mean + 1 + spread + EPS)


def _regions(saliency: NDArray[np.float64], truth: Truth) -> float:
    """Likeness of the four blocks around the truth's centroid, weighed by their area."""
    height, width = truth.shape
    rows, columns = np.nonzero(truth)
    y, x = int(np.rint(rows.mean())) + 1, int(np.rint(columns.mean())) + 1
    score = 0.0
    for block in np.s_[:y, :x], np.s_[:y, x:], np.s_[y:, :x], np.s_[y:, x:]:
        if truth[block].size:
            score += truth[block].size / (height * width) * _likeness(saliency[block], truth[block])
    return score


def _likeness(saliency: NDArray[np.float64], truth: Truth) -> float:
    """Structural similarity of two blocks, each taken as one window."""
    n, x, y = truth.size, float(saliency.mean()), float(truth.mean())
    rest = max(n - 1, 1)
    var_x = float(((saliency - x) ** 2).sum()) / rest
    var_y = float(((truth - y) ** 2).sum()) / rest
    covariance = float(((saliency - x) * (truth - y)).sum()) / rest
    top, bottom = 4 * x * y * covariance, (x * x + y * y) * (var_x + var_y)
    if top != 0:
        return top / (bottom + EPS)
    return 1.0 if bottom == 0 else 0.0


@dataclass
class Scores:
    """MAE, maxF and S over many frames."""

    frames: int = 0
    mae: float = 0.0
    s: float = 0.0
    curve: Curve = field(default_factory=lambda: np.zeros(256))

    def step(self, saliency: Map, truth: Truth) -> None:
        """Count one frame in."""
        self.frames += 1
        self.mae += mae(saliency, truth)
        self.s += s_measure(saliency, truth)
        self.curve = self.curve + f_curve(saliency, truth)

    def result(self) -> dict[str, float]:
        """The averages so far."""
        n = max(self.frames, 1)
        return {"MAE": self.mae / n, "maxF": float(self.curve.max()) / n, "S": self.s / n}
