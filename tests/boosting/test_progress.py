"""One bar for a whole run."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from boostvsod.boosting.progress import SHARES, Whole, show_progress
from boostvsod.engine import boost
from boostvsod.media.synthetic import Clip


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


def test_true_shows_the_progress_of_a_run(tmp_path: Path, clip: Clip, capsys: pytest.CaptureFixture[str]) -> None:
    boost(clip.frames, "classic", "none", tmp_path / "o", progress=True)
    assert "array: target 12/12" in capsys.readouterr().err
    boost(clip.frames, "classic", "none", tmp_path / "p")
    assert not capsys.readouterr().err


def test_a_notebook_shows_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    with show_progress("clip") as progress:
        progress("index", 1, 0)
        progress("target", 50, 100)
        progress("final", 100, 100)
    lines = capsys.readouterr().err.split("\r")
    assert lines[1] == "clip: index"
    assert re.match(r"clip: target 5%, \d+ s left", lines[2])
    assert re.match(r"clip: final 100%, 0 s left *\n$", lines[3])
