"""No command writes over a file that boostvsod did not write, and an output is complete or not there."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from made import call, visible, write_film, write_maps, write_pictures

from boostvsod import boost
from boostvsod.boosting.lock import locked
from boostvsod.boosting.outputs import save
from boostvsod.errors import OutputError
from boostvsod.files import MANIFEST, Outputs, safe_name, write_json
from boostvsod.media.films import film_writer, readable_frames
from boostvsod.media.synthetic import Clip
from boostvsod.media.video import Video

REFUSED = "exists and was not written by boostvsod; choose another output, or give --overwrite"
QUICK = ("--target", "classic", "--recipe", "none")


def refused(done: Result, message: str) -> None:
    """The command ended with one line and the code of output errors."""
    assert done.exit_code == 7, done.output
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("boostvsod: ")]
    assert message in line
    assert "Traceback" not in done.output


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# The rule itself


def test_own_files_are_replaced_and_others_are_not(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path)
    outputs.write_text("a.txt", "1")
    Outputs(tmp_path).write_text("a.txt", "2")
    assert (tmp_path / "a.txt").read_text() == "2"
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(OutputError, match="has changed since boostvsod wrote it"):
        Outputs(tmp_path).write_text("a.txt", "3")
    (tmp_path / "b.txt").write_text("mine")
    with pytest.raises(OutputError, match=REFUSED):
        outputs.write_text("b.txt", "3")
    Outputs(tmp_path, overwrite=True).write_text("b.txt", "3")
    assert content(tmp_path)["b.txt"] == b"3"
    assert not [name for name in content(tmp_path) if "part" in name]


def test_a_file_that_appears_during_the_work_is_not_replaced(tmp_path: Path) -> None:
    def write() -> None:
        with Outputs(tmp_path).writing("a.txt") as path:
            path.write_text("1")
            (tmp_path / "a.txt").write_text("mine")

    with pytest.raises(OutputError, match=REFUSED):
        write()
    assert (tmp_path / "a.txt").read_text() == "mine"


def test_inputs_are_never_replaced(tmp_path: Path) -> None:
    Outputs(tmp_path).write_text("a.txt", "an output of an earlier command, and now an input")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "b.txt").write_text("mine")
    os.link(tmp_path / "a.txt", tmp_path / "c.txt")
    before = content(tmp_path)
    outputs = Outputs(tmp_path, inputs=[tmp_path / "data", tmp_path / "a.txt"], overwrite=True)
    for name, message in (("a.txt", "is an input"), ("c.txt", "is an input"), ("data/b.txt", "belongs to the input")):
        with pytest.raises(OutputError, match=message):
            outputs.write_text(name, "3")
    assert content(tmp_path) == before


def test_only_regular_files_inside_the_folder_are_written(tmp_path: Path) -> None:
    (tmp_path / "out" / "folder").mkdir(parents=True)
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "out" / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "out" / "link").symlink_to(tmp_path / "mine.txt")
    os.mkfifo(tmp_path / "out" / "pipe")
    for overwrite in (False, True):
        outputs = Outputs(tmp_path / "out", overwrite=overwrite)
        for name in ("../mine.txt", "", "..", "folder", "broken", "pipe", str(tmp_path / "mine.txt")):
            with pytest.raises(OutputError, match=r"leads out of|not a regular file"):
                outputs.check(name)
    with pytest.raises(OutputError, match=REFUSED):
        Outputs(tmp_path / "out").check("link")
    Outputs(tmp_path / "out", overwrite=True).write_text("link", "1")
    assert (tmp_path / "mine.txt").read_text() == "mine", "a link is replaced, not what it points to"


def test_a_kill_leaves_no_file_unknown(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path)
    outputs.write_text("a.txt", "1")
    shutil.copytree(tmp_path, tmp_path / "killed")
    outputs.write_text("a.txt", "2")
    shutil.copy(tmp_path / MANIFEST, tmp_path / "killed" / MANIFEST)  # the line was added, the file not yet replaced
    Outputs(tmp_path / "killed").write_text("a.txt", "2")
    with (tmp_path / MANIFEST).open("a") as file:
        file.write('{"name": "b.t')  # killed while it wrote the line
    Outputs(tmp_path).write_text("b.txt", "1")
    Outputs(tmp_path).check("a.txt", "b.txt")


def test_an_error_names_the_output(tmp_path: Path) -> None:
    def fail(place: AbstractContextManager[Path]) -> None:
        with place as path:
            raise OutputError(f"cannot write {path}/0.png: No space left on device")

    for place in (Outputs(tmp_path).writing("a"), Outputs(tmp_path).replacing("a")):
        with pytest.raises(OutputError, match=rf"cannot write {tmp_path}/a/0.png: No space"):
            fail(place)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    def write(count: int, overwrite: bool = False) -> None:
        with Outputs(tmp_path, overwrite=overwrite).replacing("mask") as folder:
            for i in range(count):
                (folder / f"{i}.png").write_text(str(count))

    write(3)
    (tmp_path / "mask" / ".hidden").write_text("of the file manager")
    write(2)
    assert content(tmp_path / "mask") == {".hidden": b"of the file manager", "0.png": b"2", "1.png": b"2"}
    (tmp_path / "mask" / "notes.txt").write_text("mine")
    (tmp_path / "mask" / "1.png").write_text("retouched")
    with pytest.raises(OutputError, match="boostvsod"):
        write(1)
    assert content(tmp_path / "mask")["1.png"] == b"retouched"
    write(2, overwrite=True)
    assert content(tmp_path / "mask").keys() == {".hidden", "0.png", "1.png", "notes.txt"}
    assert content(tmp_path / "mask")["1.png"] == b"2"
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST, "mask"]


def test_a_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    def fail() -> None:
        with Outputs(tmp_path).replacing("mask") as folder:
            (folder / "0.png").write_text("new")
            raise RuntimeError

    with Outputs(tmp_path).replacing("mask") as folder:
        (folder / "0.png").write_text("old")
    with pytest.raises(RuntimeError):
        fail()
    assert content(tmp_path / "mask") == {"0.png": b"old"}
    (tmp_path / "mask").rename(tmp_path / ".mask.boostvsod-old")  # killed between its two renames
    with Outputs(tmp_path).replacing("mask") as folder:
        (folder / "1.png").write_text("new")
    assert content(tmp_path / "mask") == {"1.png": b"new"}


@pytest.mark.parametrize(("name", "safe"), [("..", "_"), ("", "_"), ("a/../b", "a_.._b"), (".boostvsod", "_boostvsod")])
def test_names_stay_inside_their_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert safe_name("bear.v2") == "bear.v2"


# Films


def test_a_film_that_does_not_fit_on_the_disk_is_an_error(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")

    def write() -> None:
        with film_writer(tmp_path / "a.mp4", Fraction(25)) as append:
            for rgb in np.random.default_rng(0).integers(0, 255, (20, 64, 64, 3), np.uint8):
                append(rgb)

    (tmp_path / "a.mp4").write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))  # no file may be larger
    try:
        with pytest.raises(OutputError, match=r"cannot write .*a\.mp4"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert content(tmp_path) == {"a.mp4": b"old"}
    write()
    assert readable_frames(tmp_path / "a.mp4") == 20


# Commands


def test_predict_and_flow_spare_their_source(pictures: Path) -> None:
    before = content(pictures)
    for words in (["predict", "--target", "classic"], ["flow", "--format", "png"]):
        for overwrite in ([], ["--overwrite"]):
            refused(call(words[0], pictures, *words[1:], "-o", pictures, *overwrite), "is an input of this command")
    assert content(pictures) == before


def test_predict_spares_the_maps_that_it_reads(pictures: Path, maps: Path) -> None:
    before = content(maps)
    refused(call("predict", pictures, "--target", f"maps:{maps}", "-o", maps, "--overwrite"), "is an input")
    assert content(maps) == before


def test_predict_replaces_its_own_maps_and_no_others(pictures: Path, tmp_path: Path, clip: Clip) -> None:
    film = write_film(tmp_path / "a.mp4", clip.frames)
    for source in (pictures, film):
        out = tmp_path / f"of-{source.name}"
        words = ["predict", source, "--target", "classic", "-o", out]
        assert [call(*words).exit_code for _ in range(2)] == [0, 0]
        (out / "00000.png").write_bytes(b"retouched")
        refused(call(*words), "has changed since boostvsod wrote it")
        assert (out / "00000.png").read_bytes() == b"retouched"
        assert call(*words, "--overwrite").exit_code == 0
        assert (out / "00000.png").read_bytes() != b"retouched"


def test_flow_replaces_its_own_files_and_no_others(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    words = ["flow", pictures, "-o", out]
    assert [call(*words).exit_code for _ in range(2)] == [0, 0]
    assert readable_frames(out / "preview.mp4") == 12
    before = content(out)
    (out / "00003.flo").write_bytes(b"mine")
    refused(call(*words), "00003.flo has changed")
    assert content(out) == {**before, "00003.flo": b"mine"}


OUTPUTS = {"mask/00000.png": "mask", "cutout/x.txt": "cutout", "overlay.mp4": "overlay", "report.html": "maps"}


@pytest.mark.parametrize("name", OUTPUTS)
def test_run_spares_what_it_did_not_write(name: str, pictures: Path) -> None:
    (pictures / name).parent.mkdir(exist_ok=True)
    (pictures / name).write_bytes(b"mine")
    before = content(pictures)
    words = ["run", "--video", pictures, *QUICK, "-o", pictures, "--save", OUTPUTS[name]]
    refused(call(*words), f"{name} {REFUSED}")
    assert content(pictures) == before, "nothing was computed"
    done = call(*words, "--overwrite")
    assert done.exit_code == 0, done.output
    after = content(pictures)
    assert {key: after[key] for key in before if key != name} == {key: before[key] for key in before if key != name}
    assert (after[name] == b"mine") == (name == "cutout/x.txt"), "only outputs are replaced"


def test_run_spares_maps_that_are_its_input(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    assert call("run", "--video", pictures, *QUICK, "-o", out).exit_code == 0
    before = content(out / "maps")
    words = ["run", "--video", pictures, "--recipe", "none", "-o", out, "--overwrite"]
    refused(call(*words, "--target", f"maps:{out}/maps"), "is an input of this command")
    refused(call("run", "--video", out / "maps", *QUICK, "-o", out, "--overwrite"), "is an input of this command")
    assert content(out / "maps") == before


def test_leftovers_of_a_longer_clip_go(tmp_path: Path, clip: Clip) -> None:
    frames, out = write_pictures(tmp_path / "walk", clip.frames), tmp_path / "o"
    words = ["run", "--video", frames, *QUICK, "-o", out, "--save", "maps,mask,cutout,overlay"]
    assert call(*words).exit_code == 0
    for i in range(8, 12):
        (frames / f"{i:05d}.png").unlink()
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert {name: len(list((out / name).iterdir())) for name in ("maps", "mask", "cutout")} == dict.fromkeys(
        ("maps", "mask", "cutout"), 8
    )
    assert readable_frames(out / "overlay.mp4") == 8
    assert call(*words, "--overwrite").exit_code == 0


def test_a_map_that_somebody_edited_is_not_replaced(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    words = ["run", "--video", pictures, *QUICK, "-o", out]
    assert call(*words).exit_code == 0
    before = content(out / "maps")
    (out / "maps" / "00001.png").unlink()
    (out / "maps" / "00002.png").write_bytes(before["00002.png"][:-20])
    assert call(*words).exit_code == 0
    assert content(out / "maps") == before, "a map that was deleted or cut is written again"
    write_maps(out / "maps", np.zeros((1, 48, 64)), ["00003"])
    edited = content(out / "maps")
    refused(call(*words, "--bits", 16), "00003.png has changed since boostvsod wrote it")
    assert content(out / "maps") == edited
    assert call(*words, "--overwrite").exit_code == 0
    assert content(out / "maps") == before


def test_outputs_respect_the_lock(pictures: Path, tmp_path: Path) -> None:
    """While another process writes into the run folder, its outputs are not touched."""
    words = ["run", "--video", pictures, *QUICK, "-o", tmp_path / "o"]
    assert call(*words).exit_code == 0
    with locked(tmp_path / "o" / ".boostvsod", tmp_path / "o"):
        refused(call(*words, "--save", "mask"), "is in use by process")
    assert not (tmp_path / "o" / "mask").exists()
    assert call(*words, "--save", "mask").exit_code == 0


def test_two_videos_with_one_name(tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place, frames in (("x", clip.frames), ("y", clip.frames[::-1])):
        write_pictures(tmp_path / place / "walk", frames)
    assert call("run", "--video", "x/walk", *QUICK).exit_code == 0
    before = content(tmp_path / "runs")
    there = ("-o", "runs/walk")
    refused(call("run", "y/walk", *there, *QUICK), f"holds the results of another video, {tmp_path}/x/walk")
    assert call("run", "y/walk", *QUICK).exit_code == 0
    assert visible(tmp_path / "runs") == ["walk", "y-walk"]
    assert {name: content(tmp_path / "runs")[name] for name in before} == before
    (tmp_path / "x").rename(tmp_path / "moved")
    again = call("run", "--video", "moved/walk", *QUICK)
    assert "already done" in again.stderr, "the same video may be moved"
    assert call("run", "y/walk", *there, *QUICK, "--overwrite").exit_code == 0
    assert json.loads((tmp_path / "runs/walk/run.json").read_text())["video"]["source"] == f"{tmp_path}/y/walk"


def test_a_name_of_dots_stays_in_the_folder(tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    film = write_film(tmp_path / "a.mp4", clip.frames).rename(tmp_path / "in" / "...mp4")
    assert Video.open(film).name == "_"
    done = call("run", "--video", "...mp4", *QUICK)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["...mp4", "runs"]
    assert (tmp_path / "in" / "runs" / "_" / "run.json").is_file()


def test_demo_spares_other_files(tmp_path: Path) -> None:
    (tmp_path / "overlay.mp4").write_bytes(b"mine")
    refused(call("demo", "-o", tmp_path), f"overlay.mp4 {REFUSED}")
    assert content(tmp_path) == {"overlay.mp4": b"mine"}


def test_report_and_explain(pictures: Path, tmp_path: Path) -> None:
    out, mine = tmp_path / "o", tmp_path / "mine.png"
    assert call("run", "--video", pictures, *QUICK, "-o", out).exit_code == 0
    assert [call("report", out).exit_code, call("explain", out).exit_code, call("explain", out).exit_code] == [0, 0, 0]
    assert call("explain", out, "--strip", tmp_path / "a.jpg").exit_code == 2
    mine.write_bytes(b"mine")
    (out / "report.html").write_text("mine")
    refused(call("explain", out, "--strip", mine), REFUSED)
    refused(call("explain", out, "--strip", out / "maps" / "00000.png", "--overwrite"), "is an input")
    refused(call("report", out), "report.html has changed since boostvsod wrote it")
    assert (mine.read_bytes(), (out / "report.html").read_text()) == (b"mine", "mine")
    assert call("report", out, "--overwrite").exit_code == 0
    assert call("explain", out, "--strip", mine, "--overwrite").exit_code == 0


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "o"
    assert call("run", "--video", pictures, *QUICK, "-o", out).exit_code == 0
    before = (out / "report.html").read_bytes()
    shutil.rmtree(pictures)
    assert call("report", out).exit_code == 3
    assert (out / "report.html").read_bytes() == before


def test_eval_spares_other_files(data: Path, tmp_path: Path) -> None:
    truth = data / "bear" / "masks" / "00000.png"
    before = content(data)
    words = ["eval", tmp_path / "maps", data]
    (tmp_path / "mine.md").write_text("mine")
    refused(call(*words, "-o", tmp_path / "mine.md"), REFUSED)
    refused(call(*words, "-o", truth, "--overwrite"), "belongs to the input")
    assert call(*words, "--pr", tmp_path / "curves.png").exit_code == 2
    assert call(*words, "-o", tmp_path / "a.svg", "--pr", tmp_path / "a.svg").exit_code == 2
    own = [*words, "-o", tmp_path / "a.md", "--pr", tmp_path / "a.svg"]
    assert [call(*own).exit_code for _ in range(2)] == [0, 0]
    assert ((tmp_path / "mine.md").read_text(), content(data)) == ("mine", before)
    assert call(*words, "-o", tmp_path / "mine.md", "--overwrite").exit_code == 0


def test_weights_convert_spares_other_files(tmp_path: Path) -> None:
    import torch

    torch.save({"a": torch.zeros(2)}, tmp_path / "a.pth")
    out = tmp_path / "a.safetensors"
    assert call("weights", "convert", tmp_path / "a.pth", out).exit_code == 0
    before = out.read_bytes()
    refused(call("weights", "convert", out, out, "--half", "--overwrite"), "is an input of this command")
    assert out.read_bytes() == before
    out.write_bytes(b"mine")
    refused(call("weights", "convert", tmp_path / "a.pth", out), "has changed since")
    assert call("weights", "convert", tmp_path / "a.pth", out, "--overwrite").exit_code == 0
    assert out.read_bytes() == before


def test_train_writes_only_safetensors(two_clips: Path, tmp_path: Path) -> None:
    for name in ("w.pth", "n.md", "w", "a.best.safetensors"):
        done = call("train", "saliency", "--data", two_clips, "-o", tmp_path / name)
        assert (done.exit_code, "must end in .safetensors" in done.stderr) == (2, True), done.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["w.safetensors", "w.md", "w.html", "w.state", "w.best.safetensors"])
def test_train_spares_other_files(name: str, two_clips: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    words = ["train", "saliency", "--data", two_clips, "--size", 64, "-o", tmp_path / "w.safetensors"]
    refused(call(*words), f"{name} {REFUSED}")
    if name == "w.safetensors":
        refused(call(*words, "--init", tmp_path / name, "--overwrite"), "is an input of this command")
    assert content(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize("name", ["report.html", "bench.json"])
def test_bench_spares_other_files(name: str, data: Path, tmp_path: Path) -> None:
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / name).write_bytes(b"mine")
    refused(call("bench", "--dataset", data, "--target", "classic", "-o", tmp_path / "o"), f"{name} {REFUSED}")
    assert content(tmp_path / "o") == {name: b"mine"}


def test_bench_names_stay_in_the_folder() -> None:
    from boostvsod.bench.jobs import slug

    assert [slug(name) for name in ("..", "../..", ".", "bear")] == ["x", "x", "x", "bear"]


def test_two_arrays_do_not_share_the_default_folder(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    boost(clip.frames, "classic", "none")
    assert boost(clip.frames, "classic", "none").reused
    with pytest.raises(OutputError, match="holds the results of another video, the array"):
        boost(clip.frames[::-1], "classic", "none")


def test_a_python_caller_gets_the_same_rule(pictures: Path, tmp_path: Path) -> None:
    result = boost(str(pictures), "classic", "none", tmp_path / "o")
    write_json(tmp_path / "o" / "overlay.mp4", "mine")
    with pytest.raises(OutputError, match=REFUSED):
        save(result, Video.open(str(pictures)), ["overlay"])


def test_an_unwritable_folder_is_refused_before_the_work(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refused(call("predict", pictures, "--target", "classic", "-o", tmp_path / "file" / "x"), "cannot write to")
    refused(call("flow", pictures, "-o", tmp_path / "file"), "cannot write to")


def test_maps_may_lie_beside_other_maps(pictures: Path, tmp_path: Path, clip: Clip) -> None:
    """A folder may hold files of others, as long as their names differ."""
    out = write_maps(tmp_path / "o", clip.truth[:2], ["mine", "too"])
    before = content(out)
    assert call("predict", pictures, "--target", "classic", "-o", out).exit_code == 0
    assert {name: content(out)[name] for name in before} == before
