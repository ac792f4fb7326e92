"""Object proposals: regions of the maps, and detectors in ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import evidence, research, write_detector

from boostvsod import build
from boostvsod.errors import ConfigError, InputError
from boostvsod.kinds import Proposal, Rgb
from boostvsod.media.archive import Tree
from boostvsod.media.images import decode_rgb
from boostvsod.runtime import Runtime
from boostvsod_plugins.proposals.detector import family_of, read_yolov5, read_yolox


def test_regions_hold_the_object() -> None:
    clip = evidence()
    boxes = build("proposals", "regions").propose(clip.frames[4].rgb, clip.target[4], clip.motion[4], 10)
    y, x = np.nonzero(clip.target[4] > 0.3)
    best = boxes[0]
    assert best.left <= x.min() < x.max() < best.right
    assert best.top <= y.min() < y.max() < best.bottom
    assert (best.right - best.left) * (best.bottom - best.top) < 2 * (np.ptp(x) + 1) * (np.ptp(y) + 1)


def test_yolox_cells_by_hand() -> None:
    rows = np.zeros((1, 8 * 8 + 4 * 4 + 2 * 2, 85), np.float32)
    rows[0, 64 + 5] = [0.5, 0.25, np.log(2), 0, 0.8, *[0.5] * 80]  # the second level: stride 16, cell (1, 1)
    boxes, scores = read_yolox([rows], (64, 64))
    assert boxes[69].tolist() == pytest.approx([24 - 16, 20 - 8, 24 + 16, 20 + 8])
    assert scores[69] == pytest.approx(0.4)
    with pytest.raises(InputError, match="not a YOLOX"):
        read_yolox([rows], (96, 64))


def test_yolov5_rows_by_hand() -> None:
    row = np.array([[[30, 20, 10, 4, 0.5, 0.1, 0.6]]], np.float32)
    boxes, scores = read_yolov5([row], (64, 64))
    assert boxes.tolist() == [[25, 18, 35, 22]]
    assert scores.tolist() == pytest.approx([0.3])


@pytest.mark.parametrize(
    ("shapes", "family"),
    [
        ([(1, 3549, 85)], "yolox"),
        ([(1, 3 * 3549, 85)], "yolov5"),
        ([(1, 100, 1, 4), (1, 100, 80)], "yolov4"),
        ([(1, 100, 7)], "efficientdet"),
    ],
)
def test_the_family_is_recognised_by_its_shapes(shapes: list[tuple[int, ...]], family: str) -> None:
    assert family_of([np.zeros(shape, np.float32) for shape in shapes], (416, 416)) == family


def test_unknown_outputs_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"detector\.family"):
        family_of([np.zeros((1, 10))], (416, 416))


WIDE = np.zeros((64, 128, 3), np.uint8)  # letterboxed into 128 x 128: 64 rows are spare


def boxes_of(tmp_path: Path, *outputs: Any, **options: Any) -> list[tuple[int, int, int, int]]:
    path = write_detector(tmp_path / "d.onnx", *[np.asarray(o, np.float32) for o in outputs])
    detector = build("proposals", "detector", Runtime(), path=str(path), **options)
    nothing = np.zeros(WIDE.shape[:2], np.float32)
    return [(p.left, p.top, p.right, p.bottom) for p in detector.propose(WIDE, nothing, nothing, 10)]


def test_boxes_come_back_to_the_picture(tmp_path: Path) -> None:
    five = np.zeros((1, 1008, 8))
    five[0, 0] = [40, 52, 40, 20, 0.9, 1, 0, 0]
    assert boxes_of(tmp_path, five) == [(20, 10, 60, 30)], "YOLOv5: the picture is centred"
    assert boxes_of(tmp_path, [[[[0.1, 0.5, 0.5, 1.0]]]], [[[0.2, 0.9]]]) == [(13, 32, 64, 64)], (
        "YOLOv4: the picture is stretched"
    )
    det = [[[0, 32, 16, 64, 48, 0.9, 3], [0, 34, 16, 64, 48, 0.8, 3], [0, 0, 0, 9, 9, 0.005, 3]]]
    assert boxes_of(tmp_path, det) == [(16, 16, 48, 32)], "EfficientDet: overlapping and unlikely ones are dropped"
    assert len(boxes_of(tmp_path, det, overlap=0.99, threshold=0.0)) == 3


@pytest.mark.filterwarnings("ignore")
def test_the_real_yolox_finds_the_dancer() -> None:
    weights, data = research("weights/yolox_nano.onnx"), research("data/davis_dev_480p.zip")
    detector = build("proposals", "detector", Runtime(), path=str(weights))
    tree = Tree.open(data)
    for clip, share in (("dance-twirl", 0.4), ("car-shadow", 0.5)):
        rgb: Rgb = decode_rgb(tree.file(f"{clip}/frames/00010.webp").read(), clip)
        mask = decode_rgb(tree.file(f"{clip}/masks/00010.png").read(), clip)[..., 0] > 0
        y, x = np.nonzero(mask)
        nothing = np.zeros(rgb.shape[:2], np.float32)
        boxes = detector.propose(rgb, nothing, nothing, 10)
        overlaps = [iou(box, (x.min(), y.min(), x.max() + 1, y.max() + 1)) for box in boxes]
        assert max(overlaps) > share, f"{clip}: {overlaps}"


def iou(box: Proposal, other: tuple[int, int, int, int]) -> float:
    left, top = max(box.left, other[0]), max(box.top, other[1])
    right, bottom = min(box.right, other[2]), min(box.bottom, other[3])
    both = max(0, right - left) * max(0, bottom - top)
    areas = (box.right - box.left) * (box.bottom - box.top), (other[2] - other[0]) * (other[3] - other[1])
    return both / (sum(areas) - both)
