"""What a notebook shows of a result."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made import QUICK

from boostvsod import boost
from boostvsod.boosting.filmstrip import ShownResult
from boostvsod.media.synthetic import Clip


@pytest.mark.parametrize("frames", [3, 12])
def test_a_result_is_shown_as_a_filmstrip(frames: int, clip: Clip, tmp_path: Path) -> None:
    result = boost(clip.frames[:frames], "classic", out=tmp_path / "<b>", settings=QUICK)
    assert isinstance(result, ShownResult)
    page = result._repr_html_()
    assert page.count("<img ") == 2 * min(frames, 8), "two rows of at most eight frames"
    assert len(page) < 200_000
    assert ">classic</th>" in page
    assert ">final</th>" in page
    mined = [name for name in re.findall(r"<th>(\d+ \*)</th>", page)]
    assert mined == [f"{result.names[i]} *" for i in result.mined if frames == 3 or i in (0, 1, 3, 4, 6, 7, 9, 10)]
    assert result.decisions[0].why.split(":")[0] in page
    assert "&lt;b&gt;" in page, "text is escaped"
