"""The scripts in examples/."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made import ROOT

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
    assert again.stdout.count(".safetensors exists") == 3, (
        "lite-slim, lite-video, motion-lite; the others are not reported"
    )
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before
