"""Evaluation: protocols count as documented, and every skipped file is reported."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from made import GOLDEN, research

from boostvsod.datasets.layouts import open_dataset
from boostvsod.errors import InputError
from boostvsod.media.maps import stretched
from boostvsod.media.synthetic import Clip
from boostvsod.metrics.scores import Averages, Scores
from boostvsod.scoring import PROTOCOLS, evaluate


def _expected(clip: Clip, folder: Path, protocol: str) -> dict[str, float]:
    """The same scores, computed without the evaluator."""
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
    found = evaluate(str(data.parent / "maps"), str(data), protocol, jobs=jobs).averages.result()
    expected = _expected(clip, data.parent / "maps", protocol)
    for key in ("MAE", "maxF", "meanF", "adpF", "S", "maxE", "wF"):
        assert found[key] == pytest.approx(expected[key], abs=1e-9), key
    assert found["MAE_raw"] > found["MAE"], "stretching improves dim maps"


def test_protocols_differ(data: Path) -> None:
    results = [
        evaluate(str(data.parent / "maps"), open_dataset(str(data)), p).averages.result() for p in PROTOCOLS.values()
    ]
    assert len({round(result["MAE"], 9) for result in results}) == len(results)


def test_davis_recall_and_decay_by_hand(data: Path) -> None:
    found = evaluate(str(data.parent / "maps"), open_dataset(str(data)), PROTOCOLS["davis"])
    bear = next(score for score in found.sequences if score.name == "bear")
    series = [row["J"] for row in bear.frames.values()]
    assert len(series) == 10, "the first and the last frame do not count"
    assert bear.averages.values["J_recall"] == pytest.approx(sum(j > 0.5 for j in series) / 10)
    first, last = series[0:3], series[7:10]  # quarter edges round(1, 3.25, 5.5, 7.75, 10) - 1, ends included
    assert bear.averages.values["J_decay"] == pytest.approx(np.mean(first) - np.mean(last))
    assert found.averages.values["J_decay"] < 0, "the maps get brighter"


def test_missing_maps_are_refused_or_noted(data: Path) -> None:
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


def test_surplus_resized_and_empty_maps_are_noted(data: Path, clip: Clip) -> None:
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


def test_a_zip_has_the_scores_of_its_folder(data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for root in (data, data.parent / "maps"):
            for file in sorted(root.rglob("*.*")):
                archive.write(file, file.relative_to(tmp_path))
    plain = evaluate(str(data.parent / "maps"), open_dataset(str(data)), PROTOCOLS["video"])
    packed = open_dataset(str(tmp_path / "all.zip" / "data"))
    inside = evaluate(str(tmp_path / "all.zip/maps/{video}"), packed, PROTOCOLS["video"])
    assert inside.averages.result() == plain.averages.result()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pred_csnet", "pred_mtnet"])
def test_real_maps_equal_pysodmetrics(method: str) -> None:
    """Numbers recorded by tests/golden/record_metrics.py from the same zip."""
    recorded = json.loads((GOLDEN / "davis_dev.json").read_text())[method]
    zipped = str(research("data/davis_dev_480p.zip"))
    found = evaluate(f"{zipped}/{{video}}/{method}", zipped, "video", jobs=2, allow_missing=True)
    assert {score.name for score in found.sequences} == set(recorded)
    for score in found.sequences:
        ours = score.averages.result()
        assert {key: ours[key] for key in recorded[score.name]} == pytest.approx(recorded[score.name], abs=1e-6)
