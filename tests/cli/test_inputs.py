"""Videos as people type them, and the folder that each gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made import call, write_film, write_pictures

from boostvsod.boosting.folder import FORMAT
from boostvsod.cli.inputs import find_inputs
from boostvsod.media.synthetic import Clip


@pytest.fixture
def place(tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a/frames, b/frames, c/a.mp4, c/a.avi and the link d to a/frames."""
    frames = clip.frames[:2]
    for name in "ab":
        write_pictures(tmp_path / name / "frames", frames + ord(name))
    (tmp_path / "c").mkdir()
    write_film(tmp_path / "c" / "a.mp4", frames)
    write_film(tmp_path / "c" / "a.avi", frames, code="MJPG")
    (tmp_path / "d").symlink_to(tmp_path / "a" / "frames")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def places(*words: str, output: str | None = None) -> dict[str, str]:
    """The word that stands for each video -> its folder."""
    found = find_inputs(words, Path(output) if output else None)
    return {each.word: str(each.folder) for each in found}


def test_one_video_is_written_to_the_output(place: Path) -> None:
    assert places("a/frames", output="o") == {"a/frames": "o"}
    assert places("a/frames") == {"a/frames": "runs/frames"}


def test_videos_of_one_name_get_different_folders(place: Path) -> None:
    assert places("a/frames", "b/frames", output="o") == {"a/frames": "o/a-frames", "b/frames": "o/b-frames"}
    assert places("c/a.mp4", "c/a.avi") == {"c/a.mp4": "runs/a-mp4", "c/a.avi": "runs/a-avi"}
    assert places("a/frames", "./a/frames") == {"a/frames": "runs/frames"}, "given twice, done once"


def test_links_keep_their_names(place: Path) -> None:
    assert places("d") == {"d": "runs/d"}


def test_patterns_that_the_shell_did_not_expand(place: Path) -> None:
    assert list(places("[ab]/*")) == ["a/frames", "b/frames"]
    assert list(places("c/*")) == ["c/a.avi", "c/a.mp4"]
    assert list(places("a/frames/*.png")) == ["a/frames/*.png"], "pictures are one video"


def test_pictures_that_the_shell_listed(place: Path) -> None:
    listed = ["b/frames/00001.png", "b/frames/00000.png", "a/frames/00000.png", "a/frames/00001.png", "c/a.mp4"]
    found = find_inputs(listed, None)
    assert [each.word for each in found] == ["a/frames", "b/frames", "c/a.mp4"]
    assert found[0].video.names == ("00000", "00001")
    assert [str(each.folder) for each in found] == ["runs/a-frames", "runs/b-frames", "runs/a"]


def test_a_folder_of_another_video_is_left_alone(place: Path) -> None:
    record = {"format": FORMAT, "video": {"source": "/elsewhere/frames", "content": "other"}}
    (place / "runs" / "frames" / "maps").mkdir(parents=True)
    (place / "runs" / "frames" / "run.json").write_text(json.dumps(record))
    assert places("a/frames") == {"a/frames": "runs/a-frames"}


def test_no_video_is_an_error() -> None:
    done = call("run")
    assert done.exit_code == 2
    assert "no VIDEO is given" in done.stderr
