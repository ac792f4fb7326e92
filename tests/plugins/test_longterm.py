"""The LIM paper's equations against numbers worked out by hand; proposals; the miner on made-up clips."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from made import research, write_detector

from boostvsod import build
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError, InputError
from boostvsod.kinds import Evidence, Frame, Map, Mining, Proposal, Rgb, Window
from boostvsod.media.archive import Tree
from boostvsod.media.images import decode_rgb
from boostvsod.media.synthetic import make_clip
from boostvsod.runtime import Runtime
from boostvsod_plugins.mining.clusters import (
    NEVER,
    Settings,
    cut,
    k_means,
    mine_proposals,
    profile_distance,
    salient_clusters,
    trusted_in,
)
from boostvsod_plugins.mining.longterm import binary
from boostvsod_plugins.mining.patches import BinaryClassifier, Features, motion_inside, paste
from boostvsod_plugins.proposals.detector import family_of, read_yolov5, read_yolox

CORNERS = np.array([[0.0, 0], [10, 0], [0, 10], [10, 10]])


def test_k_means_finds_what_lies_together() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([corner + rng.normal(0, 0.3, (20, 2)) for corner in CORNERS])
    labels = k_means(points, 4)
    assert [len(set(labels[i : i + 20])) for i in range(0, 80, 20)] == [1, 1, 1, 1]
    assert len(set(labels)) == 4
    assert np.array_equal(labels, k_means(points, 4))
    assert k_means(points[:3], 8).tolist() == [0, 1, 2], "fewer rows than K"
    assert set(k_means(points, 1)) == {0}


@pytest.mark.parametrize(
    ("ams", "salient"),
    [
        ([0.9, 0.85, 0.2, 0.1], [0, 1]),  # the steepest drop comes after the second
        ([0.2, 0.9, 0.1, 0.3], [1]),
        ([0.9, 0.75, 0.65, 0.1], [0]),  # it comes after the third, and two of four is the most
        ([0.3, 0.3, 0.3, 0.3], [0]),  # all equal: one at least
        ([0.4], [0]),  # one cluster
    ],
)
def test_salient_clusters_by_hand(ams: list[float], salient: list[int]) -> None:
    pms, cluster = np.repeat(ams, 3), np.repeat(np.arange(len(ams)), 3)
    assert sorted(salient_clusters(pms, cluster, 0.5).tolist()) == salient


def test_cut_by_hand() -> None:
    assert cut(np.array([0, 0.1, 0.2, 0.3, 0.9]), 0.6) == 4  # the jump to .9 leaves four
    assert cut(np.array([0, 0.8, 0.9, 1.0, 1.2]), 0.6) == 4  # the jump at the start does not count
    assert cut(np.array([0.9, 0.8, 0.7, 0.2, 0.1]), 0.6) == 3  # descending: the drop to .2
    assert cut(np.array([0.5, 0.5, 0.5, 0.5, 0.5]), 0.6) == 3  # no step at all: xi * g
    assert cut(np.array([0.3]), 0.6) == 1
    assert cut(np.array([]), 0.6) == 0


def test_trusted_by_hand() -> None:
    sim = np.array([0.1, 0.2, 0.3, 0.4, 5.0])
    pms = np.array([0.9, 0.1, 0.8, 0.85, 0.95])
    rows = np.arange(5)
    # by sim: 0 1 2 3 (4 is far); by PMS, descending: 4 0 3 2 (1 hardly moves)
    assert trusted_in(rows, sim, pms, 0.6, salient=True).tolist() == [0, 2, 3]
    # ascending: 1 | 2 3 0 4: from the third on the largest step, .05, is that after 2 3 (.85) or 0 (.9): the first
    assert trusted_in(rows, sim, pms, 0.6, salient=False).tolist() == [1, 2, 3]


def test_distance_is_to_the_mean_of_the_cluster() -> None:
    features = np.array([[0.0, 0], [2, 0], [5, 5]])
    assert profile_distance(features, np.array([0, 0, 1])).tolist() == [1, 1, 0]


def mining(iterations: int = 3, gamma: float = 0.6, probability: float = 0.9) -> Any:
    """Two clusters of ten, one of which moves; all its rows look salient to the classifier."""
    rng = np.random.default_rng(3)
    features = np.concatenate([rng.normal(0, 1, (10, 4)), rng.normal(20, 1, (10, 4))])
    pms = np.concatenate([rng.uniform(0.6, 0.9, 10), rng.uniform(0, 0.2, 10)])

    def classifier(pos: np.ndarray, neg: np.ndarray) -> np.ndarray:
        return np.where(np.arange(20) < 10, probability, 1 - probability)

    return mine_proposals(features, pms, classifier, Settings(K=2, gamma=gamma, iterations=iterations))


def test_rounds_take_the_share_gamma_of_what_is_left() -> None:
    found, start = mining(), mining(iterations=0)
    trusted = int((start.positive == 0).sum())
    assert 0 < trusted < 10
    left = 10 - trusted
    for number in (1, 2, 3):
        joined = int((found.positive == number).sum())
        assert joined == int(np.ceil(0.6 * left))
        left -= joined
    assert (found.positive[10:] == NEVER).all()
    assert (found.negative[:10] == NEVER).all()
    everything = mining(iterations=1, gamma=1.0)
    assert (everything.positive[:10] >= 0).all()
    assert (everything.negative[10:] >= 0).all()


def test_an_unsure_classifier_adds_nothing() -> None:
    found = mining(probability=0.2)
    assert set(found.positive.tolist()) == {NEVER, 0}


def test_one_cluster_has_nothing_to_tell_apart() -> None:
    def never(pos: np.ndarray, neg: np.ndarray) -> np.ndarray:
        raise AssertionError("nothing to learn from")

    found = mine_proposals(np.zeros((6, 2)), np.linspace(0, 1, 6), never, Settings(K=1))
    assert found.salient.tolist() == [0]
    assert (found.negative == NEVER).all()


def test_classifier_learns_what_it_is_shown_and_repeats_itself() -> None:
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(-1, 0.5, (40, 8)), rng.normal(1, 0.5, (40, 8))]).astype(np.float32)
    told = [BinaryClassifier(features, 20, Runtime())(np.arange(40, 60), np.arange(20)) for _ in range(2)]
    assert np.array_equal(told[0], told[1])
    assert told[0][:40].max() < 0.5 < told[0][40:].min()


class Ramp:
    """A refiner that sees the same ramp in every crop, from .2 to .6; nothing at all in small ones."""

    window, batch = 1, 2

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        shapes = [window.frame.rgb.shape[:2] for window in windows]
        return [
            np.tile(np.linspace(0.2, 0.6, width if height > 4 else 1, dtype=np.float32), (height, 1)).repeat(
                1 if height > 4 else width, 1
            )
            for height, width in shapes
        ]


def test_pasting_is_equation_nineteen() -> None:
    rgb = np.zeros((20, 20, 3), np.uint8)
    boxes = [Proposal(0, 0, 11, 10, 1.0), Proposal(10, 0, 20, 10, 1.0), Proposal(0, 15, 10, 18, 1.0)]
    drawn = paste(Ramp(), rgb, boxes, "max")
    assert np.allclose(drawn[3, :11], np.linspace(0, 1, 11), atol=1e-6), "stretched to [0, 1]"
    assert drawn[3, 10] == pytest.approx(1), "the larger of 1 and 0"
    assert paste(Ramp(), rgb, boxes, "mean")[3, 10] == pytest.approx(0.5)
    assert drawn[15:18].max() == 0, "a patch without any contrast shows nothing"
    assert drawn[11:15].max() == 0
    assert paste(Ramp(), rgb, [], "max").max() == 0


def test_motion_inside_a_box_is_its_mean() -> None:
    motion = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert motion_inside(motion, Proposal(1, 0, 3, 2, 0)) == (1 + 2 + 5 + 6) / 4


def test_features_tell_textures_apart() -> None:
    rng = np.random.default_rng(0)
    rough = [rng.integers(0, 256, (40, 40, 3)).astype(np.uint8) for _ in range(3)]
    smooth = [np.full((30, 50, 3), 60 + 20 * i, np.uint8) for i in range(3)]
    found = Features("lite", False, 64, Runtime())([*rough, *smooth])
    assert found.shape[0] == 6
    assert len(set(k_means(found, 2)[:3])) == len(set(k_means(found, 2)[3:])) == 1
    timm = Features("resnet18", False, 64, Runtime())(rough)
    assert timm.shape == (3, 512)


def evidence(moves: bool = True, there: bool = True, count: int = 10) -> Evidence:
    """A clip, its masks as motion maps, and as target's maps which are sure of the object's core alone."""
    clip = make_clip(count, 96, 128, seed=1)
    masks = [mask.astype(np.float32) * 0.9 * there for mask in clip.truth]
    cores = [cv2.erode(mask, np.ones((15, 15), np.uint8)) for mask in masks]
    target = [np.maximum(0.45 * mask, core) for mask, core in zip(masks, cores, strict=True)]
    return Evidence([Frame.of(rgb, i) for i, rgb in enumerate(clip.frames)], target, [m * moves for m in masks])


def mine(found: Evidence, **options: Any) -> Mining:
    return build("miners", "longterm", Runtime(), crop=48, **options).mine(found)


def test_keyframes_are_spaced_and_their_truth_is_drawn_in_boxes() -> None:
    found = mine(evidence())
    assert [m.index // 5 for m in found.mined] == [0, 1]
    pairs = [m.index // 2 for m in mine(evidence(), B=2).mined]
    assert len(pairs) > 2
    assert pairs == sorted(set(pairs)), "one of two frames, at most"
    assert len(mine(evidence(), B=100).mined) == 1
    for m in found.mined:
        assert 0 < m.truth.mean() < 0.6
        assert "salient of" in m.why
    assert "not the best of 5 frames; rivals: " in " ".join(v.why for v in found.verdicts)


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ({"K": 1}, {"paste": "mean"}),  # all boxes that can be trusted: several a frame
        ({}, {"otsu": True}),
        ({}, {"K": 1}),
        ({}, {"most": 1}),
        ({"K": 1}, {"xi": 0.1}),
        ({"K": 2, "xi": 0.1}, {"iterations": 0}),
        ({"K": 2, "xi": 0.1}, {"gamma": 0.1}),
        ({}, {"B": 3}),
    ],
)
def test_each_switch_changes_the_result(given: dict[str, Any], change: dict[str, Any]) -> None:
    pair = [mine(evidence(), proposal_options={"overlap": 0.95}, **given, **more) for more in ({}, change)]
    one, other = ([(m.index, m.truth.tobytes(), m.why) for m in found.mined] for found in pair)
    assert one != other


@pytest.mark.parametrize("most", [1, 3])
def test_no_frame_has_more_proposals_than_asked_for(most: int) -> None:
    found = mine(evidence(), proposal_options={"overlap": 0.95}, most=most)
    counts = [int(re.search(r"(\d+) (boxes|proposals)", verdict.why)[1]) for verdict in found.verdicts]  # type: ignore[index]
    assert max(counts) == most


def test_no_motion_or_no_object_means_no_keyframe() -> None:
    assert mine(evidence(moves=False)).mined == ()
    assert mine(evidence(there=False)).mined == ()


def test_truth_can_be_asked_of_any_frame() -> None:
    clip = evidence()
    miner: Any = build("miners", "longterm", Runtime(), crop=48)
    mined = miner.mine(clip).mined[0]
    assert np.array_equal(miner.truth(clip, mined.index), mined.truth)


def test_otsu_is_black_and_white() -> None:
    ramp = np.tile(np.linspace(0, 1, 50, dtype=np.float32), (4, 1))
    assert set(binary(ramp).ravel().tolist()) == {0.0, 1.0}
    assert binary(ramp)[0, [0, -1]].tolist() == [0, 1]


def test_bad_options_are_named() -> None:
    with pytest.raises(ConfigError, match=r"longterm\.paste"):
        build("miners", "longterm", paste="sum")
    with pytest.raises(ConfigError, match="at least 1"):
        build("miners", "longterm", K=0)


def test_the_recipe_is_the_paper() -> None:
    recipe = find_recipe("longterm")
    options = recipe.of("longterm")
    papers = {"K": 8, "nu": 0.5, "xi": 0.6, "gamma": 0.6, "iterations": 3, "epochs": 20, "paste": "max", "B": 5}
    assert {key: options[key] for key in papers} == papers
    assert (options["most"], options["otsu"], recipe.buffer, recipe.per_frame) == (10, False, 100, 10.0)
    assert (recipe.student, recipe.fuser, recipe.densifier) == ("lite", "student", "")


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
def test_shapes_tell_the_family(shapes: list[tuple[int, ...]], family: str) -> None:
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
    assert boxes_of(tmp_path, five) == [(20, 10, 60, 30)], "YOLOv5: put in the middle"
    assert boxes_of(tmp_path, [[[[0.1, 0.5, 0.5, 1.0]]]], [[[0.2, 0.9]]]) == [(13, 32, 64, 64)], "YOLOv4: stretched"
    det = [[[0, 32, 16, 64, 48, 0.9, 3], [0, 34, 16, 64, 48, 0.8, 3], [0, 0, 0, 9, 9, 0.005, 3]]]
    assert boxes_of(tmp_path, det) == [(16, 16, 48, 32)], "EfficientDet: overlapping and unlikely ones are dropped"
    assert len(boxes_of(tmp_path, det, overlap=0.99, threshold=0.0)) == 3


@pytest.mark.filterwarnings("ignore")
def test_the_real_yolox_sees_the_dancer() -> None:
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
