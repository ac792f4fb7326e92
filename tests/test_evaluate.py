"""Layouts are found, protocols count what they say, and nothing is dropped silently."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from made import GOLDEN, research, write_maps, write_pictures

from boostvsod.cli import main
from boostvsod.datasets.layouts import open_dataset
from boostvsod.datasets.masks import read_truth
from boostvsod.errors import InputError
from boostvsod.evaluate import PROTOCOLS, evaluate
from boostvsod.media.archive import File, Tree
from boostvsod.media.maps import stretched
from boostvsod.media.synthetic import Clip
from boostvsod.metrics.scores import Averages, Scores


@pytest.fixture
def data(tmp_path: Path, clip: Clip) -> Path:
    """Two sequences of 12 and 6 frames, and maps of a method."""
    for name, length in (("bear", 12), ("bus", 6)):
        write_pictures(tmp_path / "data" / name / "frames", clip.frames[:length], ".jpg")
        write_maps(tmp_path / "data" / name / "masks", clip.truth[:length])
        write_maps(tmp_path / "maps" / name, _maps(clip, length))
    return tmp_path / "data"


def _maps(clip: Clip, length: int) -> np.ndarray:
    soft = np.stack([cv2.GaussianBlur(t.astype(np.float32), (9, 9), 3) for t in clip.truth[:length]])
    return np.clip(0.8 * soft + 0.1, 0, 1) * (0.5 + np.arange(length)[:, None, None] / 24)


def _expected(clip: Clip, folder: Path, protocol: str) -> dict[str, float]:
    """The same by a few lines that know nothing of the evaluator."""
    rules, parts = PROTOCOLS[protocol], []
    for name, length in (("bear", 12), ("bus", 6)):
        scores = Scores()
        for i in range(length)[1:-1] if rules.skip_ends else range(length):
            saliency = np.asarray(cv2.imread(str(folder / name / f"{i:05d}.png"), cv2.IMREAD_GRAYSCALE)) / 255.0
            scores.step(stretched(saliency) if rules.stretch else saliency, clip.truth[i])
        parts.append(scores.averages())
    return Averages.of(parts, [1, 1] if rules.by_sequence else [12, 6]).result()


@pytest.mark.parametrize(("protocol", "jobs"), [("video", 1), ("video", 2), ("davsod", 1), ("flat", 1)])
def test_protocols(data: Path, clip: Clip, protocol: str, jobs: int) -> None:
    found = evaluate(str(data.parent / "maps"), open_dataset(str(data)), PROTOCOLS[protocol], jobs).averages.result()
    expected = _expected(clip, data.parent / "maps", protocol)
    for key in ("MAE", "maxF", "meanF", "adpF", "S", "maxE", "wF"):
        assert found[key] == pytest.approx(expected[key], abs=1e-9), key
    assert found["MAE_raw"] > found["MAE"], "dim maps gain from being stretched"


def test_protocols_differ(data: Path) -> None:
    results = [
        evaluate(str(data.parent / "maps"), open_dataset(str(data)), p).averages.result() for p in PROTOCOLS.values()
    ]
    assert len({round(result["MAE"], 9) for result in results}) == len(results)


def test_davis_recall_and_decay_by_hand(data: Path) -> None:
    found = evaluate(str(data.parent / "maps"), open_dataset(str(data)), PROTOCOLS["davis"])
    bear = next(score for score in found.sequences if score.name == "bear")
    series = [row["J"] for row in bear.frames.values()]
    assert len(series) == 10, "first and last do not count"
    assert bear.averages.values["J_recall"] == pytest.approx(sum(j > 0.5 for j in series) / 10)
    first, last = series[0:3], series[7:10]  # quarter edges round(1, 3.25, 5.5, 7.75, 10) - 1, ends included
    assert bear.averages.values["J_decay"] == pytest.approx(np.mean(first) - np.mean(last))
    assert found.averages.values["J_decay"] < 0, "the maps get brighter"


def test_missing_maps_are_refused_or_told(data: Path) -> None:
    (data.parent / "maps" / "bus" / "00002.png").unlink()
    maps, dataset = str(data.parent / "maps"), open_dataset(str(data))
    with pytest.raises(InputError, match=r"1 of 6 frames of bus have no map, the first is '00002'"):
        evaluate(maps, dataset, PROTOCOLS["video"])
    found = evaluate(maps, dataset, PROTOCOLS["video"], allow_missing=True)
    assert any("bus: 1 frames without a map" in note for note in found.notes)
    assert len(found.sequences[1].frames) == 5
    shutil.rmtree(data.parent / "maps" / "bus")
    found = evaluate(maps, dataset, PROTOCOLS["video"], allow_missing=True)
    assert [score.name for score in found.sequences] == ["bear"]
    assert any("left out: bus" in note for note in found.notes)


def test_surplus_resized_and_empty_are_told(data: Path, clip: Clip) -> None:
    maps = data.parent / "maps" / "bus"
    shutil.copy(maps / "00000.png", maps / "99999.png")
    cv2.imwrite(str(maps / "00001.png"), np.zeros((30, 40), np.uint8))
    cv2.imwrite(str(data / "bus" / "masks" / "00003.png"), np.zeros(clip.truth.shape[1:], np.uint8))
    before = {file: file.stat().st_mtime_ns for file in maps.iterdir()}
    notes = evaluate(str(maps.parent), open_dataset(str(data)), PROTOCOLS["video"]).notes
    assert [note for note in notes if "bus" in note] == [
        "bus: 1 maps belong to no frame and were not used",
        "bus: 1 maps of another size than the truth were resized",
        "bus: 1 frames have an empty truth: there F and wF are 0, S is 1 - mean",
    ]
    assert {file: file.stat().st_mtime_ns for file in maps.iterdir()} == before, "nothing is written"


def test_a_zip_scores_as_its_folder(data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for root in (data, data.parent / "maps"):
            for file in sorted(root.rglob("*.*")):
                archive.write(file, file.relative_to(tmp_path))
    plain = evaluate(str(data.parent / "maps"), open_dataset(str(data)), PROTOCOLS["video"])
    packed = open_dataset(str(tmp_path / "all.zip" / "data"))
    inside = evaluate(str(tmp_path / "all.zip/maps/{video}"), packed, PROTOCOLS["video"])
    assert inside.averages.result() == plain.averages.result()


LAYOUTS = {
    "davis2016": ("JPEGImages/480p/{s}/{i:05d}.jpg", "Annotations/480p/{s}/{i:05d}.png", "ImageSets/480p/val.txt"),
    "davis2017": ("JPEGImages/480p/{s}/{i:05d}.jpg", "Annotations/480p/{s}/{i:05d}.png", "ImageSets/2017/val.txt"),
    "davsod-easy": ("Test Set/easy-35/{s}/Imgs/{i:04d}.jpg", "Test Set/easy-35/{s}/GT_object_level/{i:04d}.png", ""),
    "segtrack2": ("JPEGImages/{s}/{i:05d}.bmp", "GroundTruth/{s}/1/{i:05d}.png", ""),
    "fbms": ("fbms/Testset/{s}/{s}_{i:02d}.jpg", "fbms/Testset/{s}/GroundTruth/{s}_{i:02d}_gt.png", ""),
    "visal": ("visal/{s}/Imgs/{i:03d}.jpg", "visal/{s}/ground-truth/{i:03d}.png", ""),
    "vos": ("VOS/{s}/Imgs/{i:03d}.jpg", "VOS/{s}/ground-truth/{i:03d}.png", ""),
    "mcl": ("MCL/{s}/Imgs/{i:03d}.jpg", "MCL/{s}/ground-truth/{i:03d}.png", ""),
    "uvsd": ("UVSD/{s}/Imgs/{i:03d}.jpg", "UVSD/{s}/ground-truth/{i:03d}.png", ""),
    "folder": ("{s}/frames/{i}.webp", "{s}/masks/{i}.png", ""),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_are_found(name: str, tmp_path: Path, clip: Clip) -> None:
    frames, truths, split = LAYOUTS[name]
    for sequence in ("one", "two", "unlisted"):
        for i in range(3):
            _write(tmp_path / frames.format(s=sequence, i=i), clip.frames[i])
            if i != 1:  # truth may be sparse
                _write(tmp_path / truths.format(s=sequence, i=i), clip.truth[i] * np.uint8(255))
    if split:
        (tmp_path / split).parent.mkdir(parents=True)
        (tmp_path / split).write_text("/JPEGImages/480p/one/00000.jpg /x\n/JPEGImages/480p/two/00000.jpg /x\n")
    found = open_dataset(str(tmp_path))
    assert found.layout.name == name
    assert [s.name for s in found.sequences] == (["one", "two"] if split else ["one", "two", "unlisted"])
    assert [len(s.frames) for s in found.sequences] == [3] * len(found.sequences)
    assert [len(s.truths) for s in found.sequences] == [2] * len(found.sequences)
    first = found.sequences[0]
    assert (first.truth(first.frames[2].stem) == clip.truth[2]).all()
    known = found.layout.sequences
    assert bool(known) == any(f"has {known} sequences" in note for note in found.notes)


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def test_several_objects_are_one(tmp_path: Path, clip: Clip) -> None:
    for i in range(2):
        _write(tmp_path / f"JPEGImages/a/{i}.png", clip.frames[i])
        for part, half in (("1", np.s_[:, :40]), ("2", np.s_[:, 40:])):
            truth = np.zeros(clip.truth[i].shape, np.uint8)
            truth[half] = clip.truth[i][half] * 255
            _write(tmp_path / f"GroundTruth/a/{part}/{i}.png", truth)
    (sequence,) = open_dataset(str(tmp_path)).sequences
    assert (sequence.truth("1") == clip.truth[1]).all()


def test_truth_files_of_every_kind(tmp_path: Path) -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[2:5, 2:6] = 1
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[mask > 0] = (0, 0, 64)  # the eighth object of a DAVIS palette
    for name, image in (
        ("grey", mask * 255),
        ("labels", mask * 3),
        ("colours", colours),
        ("deep", mask * np.uint16(65535)),
    ):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        assert (read_truth(File(tmp_path / f"{name}.png")) == (mask > 0)).all(), name
    cv2.imwrite(str(tmp_path / "noisy.jpg"), np.full((8, 8), 100, np.uint8))
    assert not read_truth(File(tmp_path / "noisy.jpg")).any()


def test_a_place_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no annotated sequence"):
        open_dataset(str(tmp_path))
    with pytest.raises(InputError, match="neither a folder nor"):
        Tree.open(tmp_path / "nowhere")


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "csv"])
def test_tables_on_the_command_line(data: Path, form: str) -> None:
    maps = str(data.parent / "maps")
    got = CliRunner().invoke(main, ["eval", maps, f"own_name={maps}", str(data), "--format", form])
    assert got.exit_code == 0, got.output
    assert "own_name" in got.stdout or r"own\_name" in got.stdout
    mae = evaluate(maps, open_dataset(str(data)), PROTOCOLS["video"]).averages.result()["MAE"]
    if form == "csv":
        rows = list(csv.reader(io.StringIO(got.stdout.split("\n\n")[0])))
        assert float(rows[1][rows[0].index("MAE")]) == mae
    else:
        assert f"{mae:.3f}" in got.stdout


def test_json_and_curves_in_files(data: Path, tmp_path: Path) -> None:
    arguments = ["eval", str(data.parent / "maps"), str(data), "--json", "-o", str(tmp_path / "s.json")]
    got = CliRunner().invoke(main, [*arguments, "--pr", str(tmp_path / "pr.svg")])
    assert got.exit_code == 0, got.output
    told = json.loads((tmp_path / "s.json").read_text())
    assert set(["MAE", "maxF", "meanF", "adpF", "S", "maxE", "meanE", "adpE", "wF", "J", "F"]) <= told.keys()
    assert set(told["sequences"]) == {"bear", "bus"}
    assert told["protocol"]["name"] == "video"
    assert (tmp_path / "pr.svg").read_text().count("<polyline") == 1


def test_datasets_command(data: Path) -> None:
    listed = CliRunner().invoke(main, ["datasets"])
    assert "davsod-difficult" in listed.stdout
    assert "https://" in listed.stdout
    seen = CliRunner().invoke(main, ["datasets", str(data), "--format", "csv"])
    assert seen.stdout.splitlines()[1] == f"{data},folder,frames and masks,2,18,18"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pred_csnet", "pred_mtnet"])
def test_real_maps_equal_pysodmetrics(method: str) -> None:
    """Numbers recorded by tests/golden/record_metrics.py from the same zip."""
    recorded = json.loads((GOLDEN / "davis_dev.json").read_text())[method]
    zipped = str(research("data/davis_dev_480p.zip"))
    found = evaluate(f"{zipped}/{{video}}/{method}", open_dataset(zipped), PROTOCOLS["video"], 2, allow_missing=True)
    assert {score.name for score in found.sequences} == set(recorded)
    for score in found.sequences:
        ours = score.averages.result()
        assert {key: ours[key] for key in recorded[score.name]} == pytest.approx(recorded[score.name], abs=1e-6)


def test_steady_maps_do_not_flicker(data: Path, clip: Clip, tmp_path: Path) -> None:
    """True masks move with their object; maps that go on and off do not."""
    for name, length in (("bear", 12), ("bus", 6)):
        write_maps(tmp_path / "steady" / name, clip.truth[:length])
        write_maps(tmp_path / "nervous" / name, clip.truth[:length] * (np.arange(length) % 2)[:, None, None])
    steady, nervous = (
        evaluate(str(tmp_path / kind), open_dataset(str(data)), PROTOCOLS["video"], stability=True).averages.values
        for kind in ("steady", "nervous")
    )
    assert 0 <= steady["flicker"] < 0.5 * nervous["flicker"]
    got = CliRunner().invoke(main, ["eval", str(tmp_path / "steady"), str(data), "--stability"])
    assert "flicker" in got.stdout
