"""The gate estimates without ground truth whether the boosted maps are better than the target's own, and chooses.

The boosted maps have removed something that the target showed. If that is scenery, it moves with the camera, and they
are right. If it is a part of the object, or one of several objects, it moves by itself, and they are wrong. The motion
is the optical flow without the camera's motion. No saliency network computes it. A network that overlooks an object
can therefore not hide its motion from the gate.

The numbers were fitted on clips with ground truth, by examples/calibrate_gate.py; benchmarks/gate-motion.md names the
clips.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from boostvsod.kinds import Map, Maps
from boostvsod.media.maps import resize_map, shrunk, soft_iou, stretched
from boostvsod.recipe import LEAST_RISK

SIDE, LEAST = 240, 16  # the longer side of the maps that are compared, and the least shorter side
FLOW_SIDE = 288  # the longer side of the pictures whose flow is used
FAINT = 0.1  # motion below this counts as none
LITTLE = 0.01  # of what the boosted maps show: less counts as nothing removed

EVEN, LENIENCE = 0.52, 0.4  # a removed region with this share of motion is as often object as scenery; the
# share rises if the maps differ much
# Bound on the share of videos that lose more than .005 of S -> margin: the share must be lower than EVEN by this much.
# The bounds are those of conformal risk control (Angelopoulos et al., ICLR 2024) over 30 clips, each left out in turn:
# (sum over the clips of the share of their pairs that lost + 1) / (30 + 1). With 30 clips no bound can be below 1 / 31.
BOUNDS = ((LEAST_RISK, 0.1), (0.045, -0.02), (0.065, -0.1), (0.095, -0.15))
WORTH = 0.68  # S gained or lost per unit of motion below or above that share


def stamp() -> tuple[float, ...]:
    """All that the decision depends on, besides the maps."""
    return FLOW_SIDE, FAINT, LITTLE, EVEN, LENIENCE, WORTH, *(x for pair in BOUNDS for x in pair)


def features_of(target: Maps, boosted: Maps, motion: Iterable[Map]) -> dict[str, float]:
    """Two features that say which maps are better, over the frames of a piece.

    apart   1 minus the overlap of the target's and the boosted maps: 0 if they are the same
    moving  motion where the boosted maps removed something, as a share of the motion where they show something;
            0 if they removed nothing
    """
    overlaps: list[float] = []
    sums = np.zeros(4)
    for own, other, moving in zip(target, boosted, motion, strict=True):
        a, b = (stretched(shrunk(each, SIDE, LEAST)) for each in (own, other))
        m = resize_map(moving, *a.shape)  # its own sides were rounded: they may give another height or width
        lost = np.maximum(a - b, 0)
        overlaps.append(soft_iou(a, b, empty=1.0))
        sums += [(lost * m).sum(), lost.sum(), (b * m).sum(), b.sum()]
    taken, shown = (moved / max(total, 1e-6) + FAINT for moved, total in (sums[:2], sums[2:]))
    share = float(taken / shown) if sums[1] > LITTLE * sums[3] else 0.0
    return {"apart": round(1 - float(np.mean(overlaps)), 4), "moving": round(share, 4)}


def expected_gain(features: Mapping[str, float]) -> float:
    """The expected rise of S if the boosted maps are taken: 0 if they are the same.

    A target whose maps overlap little with the boosted ones is mostly wrong. Then more of what was removed may move.
    """
    return WORTH * features["apart"] * (_even(features) - features["moving"])


def decide(features: Mapping[str, float], risk: float = LEAST_RISK) -> tuple[str, str]:
    """Which maps become the final ones ("boosted" or "baseline"), and the reason in words.

    `risk` is the share of videos that may lose more than .005 of S.
    """
    allowed = _even(features) - margin_for(risk)
    boosted = features["apart"] > 0 and features["moving"] < allowed
    reason = (
        f"expected gain in S {expected_gain(features):+.3f}; what boosting removes moves {features['moving']:.2f} "
        f"times as much as what it shows, and less than {max(allowed, 0):.2f} is accepted at a risk of {100 * risk:g} %"
    )
    return ("boosted", reason) if boosted else ("baseline", f"boosting might not help: {reason}")


def margin_for(risk: float) -> float:
    """The lowest margin whose bound is at most `risk`."""
    return min(margin for bound, margin in BOUNDS if bound <= risk)


def _even(features: Mapping[str, float]) -> float:
    """The share of motion at which what was removed is as often object as scenery."""
    return EVEN + LENIENCE * features["apart"]
