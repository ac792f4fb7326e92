"""Runs on a real video: a sequence of DAVIS, from the research data."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from made import research

from boostvsod import boost
from boostvsod.cli import main
from boostvsod.media.images import read_map
from boostvsod.metrics.scores import Scores


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("davis")
    with zipfile.ZipFile(research("data/davis_dev_480p.zip")) as archive:
        archive.extractall(folder, [n for n in archive.namelist() if n.startswith("bmx-trees/")])
    return folder / "bmx-trees"


@pytest.mark.slow
def test_maps_of_a_published_network_are_boosted(davis: Path, tmp_path: Path) -> None:
    quick = ["--set", "train.epochs=3"]
    words = [
        "run",
        "--target",
        f"maps:{davis / 'pred_csnet'}",
        "--video",
        str(davis / "frames"),
        "-o",
        str(tmp_path),
        *quick,
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    names = sorted(p.stem for p in (davis / "frames").iterdir())
    assert sorted(p.stem for p in (tmp_path / "maps").iterdir()) == names
    assert all(read_map(tmp_path / "maps" / f"{name}.png").shape == (480, 854) for name in names)
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["decisions"][0]["choice"] == "boosted"
    before_again = (tmp_path / "run.json").stat().st_mtime_ns
    again = CliRunner().invoke(main, words)
    assert "already done, nothing to do" in again.output
    assert (tmp_path / "run.json").stat().st_mtime_ns == before_again
    scores = {"baseline": Scores(), "boosted": Scores()}
    result = boost(str(davis / "frames"), f"maps:{davis / 'pred_csnet'}", out=tmp_path, settings=["train.epochs=3"])
    assert result.reused
    for name, before, after in zip(result.names, result.baseline, result.maps, strict=True):
        truth = read_map(davis / "masks" / f"{name}.png") > 0.5
        scores["baseline"].step(before, truth)
        scores["boosted"].step(after, truth)
    gained = {k: scores["boosted"].result()[k] - scores["baseline"].result()[k] for k in ("MAE", "maxF", "S")}
    assert gained["maxF"] > 0.2, gained
    assert gained["S"] > 0.1, gained
    assert gained["MAE"] < -0.02, gained


@pytest.mark.slow
def test_flow_of_a_network_with_its_authors_weights(davis: Path, tmp_path: Path) -> None:
    weights = research("weights/raft-small.pth")
    frames = sorted((davis / "frames").iterdir())[:4]
    learnt = (f"raft-small.weights={weights}", "recipe.flow=raft-small", "nr.top_k=1", "train.lambda=1")
    result = boost(frames, "lite", "nr", tmp_path, settings=learnt)
    assert result.decisions[0].choice == "boosted"
    assert len(result.maps) == 4


def test_a_published_video_network_without_its_last_map(davis: Path, tmp_path: Path) -> None:
    result = boost(str(davis / "frames"), f"maps:{davis / 'pred_mtnet'}", "none", tmp_path)
    assert any("the last frame" in note for note in result.notes)
    assert np.array_equal(result.maps[-1], result.maps[-2])
