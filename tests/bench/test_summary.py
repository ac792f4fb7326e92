"""Summaries of a benchmark, against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from boostvsod.bench.summary import bootstrap, overview, summarise


def row(video: str, arm: str, s: float, seed: int = 0, frames: int = 10) -> dict[str, Any]:
    values = {"MAE": 1 - s, "S": s, "wF": s, "adpF": s, "adpE": s, "J": s, "F": s, "MAE_raw": 1 - s}
    curves = {key: [s] * 256 for key in "FEPR"}
    about = {"video": video, "target": "t", "arm": arm, "seed": seed, "frames": frames, "megabytes": 5.0}
    return {**about, "seconds": 0.1, "values": values, "curves": curves, "scores": values, "S": {"0": s}}


def test_summary_by_hand() -> None:
    rows = [row("a", "baseline", 0.8), row("b", "baseline", 0.6), row("c", "baseline", 0.5)]
    rows += [row("a", "nr", 0.7), row("b", "nr", 0.8), row("c", "nr", 0.5005)]
    rows += [row("a", "nr", 0.7, 1), row("b", "nr", 0.9, 1), row("c", "nr", 0.5005, 1)]
    base, nr = summarise(rows)
    assert base.scores["S"] == pytest.approx(1.9 / 3)
    assert nr.each == pytest.approx({"a": 0.7, "b": 0.85, "c": 0.5005})
    assert nr.delta["S"] == pytest.approx((0.7 + 0.85 + 0.5005 - 1.9) / 3)
    assert (nr.wins, nr.ties, nr.losses) == (1, 1, 1)
    assert nr.worst[0] == "a"
    assert nr.worst[1] == pytest.approx(-0.1)
    assert nr.spread == pytest.approx(np.std([2.0005 / 3, 2.1005 / 3]))
    assert nr.interval[0] < nr.delta["S"] < nr.interval[1]
    assert overview([base, nr], "").rows[1][-4] == "-0.100 a"
    alone = [*rows, row("d", "nr", 0.9)]  # its baseline failed, so it cannot be compared
    assert summarise(alone)[1].delta == nr.delta


def test_bootstrap_narrows_with_agreement() -> None:
    wide, narrow = bootstrap(np.array([-0.2, 0.3, 0.1])), bootstrap(np.full(10, 0.1))
    assert wide[0] < 0 < wide[1]
    assert narrow == pytest.approx((0.1, 0.1))
