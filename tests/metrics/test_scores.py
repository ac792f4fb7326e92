"""The metrics, against pysodmetrics 1.6.2 (recorded by tests/golden/record_metrics.py)."""

from __future__ import annotations

import numpy as np
import pytest
from made import GOLDEN

from boostvsod.metrics import scores as metrics
from boostvsod.metrics.contours import _contour, contour_f, jaccard
from boostvsod.metrics.thresholds import at_levels, f_measure

RECORDED = np.load(GOLDEN / "metrics.npz")
CASES = sorted({key.partition("/")[0] for key in RECORDED.files})


SCALARS = ("MAE", "S", "wF", "adpF", "adpE")


@pytest.mark.parametrize("stretched", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_equal_to_pysodmetrics(case: str, stretched: bool) -> None:
    saliency = RECORDED[f"{case}/map"].astype(np.float64) / 255
    scores, prefix = metrics.Scores(stretched), f"{case}/stretched" if stretched else case
    scores.step(saliency, RECORDED[f"{case}/truth"] > 128)
    found = scores.averages()
    for key in SCALARS:
        assert found.values[key] == pytest.approx(float(RECORDED[f"{prefix}/{key}"]), abs=1e-6), key
    for key in "FE":
        assert found.curves[key] == pytest.approx(RECORDED[f"{prefix}/curve {key}"], abs=1e-6), key


@pytest.mark.parametrize("case", CASES)
def test_maps_in_single_precision_score_the_same(case: str) -> None:
    exact, single = metrics.Scores(), metrics.Scores()
    truth = RECORDED[f"{case}/truth"] > 128
    exact.step(RECORDED[f"{case}/map"].astype(np.float64) / 255, truth)
    single.step((RECORDED[f"{case}/map"] / 255).astype(np.float32), truth)
    assert single.result() == pytest.approx(exact.result(), abs=1e-6)


def test_maximum_is_of_the_mean_curve() -> None:
    scores = metrics.Scores()
    truth = np.array([[True, False, False, False]])
    for saliency in ([0.2, 0.1, 0, 0], [0.9, 0.8, 0, 0]):  # each is perfect at another threshold
        scores.step(np.array([saliency], np.float32), truth)
    curves = [f_measure(at_levels(np.array([s], np.float32), truth)) for s in ([0.2, 0.1, 0, 0], [0.9, 0.8, 0, 0])]
    assert scores.result()["maxF"] == pytest.approx(np.mean(curves, axis=0).max())
    assert scores.result()["maxF"] < 1
    assert scores.result()["MAE"] == pytest.approx(((0.8 + 0.1) / 4 + (0.1 + 0.8) / 4) / 2, abs=1e-6)


def test_segments_by_hand() -> None:
    """An 8 x 8 square moved by two pixels: J = 48 / 80. Contour pixels match within one pixel."""
    truth, saliency = np.zeros((40, 40), bool), np.zeros((40, 40))
    truth[10:18, 10:18], saliency[10:18, 12:20] = True, 0.7
    assert jaccard(saliency, truth) == pytest.approx(48 / 80)
    ours = {(y, x) for y, x in zip(*np.nonzero(_contour(saliency >= 0.5)), strict=True)}
    theirs = {(y, x) for y, x in zip(*np.nonzero(_contour(truth)), strict=True)}

    def share(a: set[tuple[int, int]], b: set[tuple[int, int]]) -> float:
        return sum(any((y - v) ** 2 + (x - u) ** 2 <= 1 for v, u in b) for y, x in a) / len(a)

    p, r = share(ours, theirs), share(theirs, ours)
    assert 0 < p < 1
    assert contour_f(saliency, truth) == pytest.approx(2 * p * r / (p + r))


def test_segments_of_empty_masks() -> None:
    empty, some = np.zeros((20, 20), bool), np.zeros((20, 20))
    some[5:9, 5:9] = 1
    assert jaccard(np.zeros((20, 20)), empty) == contour_f(np.zeros((20, 20)), empty) == 1
    assert jaccard(some, empty) == contour_f(some, empty) == 0


def test_averages_weigh_sequences_or_frames() -> None:
    rng = np.random.default_rng(0)
    parts, everything = [], metrics.Scores()
    for length in (1, 3):
        scores = metrics.Scores()
        for _ in range(length):
            saliency, truth = rng.random((12, 12)), rng.random((12, 12)) > 0.6
            scores.step(saliency, truth)
            everything.step(saliency, truth)
        parts.append(scores.averages())
    frames = metrics.Averages.of(parts, [1, 3])
    assert frames.result() == pytest.approx(everything.result())
    mean = np.mean([part.values["S"] for part in parts])
    assert metrics.Averages.of(parts, [1, 1]).result()["S"] == pytest.approx(mean)
    assert mean != pytest.approx(everything.result()["S"])
