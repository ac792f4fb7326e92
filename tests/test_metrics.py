"""The metrics, against pysodmetrics 1.6.2 (recorded by tests/golden/record_metrics.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boostvsod import metrics

GOLDEN = np.load(Path(__file__).parent / "golden" / "metrics.npz")
CASES = sorted({key.partition("/")[0] for key in GOLDEN.files})


@pytest.mark.parametrize("case", CASES)
def test_equal_to_pysodmetrics(case: str) -> None:
    saliency = (GOLDEN[f"{case}/map"].astype(np.float64) / 255).astype(np.float32)
    truth = GOLDEN[f"{case}/truth"] > 128
    assert metrics.mae(saliency, truth) == pytest.approx(float(GOLDEN[f"{case}/mae"]), abs=1e-6)
    assert metrics.s_measure(saliency, truth) == pytest.approx(float(GOLDEN[f"{case}/s"]), abs=1e-6)
    falling = GOLDEN[f"{case}/f"]  # from threshold 255 down
    assert metrics.f_curve(saliency, truth)[::-1] == pytest.approx(falling, abs=1e-6)


def test_maximum_is_of_the_mean_curve() -> None:
    scores = metrics.Scores()
    truth = np.array([[True, False, False, False]])
    for saliency in ([0.2, 0.1, 0, 0], [0.9, 0.8, 0, 0]):  # each perfect at its own threshold, never together
        scores.step(np.array([saliency], np.float32), truth)
    curves = [metrics.f_curve(np.array([s], np.float32), truth) for s in ([0.2, 0.1, 0, 0], [0.9, 0.8, 0, 0])]
    mean = np.mean(curves, axis=0)
    assert scores.result()["maxF"] == pytest.approx(mean.max())
    assert scores.result()["maxF"] < 1
    assert scores.result()["MAE"] == pytest.approx(((0.8 + 0.1) / 4 + (0.1 + 0.8) / 4) / 2, abs=1e-6)
