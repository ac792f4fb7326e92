"""The NR paper's equations, against numbers worked out by hand and by loops over pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from boostvsod import build
from boostvsod.boosting.plan import find_recipe
from boostvsod.kinds import Evidence, Frame


def evidence(*pairs: tuple[Any, Any]) -> Evidence:
    """(motion, target) per frame."""
    motion, target = ([np.array(p[k], np.float32) for p in pairs] for k in (0, 1))
    frames = [Frame(i, str(i), np.zeros((*m.shape, 3), np.uint8)) for i, m in enumerate(motion)]
    return Evidence(frames, target, motion)


def ratio(motion: Any, target: Any, **options: Any) -> float:
    mining = build("miners", "nr", **options).mine(evidence((motion, target)))
    return float(mining.verdicts[0].scores["NR"])


def test_ratio_by_hand() -> None:
    # pixel 1 agrees; 2 is only motion; 3 is below T in each map but not in their sum; 4 is empty
    motion, target = [[0.8, 0.5, 0.06, 0.0]], [[0.8, 0.0, 0.06, 0.0]]
    by_hand = (0 + 0.5 / 0.501 + 0) / 3  # |0.8-0.8|, |0.5-0|, both hard-thresholded away; union has three
    assert ratio(motion, target) == pytest.approx(by_hand, abs=1e-6)
    assert ratio(motion, target, size_invariant=False) == pytest.approx(0.5 / 0.501 / 4, abs=1e-6)
    assert ratio(motion, target, C=0.5) == pytest.approx(0.5 / 1.0 / 3, abs=1e-6)
    assert ratio(motion, target, T=0.6) == pytest.approx(0 / 1, abs=1e-6)


def test_ratio_is_size_invariant() -> None:
    small, large = np.zeros((20, 20)), np.zeros((20, 20))
    small[2:4, 2:6], large[2:10, 2:18] = 1, 1
    half = [np.where(np.arange(20) % 2, m, 0) for m in (small, large)]
    assert ratio(half[0], small) == pytest.approx(ratio(half[1], large), abs=1e-6)
    assert ratio(half[0], small, size_invariant=False) < ratio(half[1], large, size_invariant=False) / 4


@pytest.mark.parametrize(("motion", "target", "expected"), [(0, 0, 1), (1, 1, 0), (1, 0, 1 / 1.001), (0.05, 0.04, 1)])
def test_ratio_of_degenerate_maps(motion: float, target: float, expected: float) -> None:
    assert ratio([[motion] * 4] * 3, [[target] * 4] * 3) == pytest.approx(expected, abs=1e-6)


ONE, NONE = [[1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]]


HALF = [[0.5, 0.5, 0.0]]


def test_keyframes_and_their_truth() -> None:
    mining = build("miners", "nr").mine(evidence((ONE, HALF), (NONE, ONE), (HALF, HALF)))
    assert [m.index for m in mining.mined] == [0, 2]
    assert np.array_equal(mining.mined[0].truth, np.array([[0.5, 0.5, 0]], np.float32)), "Eq. 6: LS = MS * CS"
    assert np.array_equal(mining.mined[1].truth, np.array([[0.25, 0.25, 0]], np.float32)), "soft, not binarised"
    assert [v.mined for v in mining.verdicts] == [True, False, True]
    assert mining.verdicts[1].why == "NR 0.999 >= 0.6"


def test_no_keyframe_unless_forced() -> None:
    apart = evidence((NONE, ONE), ([[0.0, 0.2, 1.0]], ONE))
    assert build("miners", "nr").mine(apart).mined == ()
    forced = build("miners", "nr", top_k=1).mine(apart)
    assert [m.index for m in forced.mined] == [1]
    assert "mined as one of the best" in forced.verdicts[1].why


def test_product_is_equation_nine() -> None:
    a, b, c = np.random.default_rng(0).random((3, 5, 6), np.float32)
    assert np.allclose(build("fusers", "product").fuse(a, b, c), c * (b * a))


def test_the_recipe_is_the_paper() -> None:
    recipe = find_recipe("nr")
    assert recipe.of("nr") == {"threshold": 0.6, "T": 0.1, "C": 0.001, "size_invariant": True}
    train = recipe.train
    assert (train.loss, train.optimizer, train.momentum, train.weight_decay) == ("euclidean", "sgd", 0.95, 5e-4)
    assert (train.lr_scale, recipe.per_frame, train.size) == (0.1, 8.0, 300)
    assert (recipe.student, recipe.fuser) == ("twin", "product")
