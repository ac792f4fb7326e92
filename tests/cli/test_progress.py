"""One bar for a whole run."""

from __future__ import annotations

import pytest

from boostvsod.cli.progress import SHARES, Whole


def test_the_shares_are_those_of_one_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)


def test_a_run_of_two_pieces_goes_from_0_to_1_and_never_back() -> None:
    whole, seen = Whole(), []
    for start in (0, 100):
        for stage in ("target", "motion", "mine"):
            seen += [whole.update(stage, start, 200), whole.update(stage, start + 100, 200)]
        seen += [whole.update("learn", step, 9) for step in range(10)]
        for stage in ("student", "fused", "gate", "final"):
            seen.append(whole.update(stage, start + 100, 200))
        assert seen[-1] == pytest.approx((start + 100) / 200)
    assert seen == sorted(seen)
    assert len(set(seen)) > 20, "learning moves the bar too"


def test_a_recipe_that_learns_nothing_ends_at_1() -> None:
    whole = Whole()
    assert whole.update("target", 5, 10) == pytest.approx(SHARES["target"] / 2)
    assert whole.update("final", 10, 10) == 1
