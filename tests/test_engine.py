"""The whole method: results, records, reuse, resuming, and independence of other videos."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from made import DRAWN, FORCED, QUICK, slow_except, write_maps, write_pictures

import boostvsod
from boostvsod import boost, build
from boostvsod.boosting import gate, store
from boostvsod.boosting.record import read_result
from boostvsod.boosting.store import maps_in_memory
from boostvsod.errors import ConfigError, OutputError, PluginError
from boostvsod.kinds import Map, Rgb, Window
from boostvsod.media.synthetic import Clip, make_clip
from boostvsod.runtime import Runtime


def bits(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((folder / "maps").iterdir())}


def test_every_frame_gets_a_map_of_its_size(pictures: Path, maps: Path, tmp_path: Path) -> None:
    result = boost(pictures, f"maps:{maps}", out=tmp_path / "out", settings=FORCED)
    assert result.decisions[0].choice == "boosted"
    assert result.mined == tuple(range(12))
    assert sorted(bits(tmp_path / "out")) == [f"{i:05d}.png" for i in range(12)]
    assert all(m.shape == (48, 64) and m.dtype == np.float32 for m in result.maps)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"maps", "run.json", ".boostvsod"}


def test_final_maps_are_equation_nine(pictures: Path, maps: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = boost(pictures, f"maps:{maps}", out=out, settings=FORCED, bits=16)
    stages = {name.partition("-")[0]: out / ".boostvsod" / name for name in result.record["stages"].values()}
    for i, name in enumerate(result.names):
        target, motion, student = (
            np.asarray(cv2.imread(str(stages[s] / f"{name}.png"), -1)) / 65535 for s in ("target", "motion", "student")
        )
        assert np.abs(result.maps[i] - target * motion * student).max() < 1e-4


def test_the_miners_own_truth_is_an_output(pictures: Path, maps: Path, tmp_path: Path) -> None:
    """LS of NR (Eq. 6) for every frame; nothing is learnt."""
    out, settings = tmp_path / "out", (*FORCED, "recipe.learner=truth", "recipe.fuser=student")
    result = boost(pictures, f"maps:{maps}", out=out, settings=settings, bits=16)
    stages = {name.partition("-")[0]: out / ".boostvsod" / name for name in result.record["stages"].values()}
    for i, name in enumerate(result.names):
        target, motion = (
            np.asarray(cv2.imread(str(stages[s] / f"{name}.png"), -1)) / 65535 for s in ("target", "motion")
        )
        assert np.abs(result.maps[i] - target * motion).max() < 1e-4
    assert result.record["losses"] == {}
    with pytest.raises(ConfigError, match="the miner 'random' makes truths of mined frames only"):
        boost(pictures, f"maps:{maps}", out=tmp_path / "x", settings=(*DRAWN, "recipe.learner=truth"))


def test_the_record_has_settings_scores_and_reasons(pictures: Path, maps: Path, tmp_path: Path) -> None:
    boost(pictures, f"maps:{maps}", out=tmp_path / "out", settings=FORCED, seed=5)
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["runtime"]["seed"] == 5
    assert record["recipe"]["options"]["nr"]["threshold"] == 1.1
    assert record["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert record["versions"]["boostvsod"] == boostvsod.__version__
    assert record["weights"] == {"student": "untrained"}
    assert [f["mined"] for f in record["frames"]] == [True] * 12
    assert all(f["why"].startswith("NR 0.") and 0 <= f["scores"]["NR"] <= 1 for f in record["frames"])
    assert set(record["seconds"]) >= {"index", "target", "motion", "mine", "learn", "student", "final"}
    assert set(record["cost"]) == {"target", "motion", "mine", "student", "final"}
    assert record["cost"]["mine"] == record["seconds"]["mine"] > 0


@pytest.mark.parametrize(("choice", "source"), [("boosted", "fused"), ("baseline", "target")])
def test_final_maps_are_those_that_the_gate_chose(
    pictures: Path, maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choice: str, source: str
) -> None:
    monkeypatch.setattr(gate, "decide", lambda features, risk: (choice, "by this test"))
    result = boost(pictures, f"maps:{maps}", out=tmp_path / "out", settings=(*FORCED, "recipe.gate=on"))
    folders = [tmp_path / "out/.boostvsod" / result.record["stages"][stage] for stage in (source, "final")]
    chosen, final = ({path.name: path.read_bytes() for path in folder.glob("*.png")} for folder in folders)
    assert chosen == final
    assert len(final) == 12


def test_maps_may_stay_in_memory_after_a_run(
    pictures: Path, maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread(path: Path) -> Map:
        raise AssertionError(f"{path} was read")

    with maps_in_memory():
        result = boost(pictures, f"maps:{maps}", out=tmp_path / "out", settings=FORCED)
        with monkeypatch.context() as patched:
            patched.setattr(store, "read_map", unread)
            kept = list(result.baseline)
    again = read_result(tmp_path / "out").baseline
    assert np.array_equal(kept, list(again))
    monkeypatch.setattr(store, "read_map", unread)
    with pytest.raises(AssertionError, match=r"00003\.png was read"):
        again[3]


def test_the_second_run_does_nothing(pictures: Path, maps: Path, tmp_path: Path) -> None:
    first = boost(pictures, f"maps:{maps}", out=tmp_path / "out", settings=FORCED)
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    second = boost(pictures, f"maps:{maps}", out=tmp_path / "out", settings=FORCED)
    assert (first.reused, second.reused) == (False, True)
    assert second.mined == first.mined
    assert stamps == {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}


def test_another_option_redoes_only_the_stages_that_depend_on_it(pictures: Path, maps: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = boost(pictures, f"maps:{maps}", out=out, settings=FORCED)
    stamps = {p: p.stat().st_mtime_ns for p in (out / ".boostvsod").glob("[tm]*-*/*.png")}
    second = boost(pictures, f"maps:{maps}", out=out, settings=(*FORCED, "train.lr=0.5"))
    assert not second.reused
    assert stamps == {p: p.stat().st_mtime_ns for p in (out / ".boostvsod").glob("[tm]*-*/*.png")}
    assert first.record["stages"]["target"] == second.record["stages"]["target"]
    assert first.record["stages"]["student"] != second.record["stages"]["student"]


def test_a_changed_map_is_noticed(pictures: Path, maps: Path, tmp_path: Path) -> None:
    boost(pictures, f"maps:{maps}", "none", tmp_path / "out")
    cv2.imwrite(str(maps / "00003.png"), np.full((48, 64), 77, np.uint8))
    again = boost(pictures, f"maps:{maps}", "none", tmp_path / "out")
    assert not again.reused
    assert np.allclose(again.maps[3], 77 / 255, atol=1e-3)


def test_videos_do_not_influence_each_other(tmp_path: Path) -> None:
    clips = [make_clip(6, 48, 64, seed=s) for s in (1, 2)]
    for order in ("ab", "ba"):
        for name in order:
            clip = clips["ab".index(name)]
            folder = write_maps(tmp_path / order / f"m{name}", clip.truth)
            boost(clip.frames, f"maps:{folder}", out=tmp_path / order / name, settings=FORCED)
    for name in "ab":
        assert bits(tmp_path / "ab" / name) == bits(tmp_path / "ba" / name)


def test_pieces_do_not_influence_each_other(tmp_path: Path, clip: Clip) -> None:
    """The maps of a shot do not depend on the shot before it."""
    other = make_clip(6, 48, 64, seed=9).frames[..., ::-1] // 2
    alone = boost(clip.frames, "classic", out=tmp_path / "a", settings=FORCED)
    both = boost(np.concatenate([other, clip.frames]), "classic", out=tmp_path / "b", settings=FORCED)
    assert [(d.start, d.stop) for d in both.decisions] == [(0, 6), (6, 18)]
    for i in range(12):
        assert np.array_equal(alone.maps[i], both.maps[6 + i])


def test_the_seed_decides_everything(tmp_path: Path, clip: Clip) -> None:
    made = [
        bits(Path(boost(clip.frames, "classic", out=tmp_path / str(i), settings=DRAWN, seed=seed).folder))
        for i, seed in enumerate((0, 0, 1))
    ]
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_the_target_is_not_changed(tmp_path: Path, clip: Clip) -> None:
    target: Any = build("targets", "lite", Runtime(), weights="none")
    before = {k: v.clone() for k, v in target.student.net.state_dict().items()}
    result = boost(clip.frames, target, out=tmp_path / "out", settings=FORCED)
    assert result.decisions[0].choice == "boosted"
    for key, value in target.student.net.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_the_twin_learns_from_its_targets_weights(tmp_path: Path, clip: Clip) -> None:
    """With a learning rate of almost zero, the twin predicts the maps of the target."""
    torch.manual_seed(1)
    target = build("targets", "lite", Runtime(), weights="none")
    result = boost(
        clip.frames,
        target,
        out=tmp_path / "out",
        settings=(*FORCED, "train.size=0", "train.lr=1e-12", "recipe.fuser=student"),
    )
    assert np.abs(result.maps[4] - result.baseline[4]).max() < 0.01


def test_stillness_and_emptiness_keep_the_baseline(tmp_path: Path) -> None:
    still = make_clip(6, 48, 64, still=True)
    nothing = write_maps(tmp_path / "nothing", np.zeros((6, 48, 64), np.uint8))
    for name, clip, target in (("still", still, "classic"), ("empty", make_clip(6, 48, 64), f"maps:{nothing}")):
        result = boost(clip.frames, target, out=tmp_path / name, settings=QUICK)
        assert result.mined == ()
        assert result.decisions[0].choice == "baseline"
        assert "no frame was trusted" in result.decisions[0].why
        assert all(np.abs(a - b).max() < 1 / 255 for a, b in zip(result.maps, result.baseline, strict=True))


def test_one_frame_gives_the_targets_map(tmp_path: Path, clip: Clip) -> None:
    result = boost(clip.frames[:1], "classic", out=tmp_path / "out", settings=QUICK)
    assert "motion needs two frames" in result.decisions[0].why
    assert len(result.maps) == 1


class Faulty:
    window, batch = 1, 4

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def predict(self, windows: Sequence[Window]) -> list[np.ndarray]:
        maps = [np.full(w.frame.rgb.shape[:2], 0.5, np.float32) for w in windows]
        if windows[0].frame.index >= 4:
            maps[1] = {"nan": maps[1] * np.nan, "shape": maps[1][:-1], "range": maps[1] * 9}[self.fault]
        return maps


@pytest.mark.parametrize(
    ("fault", "message"),
    [("nan", "NaN or infinite"), ("shape", r"shape \(47, 64\), expected \(48, 64\)"), ("range", "from 4.5 to 4.5")],
)
def test_a_faulty_target_is_named_and_finished_maps_stay(tmp_path: Path, clip: Clip, fault: str, message: str) -> None:
    with pytest.raises(PluginError, match=f"target Faulty, frame '00005'.*{message}"):
        boost(clip.frames, Faulty(fault), out=tmp_path / "out", settings=QUICK)
    assert len(list((tmp_path / "out" / ".boostvsod").glob("target-*/*.png"))) == 4, "the first batch was finished"


def level_everywhere(level: float) -> Callable[[Rgb], Map]:
    return lambda rgb: np.full(rgb.shape[:2], level, np.float32)


def test_results_of_one_target_object_are_not_reused_for_another(tmp_path: Path, clip: Clip) -> None:
    for level in (0.25, 0.75):  # Python may reuse the address of a freed object
        result = boost(clip.frames, level_everywhere(level), "none", tmp_path / "o")
        assert not result.reused
        assert np.allclose(result.maps[3], level, atol=0.01)


def test_a_faulty_fuser_is_named(tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    from boostvsod_plugins.fuse.product import Product

    monkeypatch.setattr(Product, "fuse", lambda self, target, motion, student: student * np.nan)
    with pytest.raises(PluginError, match="fuser product, frame '00000': returned 3072 values that are NaN"):
        boost(clip.frames, "classic", out=tmp_path / "o", settings=FORCED)


def test_foreign_results_are_never_touched(pictures: Path, maps: Path) -> None:
    """The target's maps may lie in the folder that is named for the results."""
    before = {p: p.read_bytes() for p in maps.iterdir()}
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="was not written by boostvsod"):
            boost(pictures, f"maps:{maps}", "none", maps.parent, overwrite=overwrite)
    assert {p: p.read_bytes() for p in maps.iterdir()} == before


