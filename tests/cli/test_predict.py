"""`boostvsod predict`: the target's own maps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from made import call, visible, write_film, write_pictures
from made import read_image as picture

import boostvsod
from boostvsod.errors import ConfigError
from boostvsod.media.synthetic import Clip


def test_predict_takes_pictures_of_any_sizes(tmp_path: Path, clip: Clip) -> None:
    write_pictures(tmp_path / "in", clip.frames[:2])
    cv2.imwrite(str(tmp_path / "in" / "wide.jpg"), np.zeros((40, 120, 3), np.uint8))
    done = call("predict", tmp_path / "in", "--target", "classic", "-o", tmp_path / "o")
    assert done.exit_code == 0, done.output
    shapes = {name: picture(str(tmp_path / "o" / name), -1).shape for name in visible(tmp_path / "o")}
    assert shapes == {"00000.png": (48, 64), "00001.png": (48, 64), "wide.png": (40, 120)}


def test_predict_takes_a_video(tmp_path: Path, clip: Clip) -> None:
    film = write_film(tmp_path / "a.mp4", clip.frames)
    assert call("predict", film, "--target", "classic", "-o", tmp_path / "o").exit_code == 0
    assert len(visible(tmp_path / "o")) == 12


def test_predict_takes_several_videos(tmp_path: Path, clip: Clip) -> None:
    for name in "ab":
        write_pictures(tmp_path / name / "frames", clip.frames[:2])
    done = call("predict", tmp_path / "*" / "frames", "--target", "classic", "-o", tmp_path / "o")
    assert done.exit_code == 0, done.output
    assert visible(tmp_path / "o") == ["a-frames", "b-frames"]
    assert visible(tmp_path / "o" / "b-frames") == ["00000.png", "00001.png"]


def test_the_same_call_again_computes_only_what_lacks(tmp_path: Path, clip: Clip) -> None:
    write_pictures(tmp_path / "pictures", clip.frames[:2])
    write_film(tmp_path / "film.mp4", clip.frames)
    words = ("predict", tmp_path / "pictures", tmp_path / "film.mp4", "--target", "classic", "-o", tmp_path / "o")
    assert call(*words).output.count("wrote") == 2
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "o").rglob("*.png")}
    assert len(before) == 14
    assert call(*words).output.count("are those of this call") == 2
    assert before == {path: path.stat().st_mtime_ns for path in before}
    (tmp_path / "o" / "film" / "00011.png").unlink()
    again = call(*words)
    assert (again.output.count("wrote"), again.output.count("are those of this call")) == (1, 1)
    assert call(*words, "--bits", "16").output.count("wrote") == 2, "other maps"
    assert call(*words, "--bits", "16", "--overwrite").output.count("wrote") == 2


def test_predict_takes_options_of_the_target(tmp_path: Path, clip: Clip) -> None:
    (tmp_path / "mine.py").write_text(
        "from pathlib import Path\nimport numpy as np\n\ndef build(weights='', level=0.0):\n"
        "    level += float(Path(weights).read_text())\n"
        "    return lambda rgb: np.full(rgb.shape[:2], level, np.float32)\n"
    )
    (tmp_path / "w.txt").write_text("0.2")
    film = write_film(tmp_path / "a.mp4", clip.frames)
    folder = write_pictures(tmp_path / "in", clip.frames[:2])
    for k, source in enumerate((film, folder)):
        words = ["--target", f"{tmp_path}/mine.py:build", "--weights", tmp_path / "w.txt", "--set", "target.level=0.4"]
        done = call("predict", source, *words, "-o", tmp_path / f"o{k}")
        assert done.exit_code == 0, done.output
        assert (picture(str(tmp_path / f"o{k}" / visible(tmp_path / f"o{k}")[0]), -1) == 153).all()


def test_predict_refuses_settings_of_other_parts(tmp_path: Path, clip: Clip) -> None:
    folder = write_pictures(tmp_path / "in", clip.frames[:2])
    for setting in ("nr.T=3", "target.colour=1"):
        done = call("predict", folder, "--target", "lite", "--set", setting, "-o", tmp_path / "o")
        assert done.exit_code == 2, done.output


def test_the_same_maps_from_python(tmp_path: Path, clip: Clip) -> None:
    write_pictures(tmp_path / "frames", clip.frames)
    film = write_film(tmp_path / "a.mp4", clip.frames)
    assert call("predict", film, "--target", "classic", "-o", tmp_path / "o").exit_code == 0
    named = dict(boostvsod.predict(film, "classic"))
    assert list(named) == [f"{i:05d}" for i in range(12)]
    for name, saliency in named.items():
        levels = picture(str(tmp_path / "o" / f"{name}.png"), -1)
        assert np.abs(saliency * 255 - levels).max() <= 0.51
    with pytest.raises(ConfigError, match="no option 'nosuch'"):
        next(boostvsod.predict(film, "lite", settings=["target.nosuch=1"]))
