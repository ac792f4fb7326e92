"""`boostvsod run`: exit codes, one-line errors, and which files it writes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from made import FORCED, call, sets, write_film
from made import read_image as picture

from boostvsod.media.synthetic import Clip, make_clip


def test_run_writes_maps_named_as_the_frames(pictures: Path, maps: Path, tmp_path: Path) -> None:
    done = call("run", "--video", pictures, "--target", f"maps:{maps}", "-o", tmp_path / "o", *sets(FORCED))
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("device cpu | precision ")
    assert sorted(p.name for p in (tmp_path / "o" / "maps").iterdir()) == [f"{i:05d}.png" for i in range(12)]
    again = call("run", "--video", pictures, "--target", f"maps:{maps}", "-o", tmp_path / "o", *sets(FORCED))
    assert "walk: already done, nothing to do" in again.stderr


def test_several_videos_each_get_a_folder(tmp_path: Path, clip: Clip) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        write_film(tmp_path / "in" / f"{name}.mp4", clip.frames)
    done = call(
        "run", "--video", tmp_path / "in", "--target", "classic", "--recipe", "none", "-o", tmp_path / "o", "--json"
    )
    assert done.exit_code == 0, done.output
    assert [record["video"]["name"] for record in json.loads(done.stdout)] == ["a", "b"]
    assert len(list((tmp_path / "o" / "b" / "maps").iterdir())) == 12


def test_one_bad_video_does_not_stop_the_others(tmp_path: Path, clip: Clip) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"")
    write_film(tmp_path / "good.mp4", clip.frames)
    done = call("run", "--video", tmp_path, "--target", "classic", "--recipe", "none", "-o", tmp_path / "o")
    assert done.exit_code == 3
    assert "1 of 2 videos failed" in done.stderr
    assert len(list((tmp_path / "o" / "good" / "maps").iterdir())) == 12
    assert not (tmp_path / "o" / "bad").exists()


def test_everything_that_can_be_saved(pictures: Path, maps: Path, tmp_path: Path, clip: Clip) -> None:
    out, saves = tmp_path / "o", "maps,mask,overlay,side-by-side,cutout"
    words = ["--video", pictures, "--target", f"maps:{maps}", "--recipe", "none", "-o", out]
    done = call("run", *words, "--save", saves, "--bits", 16)
    assert done.exit_code == 0, done.output
    deep = picture(str(out / "maps" / "00002.png"), -1)
    assert deep.dtype == np.uint16
    assert np.array_equal(deep > 2**15, clip.truth[2])
    assert np.array_equal(picture(str(out / "mask" / "00002.png"), -1) == 255, clip.truth[2])
    cut = picture(str(out / "cutout" / "00002.png"), -1)
    assert np.array_equal(cut[..., 3] == 255, clip.truth[2])
    assert np.array_equal(cut[clip.truth[2]][:, 2::-1], clip.frames[2][clip.truth[2]]), "the object keeps its colours"
    for film, width in (("overlay", 64), ("side-by-side", 192)):
        capture = cv2.VideoCapture(str(out / f"{film}.mp4"))
        assert (capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FRAME_WIDTH)) == (12, width)


def test_outputs_of_other_maps_are_made_again(pictures: Path, maps: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    words = ["run", "--video", pictures, "--target", f"maps:{maps}", "--recipe", "none", "-o", out]
    call(*words, "--save", "mask,overlay")
    film = (out / "overlay.mp4").stat().st_mtime_ns
    (out / "mask" / "00004.png").unlink()  # as after an interruption
    assert "already done" in call(*words, "--save", "mask,overlay").stderr
    assert (out / "mask" / "00004.png").is_file()
    assert (out / "overlay.mp4").stat().st_mtime_ns == film, "a complete film is not written again"
    cv2.imwrite(str(maps / "00004.png"), np.full((48, 64), 255, np.uint8))
    call(*words)  # other maps, without a film
    call(*words, "--save", "overlay")
    assert (out / "overlay.mp4").stat().st_mtime_ns > film, "the film of the old maps is replaced"


def test_dry_run_writes_nothing(pictures: Path, tmp_path: Path) -> None:
    done = call(
        "run", "--video", pictures, "--target", "classic", "-o", tmp_path / "o", "--dry-run", "--json", *sets(FORCED)
    )
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    assert (plan["frames"], plan["size"], plan["pieces"]) == (12, "64x48", 1)
    assert plan["seconds"] > 0
    assert not (tmp_path / "o").exists()


def test_overwrite_starts_afresh(pictures: Path, maps: Path, tmp_path: Path) -> None:
    command = ("run", "--video", pictures, "--target", f"maps:{maps}", "--recipe", "none", "-o", tmp_path / "o")
    call(*command)
    (tmp_path / "o" / "mine.txt").write_text("not the program's")
    assert "already done" not in call(*command, "--overwrite").stderr
    assert (tmp_path / "o" / "mine.txt").exists()


ERRORS: list[tuple[list[str], int, str]] = [
    (["--video", "nowhere.mp4"], 3, r"nowhere\.mp4: no such file or folder"),
    (["--video", "{clip}", "--target", "clasic"], 2, "did you mean 'classic'"),
    (["--video", "{clip}", "--recipe", "nrr"], 2, "recipes: nothing is called 'nrr'; did you mean 'nr'"),
    (["--video", "{clip}", "--set", "train.lr=fast"], 2, "train.lr='fast': expected float, got str"),
    (["--video", "{clip}", "--save", "mpas"], 2, "--save 'mpas' is unknown"),
    (["--video", "{clip}", "--device", "cuda:77"], 6, "'cuda:77' was requested"),
    (["--video", "{clip}", "--device", "tpu"], 2, "device 'tpu' is unknown"),
    (["--video", "{clip}", "--precision", "fp16"], 6, "fp16 needs a GPU"),
    (["--video", "{clip}", "--target", "maps:nowhere"], 3, "there is no such folder"),
    (["--video", "{clip}", "--target", "lite:ghost.pth"], 5, "no weights at 'ghost.pth'"),
    (["--video", "{clip}", "-o", "{clip}/00000.png/x"], 7, "cannot write to"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "message"), ERRORS, ids=lambda x: " ".join(x[2:] or x) if isinstance(x, list) else ""
)
def test_an_error_is_one_line_and_a_code(
    pictures: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    words = [word.replace("{clip}", str(pictures)) for word in arguments]
    words += [] if "-o" in words else ["-o", str(tmp_path / "o")]
    words += [] if "--target" in words else ["--target", "classic"]
    done = call("run", *words)
    lines = [line for line in done.stderr.splitlines() if line.startswith("boostvsod: ")]
    assert len(lines) == 1, done.output
    assert re.search(message, lines[0]), lines[0]
    assert done.exit_code == code
    assert "Traceback" not in done.output
    assert not (tmp_path / "o").exists()


def test_interruption_says_how_to_resume(tmp_path: Path) -> None:
    clip = make_clip(60, 240, 320)
    film = write_film(tmp_path / "a.mp4", clip.frames)
    code = "import sys; from boostvsod.cli import main; sys.argv[0] = 'boostvsod'; main()"
    # A shell starts background jobs with SIGINT ignored, and child processes inherit that.
    code = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {code}"
    words = ["run", "--video", str(film), "--target", "classic", "-o", str(tmp_path / "o"), *sets(FORCED)]
    process = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not any((tmp_path / "o" / ".boostvsod").glob("target-*/*.png")):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate()
    assert process.returncode == 130, message
    assert f"to resume: boostvsod run --video {film} --target classic" in message
    assert "Traceback" not in message