def test_unwritable_output(tmp_path: Path, clip: Clip) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        boost(clip.frames, "classic", out=tmp_path / "file" / "out", settings=QUICK)


def test_wrong_settings_are_named(clip: Clip, tmp_path: Path) -> None:
    for setting, message in {
        "train.lamda=3": "train.lamda is unknown; there are: .*loss",
        "train.batch=two": "train.batch='two': expected int, got str",
        "mqpm.T=5": "recipe 'default' has no part 'mqpm'",
        "trust.naer=1": "trust has no option 'naer'; did you mean 'near'",
        "recipe.gate=ajar": "recipe.gate='ajar': expected one of: off, on",
        "oops": r"expected TABLE\.KEY=VALUE",
    }.items():
        with pytest.raises(ConfigError, match=message):
            boost(clip.frames, "classic", out=tmp_path / "out", settings=[setting])


RUN = """import sys; from boostvsod import boost
boost(sys.argv[1], 'maps:' + sys.argv[2], out=sys.argv[3], settings=sys.argv[4:])"""


def start(pictures: Path, maps: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RUN, str(pictures), str(maps), str(out), *FORCED])


@pytest.mark.parametrize("stage", slow_except(["target", "motion", "student", "final", "maps"], "student"))
def test_a_killed_run_resumes_to_the_same_maps(tmp_path: Path, stage: str) -> None:
    clip = make_clip(20, 48, 64)
    pictures, maps = write_pictures(tmp_path / "clip", clip.frames), write_maps(tmp_path / "m", clip.truth)
    whole = boost(pictures, f"maps:{maps}", out=tmp_path / "whole", settings=FORCED)
    process = start(pictures, maps, tmp_path / "killed")
    pattern = "maps/*.png" if stage == "maps" else f"{stage}-*/*.png"
    while process.poll() is None and not any((tmp_path / "killed" / ".boostvsod").glob(pattern)):
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    resumed = boost(pictures, f"maps:{maps}", out=tmp_path / "killed", settings=FORCED)
    assert bits(tmp_path / "killed") == bits(tmp_path / "whole")
    assert resumed.mined == whole.mined
    assert not list((tmp_path / "killed").rglob("*.part*"))
