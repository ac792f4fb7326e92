"""The scripts in examples/."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made import ROOT, write_maps, write_pictures

from boostvsod import build
from boostvsod.media.synthetic import make_clip
from boostvsod.metrics.structure import s_measure
from boostvsod.runtime import Runtime

DAMAGE = ROOT / "examples" / "damage_truth.py"


@pytest.mark.skipif(not DAMAGE.exists(), reason="the examples are not here")
def test_damaged_truth_is_good_except_on_some_frames() -> None:
    damaged = runpy.run_path(str(DAMAGE))["damaged"]
    clip = make_clip(60, 96, 128)
    drawn = list(damaged((m.astype(np.float32) for m in clip.truth), np.random.default_rng(0)))
    quality = [s_measure(m, truth) for m, truth in zip(drawn, clip.truth, strict=True)]
    assert 0.9 < np.median(quality) < 0.99
    assert min(quality) < 0.85


RUNTIME = Runtime()


SCRIPT = ROOT / "examples" / "train_defaults.sh"


@pytest.mark.slow
@pytest.mark.skipif(not SCRIPT.exists(), reason="the examples are not here")
def test_all_bundled_networks_can_be_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "weights"
    around = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", SCRIPT, "--smoke", "--out", out], capture_output=True, text=True, env=around)
    assert done.returncode == 0, done.stderr
    monkeypatch.setattr("boostvsod_adapters.lite.BUNDLED", out)
    for name in ("lite-slim", "lite-video", "patch-lite", "motion-lite"):
        build("students", "lite", RUNTIME, weights=name)
    build("students", "judge-lite", RUNTIME)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    again = subprocess.run(["bash", SCRIPT, "--smoke", "--out", out], capture_output=True, text=True, env=around)
    assert again.stdout.count(".safetensors exists") == 3, "the other networks are not reported"
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


ABLATIONS = ROOT / "examples" / "ablations.sh"


@pytest.mark.slow
@pytest.mark.skipif(not ABLATIONS.exists(), reason="the examples are not here")
def test_tables_of_the_papers_skip_rows_without_weights(tmp_path: Path) -> None:
    clip = make_clip(3, 64, 80)
    write_pictures(tmp_path / "data" / "walk" / "frames", clip.frames)
    write_maps(tmp_path / "data" / "walk" / "masks", clip.truth)
    around = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    words = ["bash", str(ABLATIONS), str(tmp_path / "data"), "classic", str(tmp_path / "out"), "nr-1"]
    done = subprocess.run(words, capture_output=True, text=True, env=around)
    assert done.returncode == 0, done.stderr
    (skipped,) = [line for line in done.stderr.splitlines() if line.startswith("skipped or incomplete: ")]
    assert "nr-1" in skipped
    assert "has no weights here yet" in skipped
    rows = (tmp_path / "out" / "nr-1.md").read_text()
    assert "| conventional | 0.755 | 0." in rows
    assert "| PWC-Net | 0.804 |  |" in rows or "| PWC-Net | 0.804 | |" in rows


GRID = ROOT / "examples" / "label_grid.sh"


@pytest.mark.slow
@pytest.mark.skipif(not GRID.exists(), reason="the examples are not here")
def test_the_grid_of_labels_stands_beside_the_papers(two_clips: Path, tmp_path: Path) -> None:
    more = "--size 32 --epochs 0.01 --checks 1"
    around = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "MORE": more}
    words = ["bash", str(GRID), str(two_clips), str(tmp_path / "grid"), "0/5"]
    done = subprocess.run(words, capture_output=True, text=True, env=around)
    assert done.returncode == 0, done.stderr
    assert "| 0/5 | .849 | .867 | 0." in done.stdout
    again = subprocess.run(words, capture_output=True, text=True, env=around)
    assert again.stdout == done.stdout
