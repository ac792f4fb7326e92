"""A proposer without a detector: regions of the target's map, of the motion map and of edges.

With it, long-term mining runs without downloads. Regions of the maps may be salient. Regions of the edges add
boxes that are not salient, which the clustering needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Map, Proposal, Proposer, Rgb
from boostvsod.offer import Offer, Range, Share

if TYPE_CHECKING:
    import numpy as np

LEVELS = (0.25, 0.5, 0.75)
REACHES = (3, 9)  # pixels, at SIDE, over which edges are joined
SIDE = 160  # the longer side of the small picture and maps
LEAST = 0.002  # the least area of a region, as a share of the picture


class Regions:
    """A proposer of boxes around connected regions, with a margin."""

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
        boxes = np.concatenate([_boxes_of(mask) for mask in binary])
        scores = np.array([_contrast(both, box) for box in boxes])
        grown = _grown(boxes, self.margin) * (np.array(rgb.shape[1::-1] * 2) / np.array(size[::-1] * 2))
        return best_boxes(grown, scores, rgb.shape, most, self.overlap)


def _edge_regions(rgb: Rgb) -> list[np.ndarray]:
    """Masks of the areas where edges lie close together, one for each of `REACHES`."""
    import cv2
    import numpy as np

    edges = cv2.Canny(cv2.GaussianBlur(rgb, (3, 3), 0), 60, 160)
    return [cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)) > 0 for reach in REACHES]


def _boxes_of(mask: np.ndarray) -> np.ndarray:
    """The boxes of a mask's connected parts, N 4, without tiny ones and without the whole picture."""
    import cv2
    import numpy as np

    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    left, top, width, height, area = stats[1:].T
    fit = (area >= LEAST * mask.size) & (width * height < 0.9 * mask.size)
    boxes: np.ndarray = np.stack([left, top, left + width, top + height], 1)[fit].astype(float)
    return boxes


def _contrast(saliency: Map, box: np.ndarray) -> float:
    """The score of a box: its mean saliency minus that of the area around it, plus a tenth of its mean saliency.

    The area around the box is a quarter of the box's side wide on each side.
    """
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


def build(margin: Annotated[float, Range(0, 10)] = 0.1, overlap: Share = 0.2) -> Proposer:
    """`margin`: added on each side, as a share of the box's side; `overlap`: of two boxes with a larger overlap only
    the better one is proposed (III-A).
    """
    return Regions(margin, overlap)


@hookimpl
def offer_proposals() -> list[Offer[Proposer]]:
    return [Offer("regions", "regions of the maps and of the edges; no weights", build)]
