"""`boostvsod explain`: why frames were mined, from the record of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from made import write_pictures

from boostvsod import boost
from boostvsod.boosting.explain import MINED, PASSED
from boostvsod.cli import main
from boostvsod.media.images import decode_rgb
from boostvsod.media.synthetic import make_clip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explain")
    clip = write_pictures(folder / "clip", make_clip(7, 96, 128).frames)
    quick = ["train.size=64", "train.epochs=1", "mqpm.threshold=0.0", "mqpm.T=3"]
    boost(clip, "lite", "mqpm", folder / "out", settings=quick)
    return folder / "out"


def explained(run: Path, *options: str) -> str:
    done = CliRunner().invoke(main, ["explain", str(run), *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_text_names_settings_pieces_and_reasons(run: Path) -> None:
    lines = explained(run).splitlines()
    assert lines[0].startswith("recipe mqpm, miner mqpm: threshold 0.0, T 3")
    assert lines[1].startswith("frames 0 to 6: used the boosted maps: learnt from 3 of 7 frames")
    assert len(lines) == 2 + 7
    assert sum("mined" in line for line in lines[2:]) == 3
    assert all("rivals: " in line for line in lines[2:])


def test_json_holds_the_same_as_the_record(run: Path) -> None:
    found = json.loads(explained(run, "--json"))
    record = json.loads((run / "run.json").read_text())
    assert [frame["why"] for frame in found["frames"]] == [frame["why"] for frame in record["frames"]]
    assert found["mined"] == [frame["frame"] for frame in record["frames"] if frame["mined"]]
    assert found["frames"][0]["piece"]["choice"] == "boosted"


def test_one_frame_by_name_or_number(run: Path) -> None:
    by_name, by_number = (json.loads(explained(run, "--json", "--frame", frame)) for frame in ("00004", "4"))
    assert by_name == by_number
    assert [frame["frame"] for frame in by_name["frames"]] == ["00004"]
    wrong = CliRunner().invoke(main, ["explain", str(run), "--frame", "99"])
    assert wrong.exit_code != 0
    assert "there are 7 frames, 00000 to 00006" in wrong.output


def test_strip_shows_every_frame_and_which_were_mined(run: Path, tmp_path: Path) -> None:
    explained(run, "--strip", str(tmp_path / "strip.png"))
    strip = decode_rgb((tmp_path / "strip.png").read_bytes(), "strip")
    frames = json.loads((run / "run.json").read_text())["frames"]
    width = strip.shape[1] // len(frames)
    borders = [tuple(int(x) for x in strip[100, i * width]) for i in range(len(frames))]
    assert borders == [MINED if frame["mined"] else PASSED for frame in frames]


def test_a_run_over_frames_in_memory_is_explained_without_them(tmp_path: Path) -> None:
    boost(make_clip(4, 48, 64).frames, "classic", "none", tmp_path / "out")
    done = CliRunner().invoke(main, ["explain", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "the strip shows only maps" in done.stderr
    assert (tmp_path / "out" / "explain.png").is_file()
