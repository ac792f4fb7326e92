"""`boostvsod demo`: boosting improves the synthetic clip, as the README says."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from boostvsod.cli import main


@pytest.mark.slow
def test_boosted_is_better_than_baseline(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["demo", "-o", str(tmp_path / "demo")])
    assert done.exit_code == 0, done.output
    scores = {line.split()[0]: [float(x) for x in line.split()[1:]] for line in done.stdout.splitlines()[1:]}
    (mae, f, s), (mae_boosted, f_boosted, s_boosted) = scores["baseline"], scores["boosted"]
    assert s_boosted >= s
    assert f_boosted >= f
    assert mae_boosted <= mae
    assert (tmp_path / "demo" / "side-by-side.mp4").stat().st_size > 1000
