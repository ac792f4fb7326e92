"""Is what was learnt better than the target's own maps? An estimate without ground truth, and what follows of it.

The estimate is linear in four signs of the piece. Its weights were fitted where ground truth is known;
examples/calibrate_gate.py does that again, and docs/default.md says on what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from boostvsod.flowtools import warp_back
from boostvsod.images import resize_map, resize_rgb, soft_iou, stretched
from boostvsod.kinds import Flow, Map, Maps, Rgb
from boostvsod.video import Piece

SIDE = 240  # the longer side of what the gate looks at
SAME = 1.0  # two empty maps agree
LEAST_ALIKE = 0.05  # less overlap than this is no more telling
FAINT = 0.1  # below this a stretched map says "background", however sure it is of that

WEIGHTS = {"surer": -0.047, "steadier": 0.465, "outlined": -0.081, "alike": 0.223}  # of the target's advantage in S
BIAS = 0.03
STAKES, VOTES = ("alike",), ("surer", "steadier", "outlined")  # positive votes are for the target
KEEP, REJECT = 0.05, 0.045  # expected gain in S from which boosted maps are taken, and up to which they are not


def stamp() -> tuple[object, ...]:
    """What the decision hangs on, besides the maps."""
    return WEIGHTS, BIAS, STAKES, VOTES, KEEP, REJECT


@dataclass(frozen=True)
class Small:
    """One frame as the gate sees it."""

    rgb: Rgb
    target: Map
    boosted: Map


def signs_of(piece: Piece, target: Maps, boosted: Maps) -> dict[str, float]:
    """What tells whose maps are better, averaged over the frames of a piece.

    surer     how much farther from one half the target's maps are than the boosted ones, where they see anything
    steadier  how much better they follow the motion: overlap of each map with the next one, warped
    outlined  how much stronger the picture's edges are under their outlines
    alike     the logarithm of the overlap of target and boosted, of its mean over the frames
    """
    rows: dict[str, list[float]] = {"surer": [], "steadier": [], "outlined": [], "alike": []}
    before: Small | None = None
    for i in range(len(piece)):
        now = _small(piece[i].rgb, target[i], boosted[i])
        rows["surer"].append(_sureness(now.target) - _sureness(now.boosted))
        rows["outlined"].append(_outline_strength(now.rgb, now.target) - _outline_strength(now.rgb, now.boosted))
        rows["alike"].append(soft_iou(now.target, now.boosted, SAME))
        if before is not None:
            rows["steadier"].append(_steadier(before, now))
        before = now
    means = {name: float(np.mean(values)) if values else 0.0 for name, values in rows.items()}
    means["alike"] = float(np.log(max(means["alike"], LEAST_ALIKE)))
    return {name: round(value, 4) for name, value in means.items()}


def expected_gain(signs: Mapping[str, float]) -> float:
    """By how much S would rise if the boosted maps were taken.

    How little the maps are alike tells what is at stake, not who is right: it counts only if another sign speaks
    for the boosted maps. Where they lost one of several objects, none does.
    """
    counted = [name for name in WEIGHTS if name not in STAKES or any(signs[vote] <= 0 for vote in VOTES)]
    return -(BIAS + sum(WEIGHTS[name] * signs[name] for name in counted))


def judge(gain: float) -> tuple[str, str]:
    """What is kept, and the reason in words."""
    told = f"expected gain in S {gain:+.3f}"
    if gain >= KEEP:
        return "boosted", f"{told} >= {KEEP:g}"
    if gain <= REJECT:
        return "baseline", f"{told} <= {REJECT:g}: the target's own maps are probably as good or better"
    return "blend", f"{told} between {REJECT:g} and {KEEP:g}: the mean of both"


def chosen(kept: str, target: Map, boosted: Map) -> Map:
    """The final map of one frame."""
    if kept == "blend":
        return np.asarray((target + boosted) / 2, np.float32)
    return boosted if kept == "boosted" else target


def _sureness(saliency: Map) -> float:
    seen = saliency[saliency > FAINT]
    return float(np.abs(2 * seen - 1).mean()) if seen.size else 0.0


def _steadier(before: Small, now: Small) -> float:
    flow = _flow(before.rgb, now.rgb)
    own = soft_iou(before.target, warp_back(now.target, flow), SAME)
    return own - soft_iou(before.boosted, warp_back(now.boosted, flow), SAME)


def _outline_strength(rgb: Rgb, saliency: Map) -> float:
    """The mean gradient under the outline, in units of the picture's mean; the best within a pixel counts."""
    mask = (saliency > 0.5).astype(np.uint8)
    square = np.ones((3, 3), np.uint8)
    outline = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, square) > 0
    if not outline.any():
        return 0.0
    grey = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1)
    gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    near = cv2.dilate(gradient, square)
    return float(near[outline].mean()) / (float(gradient.mean()) + 1e-6)


def _small(rgb: Rgb, *maps: Map) -> Small:
    scale = min(1.0, SIDE / max(rgb.shape[:2]))
    height, width = (max(16, round(side * scale)) for side in rgb.shape[:2])
    target, boosted = (stretched(resize_map(m, height, width)) for m in maps)
    return Small(resize_rgb(rgb, height, width), target, boosted)


def _flow(a: Rgb, b: Rgb) -> Flow:
    """Coarse, quick flow: it only has to carry maps of this size from one frame to the next."""
    grey = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in (a, b)]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return np.asarray(dis.calc(grey[0], grey[1], None), np.float32)  # type: ignore[call-overload]
