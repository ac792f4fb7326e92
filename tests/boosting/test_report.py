"""The report of a run."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from made import FORCED, sets, write_pictures

from boostvsod.boosting.report import MOST, kept_in_words, shown_frames, write_run_report
from boostvsod.cli import main
from boostvsod.engine import boost
from boostvsod.kinds import Decision
from boostvsod.media.synthetic import Clip as Film
from boostvsod.media.synthetic import make_clip
from boostvsod.media.video import Video


def test_run_writes_its_report(tmp_path: Path, clip: Film) -> None:
    folder = write_pictures(tmp_path / "walk", clip.frames)
    words = ["run", "--video", str(folder), "--target", "classic", "-o", str(tmp_path / "o"), *sets(FORCED)]
    assert CliRunner().invoke(main, words).exit_code == 0
    data = _data(tmp_path / "o" / "report.html")
    (clips,) = data["clips"]
    assert [pane["label"] for pane in clips["panes"]] == [
        "original",
        "target: classic",
        "final: boosted",
        "flow (dis)",
        "motion saliency",
    ]
    assert clips["mined"] == list(range(len(clip.frames)))
    assert all("NR" in why for why in clips["why"])
    assert data["facts"][0] == ["target", "classic"]
    before = (tmp_path / "o" / "report.html").stat().st_mtime_ns
    CliRunner().invoke(main, words)
    assert (tmp_path / "o" / "report.html").stat().st_mtime_ns == before, "nothing changed"
    again = CliRunner().invoke(main, ["report", str(tmp_path / "o")])
    assert again.exit_code == 0, again.output
    assert _data(tmp_path / "o" / "report.html") == data
    assert CliRunner().invoke(main, ["report", str(tmp_path)]).exit_code == 3


def test_the_title_says_what_was_kept(tmp_path: Path, clip: Film) -> None:
    """Of two pieces the gate rejects one: the title counts the frames, and only the rejected maps are in a pane."""
    result = boost(clip.frames, "classic", settings=FORCED, out=tmp_path / "o")
    assert kept_in_words(result.record) == "boosted"
    fused = Path(result.folder) / ".boostvsod" / result.record["stages"]["fused"]
    shutil.copytree(tmp_path / "o" / "maps", fused)
    decisions = tuple(
        Decision(start, stop, choice, "") for start, stop, choice in ((0, 4, "baseline"), (4, 12, "boosted"))
    )
    record = {**result.record, "decisions": [asdict(decision) for decision in decisions]}
    half = replace(result, decisions=decisions, record=record)
    page = _data(write_run_report(half, Video.open(clip.frames), again=True, truth=clip.truth))
    assert page["title"].endswith(": boosted in 8 of 12 frames, classic's maps kept in the others")
    panes = {pane["label"]: pane["images"] for pane in page["clips"][0]["panes"]}
    assert [bool(url) for url in panes["rejected by the gate: boosted maps"]] == [True] * 4 + [False] * 8
    curves = {curve["label"]: curve["values"] for curve in page["clips"][0]["curves"]}
    assert [value is None for value in curves["S, rejected by the gate: boosted maps"]] == [False] * 4 + [True] * 8
    assert all(0 < value <= 1 for value in curves["S, target: classic"])
    assert len(panes["truth"]) == 12
    assert page["tables"][0]["folded"]


def _data(path: Path) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found
    return json.loads(found.group(1))


@pytest.mark.slow
def test_the_report_of_a_hundred_frames_is_small(tmp_path: Path) -> None:
    film = make_clip(frames=100, height=270, width=480)
    result = boost(film.frames, "classic", settings=FORCED, out=tmp_path / "o")
    assert write_run_report(result, Video.open(film.frames)).stat().st_size < 8e6


def test_long_videos_are_thinned() -> None:
    assert shown_frames(10) == list(range(10))
    chosen = shown_frames(1000)
    assert len(chosen) == MOST
    assert chosen[0] == 0
    assert max(np.diff(chosen)) - min(np.diff(chosen)) <= 1
