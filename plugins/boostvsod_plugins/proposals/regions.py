"""Boxes without a detector: regions of the target's and the motion's map at several levels, and of the edges.

So that long-term mining runs offline. Regions of the maps may be salient; those of the edges give the
clusters something that is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Map, Proposal, Proposer, Rgb
from boostvsod.offer import Offer

if TYPE_CHECKING:
    import numpy as np

LEVELS = (0.25, 0.5, 0.75)
REACHES = (3, 9)  # pixels, at SIDE, over which edges are joined
SIDE = 160  # the longer side of what is looked at
LEAST = 0.002  # of the picture: smaller regions are specks


class Regions:
    """Connected regions, boxed with some margin."""

    def __init__(self, margin: float, overlap: float) -> None:
        self.margin, self.overlap = margin, overlap

    def propose(self, rgb: Rgb, target: Map, motion: Map, most: int) -> Sequence[Proposal]:
        import numpy as np

        from boostvsod.media.images import resize_rgb
        from boostvsod.media.maps import resize_map
        from boostvsod_plugins.proposals.boxes import best_boxes

        scale = min(1.0, SIDE / max(rgb.shape[:2]))
        size = [max(8, round(side * scale)) for side in rgb.shape[:2]]
        colour, moving = (resize_map(m, *size) for m in (target, motion))
        both = np.asarray((colour + moving) / 2, np.float32)
        binary = [np.asarray(m > level) for m in (colour, moving, both) for level in LEVELS]
        binary += _edge_regions(resize_rgb(rgb, *size))
        boxes = np.concatenate([_boxed(region) for region in binary])
        scores = np.array([_standing_out(both, box) for box in boxes])
        grown = _grown(boxes, self.margin) * (np.array(rgb.shape[1::-1] * 2) / np.array(size[::-1] * 2))
        return best_boxes(grown, scores, rgb.shape, most, self.overlap)


def _edge_regions(rgb: Rgb) -> list[np.ndarray]:
    """Where edges lie close together, at several reaches."""
    import cv2
    import numpy as np

    edges = cv2.Canny(cv2.GaussianBlur(rgb, (3, 3), 0), 60, 160)
    return [cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)) > 0 for reach in REACHES]


def _boxed(region: np.ndarray) -> np.ndarray:
    """The boxes of a mask's connected parts, N 4, without specks and without the whole picture."""
    import cv2
    import numpy as np

    _, _, stats, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8), connectivity=8)
    left, top, width, height, area = stats[1:].T
    fit = (area >= LEAST * region.size) & (width * height < 0.9 * region.size)
    boxes: np.ndarray = np.stack([left, top, left + width, top + height], 1)[fit].astype(float)
    return boxes


def _standing_out(saliency: Map, box: np.ndarray) -> float:
    """How much more salient a box is than a frame of half its size around it, and a little for being salient."""
    left, top, right, bottom = box.astype(int)
    dx, dy = (right - left) // 4 + 1, (bottom - top) // 4 + 1
    around = saliency[max(0, top - dy) : bottom + dy, max(0, left - dx) : right + dx]
    inside = saliency[top:bottom, left:right]
    ring = (float(around.sum()) - float(inside.sum())) / max(1, around.size - inside.size)
    return max(0.0, float(inside.mean()) - ring) + 0.1 * float(inside.mean()) + 1e-3


def _grown(boxes: np.ndarray, margin: float) -> np.ndarray:
    import numpy as np

    sides = boxes[:, 2:] - boxes[:, :2]
    return np.concatenate([boxes[:, :2] - margin * sides, boxes[:, 2:] + margin * sides], 1)


def build(margin: float = 0.1, overlap: float = 0.2) -> Proposer:
    """`margin`: added on each side, of the box's own; `overlap`: of two boxes that share more one is kept (III-A)."""
    return Regions(margin, overlap)


@hookimpl
def offer_proposals() -> list[Offer[Proposer]]:
    return [Offer("regions", "regions of the maps and of the edges; no weights", build)]
