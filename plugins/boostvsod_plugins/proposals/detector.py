"""A proposer that runs any ONNX detector. The shapes of its outputs show to which family it belongs:

YOLOX         N 85 per picture, offsets to a grid of strides 8, 16, 32; BGR of 0..255, letterboxed with 114
YOLOv5        the same shape, boxes in pixels; RGB of 0..1, letterboxed in the middle
YOLOv4        boxes N 1 4 (corners, as shares of the picture) and confidences N C; RGB of 0..1, stretched
EfficientDet  N 7 (picture, top, left, bottom, right, score, class); RGB bytes, stretched

Objects of all classes are proposed, because the miner decides which are salient. LIM, III-A: threshold 0.01,
overlap 0.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import ConfigError, InputError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Map, Proposal, Proposer, Rgb
from boostvsod.offer import Offer, Share, Side
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    import onnxruntime

Floats = NDArray[np.floating]
Detections = tuple[Floats, Floats]  # boxes N 4 (left, top, right, bottom) in pixels of the input, scores N
STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class Family:
    """The input and output of one family of detectors."""

    white: float  # the value of a white pixel
    bgr: bool
    letterbox: str  # "corner", "middle", or "" for stretching
    read: Callable[[list[Floats], tuple[int, int]], Detections]


def read_yolox(outputs: list[Floats], size: tuple[int, int]) -> Detections:
    """Rows with offsets of the centre from its cell, logarithms of the sides (both in strides), and scores."""
    rows = outputs[0][0]
    cells = [(size[0] // s, size[1] // s) for s in STRIDES]
    grids = [np.stack(np.meshgrid(np.arange(w), np.arange(h)), 2).reshape(-1, 2) for h, w in cells]
    grid = np.concatenate(grids)
    stride = np.concatenate([np.full((len(g), 1), s) for g, s in zip(grids, STRIDES, strict=True)])
    if len(grid) != len(rows):
        raise InputError(f"{len(rows)} boxes for a grid of {len(grid)} cells: this is not a YOLOX of strides {STRIDES}")
    return _centred((rows[:, :2] + grid) * stride, np.exp(rows[:, 2:4]) * stride, rows)


def read_yolov5(outputs: list[Floats], size: tuple[int, int]) -> Detections:
    """Rows with centre and sides in pixels, and scores."""
    rows = outputs[0][0]
    return _centred(rows[:, :2], rows[:, 2:4], rows)


def _centred(centre: Floats, sides: Floats, rows: Floats) -> Detections:
    return np.concatenate([centre - sides / 2, centre + sides / 2], 1), rows[:, 4] * rows[:, 5:].max(1)


def read_yolov4(outputs: list[Floats], size: tuple[int, int]) -> Detections:
    """Boxes as corners in shares of the input, and confidences of the classes."""
    boxes, confidences = sorted(outputs, key=lambda output: -output.ndim)
    return boxes[0].reshape(-1, 4) * np.array([size[1], size[0]] * 2), confidences[0].max(1)


def read_efficientdet(outputs: list[Floats], size: tuple[int, int]) -> Detections:
    """Rows of seven numbers, with corners in pixels, the top first."""
    rows = outputs[0][0]
    return rows[:, [2, 1, 4, 3]], rows[:, 5]


FAMILIES = {
    "yolox": Family(255, True, "corner", read_yolox),
    "yolov5": Family(1, False, "middle", read_yolov5),
    "yolov4": Family(1, False, "", read_yolov4),
    "efficientdet": Family(255, False, "", read_efficientdet),
}


class Detector:
    """A proposer that runs a detector on one picture at a time."""

    def __init__(
        self, session: onnxruntime.InferenceSession, family: str, size: int, threshold: float, overlap: float
    ) -> None:
        self.session, self.threshold, self.overlap = session, threshold, overlap
        entry = session.get_inputs()[0]
        self.name, self.takes_bytes = entry.name, entry.type == "tensor(uint8)"
        self.channels_first = entry.shape[1] == 3
        sides = entry.shape[2:] if self.channels_first else entry.shape[1:3]
        height, width = (side if isinstance(side, int) else size for side in sides)
        self.size = (height, width)
        self.family = FAMILIES[family or family_of(self._outputs(np.zeros((*self.size, 3), np.float32)), self.size)]

    def propose(self, rgb: Rgb, target: Map, motion: Map, most: int) -> Sequence[Proposal]:
        from boostvsod_plugins.proposals.boxes import best_boxes

        placed, scale, shift = _placed(rgb, self.size, self.family.letterbox)
        x = (placed[..., ::-1] if self.family.bgr else placed) * np.float32(self.family.white / 255)
        boxes, scores = self.family.read(self._outputs(x), self.size)
        likely = scores >= self.threshold
        in_picture = (boxes[likely] - np.tile(shift, 2)) / np.tile(scale, 2)
        return best_boxes(in_picture, scores[likely], rgb.shape, most, self.overlap)

    def _outputs(self, picture: Floats) -> list[Floats]:
        batch: Any = (picture.transpose(2, 0, 1) if self.channels_first else picture)[None]
        return list(self.session.run(None, {self.name: batch.astype(np.uint8 if self.takes_bytes else np.float32)}))


def family_of(outputs: list[Floats], size: tuple[int, int]) -> str:
    """The name of the family to which outputs of these shapes belong."""
    shapes = [output.shape for output in outputs]
    if len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][2] == 7:
        return "efficientdet"
    if len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][2] > 7:
        cells = sum((size[0] // s) * (size[1] // s) for s in STRIDES)
        return "yolox" if shapes[0][1] == cells else "yolov5"  # YOLOv5 has three boxes per cell
    if len(shapes) == 2 and {len(s) for s in shapes} == {3, 4}:
        return "yolov4"
    raise ConfigError(
        f"no known detector has outputs of shapes {shapes}; set the option detector.family, "
        'in longterm: --set \'longterm.proposal_options={path = "...", family = "yolov5"}\''
    )


def _placed(rgb: Rgb, size: tuple[int, int], letterbox: str) -> tuple[Rgb, Floats, Floats]:
    """The picture at the input's size, the scale (x, y) of the resizing, and the position (x, y) of its corner."""
    from boostvsod.media.images import resize_rgb

    height, width = rgb.shape[:2]
    if not letterbox:
        return resize_rgb(rgb, *size), np.array([size[1] / width, size[0] / height]), np.zeros(2)
    scale = min(size[0] / height, size[1] / width)
    small = resize_rgb(rgb, max(1, int(height * scale)), max(1, int(width * scale)))
    spare = np.array([size[1] - small.shape[1], size[0] - small.shape[0]])
    x, y = spare // 2 if letterbox == "middle" else (0, 0)
    canvas = np.full((*size, 3), 114, np.uint8)
    canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
    return canvas, np.array([scale, scale]), np.array([x, y], float)


def build(
    runtime: Runtime, path: str, family: str = "", size: Side = 640, threshold: Share = 0.01, overlap: Share = 0.2
) -> Proposer:
    """`path`: the .onnx file; `family`: if its outputs do not show it; `size`: if the file does not fix it;
    `threshold`: the least score; `overlap`: of two boxes with a larger overlap only the better one is proposed.
    """
    from boostvsod.weights.onnx import open_session

    if family and family not in FAMILIES:
        raise ConfigError(f"detector.family={family!r} is unknown; there are: {', '.join(FAMILIES)}")
    return Detector(open_session(Path(path).expanduser(), runtime), family, size, threshold, overlap)


@hookimpl
def offer_proposals() -> list[Offer[Proposer]]:
    return [Offer("detector", "any ONNX detector: YOLOX, YOLOv5, YOLOv4, EfficientDet", build)]
