"""The structure measure as a measure of agreement."""

from __future__ import annotations

import numpy as np

from boostvsod.metrics.structure import motion_consistency, s_measure


def test_agreement_needs_something_that_moves() -> None:
    rng = np.random.default_rng(1)
    saliency, motion = rng.random((2, 20, 30)).astype(np.float32)
    assert motion_consistency(saliency, motion) == s_measure(saliency, motion >= 0.5)
    assert motion_consistency(np.zeros((4, 4), np.float32), np.zeros((4, 4), np.float32)) == 0
    everything = np.ones((4, 4), np.float32)
    assert motion_consistency(everything, everything) == 1
