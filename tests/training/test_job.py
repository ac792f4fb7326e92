"""Training on whole sets: what is learnt from, what is kept, and that what comes out can be used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from made import ROOT, write_maps, write_pictures
from torch import nn

from boostvsod import build
from boostvsod.cli import main
from boostvsod.datasets.pairs import Pairs
from boostvsod.kinds import Student
from boostvsod.media.synthetic import make_clip
from boostvsod.runtime import Runtime
from boostvsod.training.clip_tasks import draw_windows, window_rows
from boostvsod.training.clips import Clips, LabelProtocol, clips_of
from boostvsod.training.progress import TrainingLog, loss_curve
from boostvsod.training.samples import Samples
from boostvsod.training.sources import SampleMaker, load_sources, patches

RUNTIME = Runtime()
SCRIPT = ROOT / "examples" / "train_defaults.sh"


def call(*arguments: Any) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of eleven frames."""
    folder = tmp_path_factory.mktemp("clips")
    for seed, name in enumerate("ab"):
        clip = make_clip(frames=11, seed=seed)
        write_pictures(folder / name / "frames", clip.frames)
        write_maps(folder / name / "masks", clip.truth)
    return folder


@pytest.mark.parametrize("kind", ["saliency", "patch", "motion", "mqpm"])
def test_weights_card_and_report(kind: str, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    done = call("train", kind, "--data", data, "--epochs", 1, "--size", 64, "--checks", 2, "-o", out)
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)) >= {"MAE", "maxF", "S", "seconds"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w.html", "w.md", "w.safetensors"]
    card = (tmp_path / "w.md").read_text()
    assert "| network | " in card
    assert "| input | 64 x 64 |" in card
    assert "<svg" in (tmp_path / "w.html").read_text()
    build("students", "judge-lite" if kind == "mqpm" else "lite", RUNTIME, weights=str(out))


def test_staged_motions_are_added_as_a_backend_sees_them_and_exactly(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    words = ["--data", data, "--epochs", 0.1, "--size", 64, "--checks", 1, "--workers", 2, "-o", out]
    flows = ["--stage-flow", "farneback", "--stage-flow", "exact"]
    counts = []
    for staged in ([], ["--stage", data], ["--stage", data, *flows]):
        done = call("train", "motion", *words, *staged)
        assert done.exit_code == 0, done.output
        counts.append(int(re.search(r"(\d+) samples to train on", done.stderr)[1]))  # type: ignore[index]
        out.unlink()
    pictures = len(list(data.rglob("masks/*")))
    assert np.diff(counts).tolist() == [pictures, pictures]


def test_clip_networks_learn_the_protocol(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "ner.safetensors"
    words = ["--data", data, "--epochs", 0.2, "--size", 64, "--checks", 1, "--cache", tmp_path / "cache"]
    done = call("train", "rcrnet", *words, "-o", out)
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "cache").iterdir())) == 2, "what is trained on, and what is held out"
    build("targets", "rcrnet-ner", RUNTIME, weights=str(out), size=64)


def test_the_generator_learns_to_fill(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "fgplg.safetensors"
    words = ["--data", data, "--epochs", 1, "--size", 64, "--checks", 1, "-o", out]
    done = call("train", "fgplg", *words)
    assert done.exit_code == 0, done.output
    build("densifiers", "fgplg", RUNTIME, weights=str(out), side=64)
    refused = call("train", "fgplg", *words, "--student", "warp")
    assert refused.exit_code != 0
    assert "warp" in refused.stderr


def test_any_trainable_target_and_no_other(data: Path, tmp_path: Path) -> None:
    words = ["train", "saliency", "--data", data, "--epochs", 0.1, "--size", 64, "-o", tmp_path / "w.safetensors"]
    done = call(*words, "--student", "u2netp")
    assert done.exit_code == 0, done.output
    frames = data / "a" / "frames"
    used = call("predict", frames, "--target", f"u2netp:{tmp_path / 'w.safetensors'}", "-o", tmp_path / "o")
    assert used.exit_code == 0, used.output
    refused = call(*words, "--student", "classic")
    assert refused.exit_code == 2, refused.output


@pytest.mark.parametrize(("kind", "name"), [("saliency", "rcrnet-ner"), ("rcrnet", "lite")])
def test_clips_and_pictures_are_told_apart(kind: str, name: str, data: Path, tmp_path: Path) -> None:
    refused = call("train", kind, "--student", name, "--data", data, "--size", 64, "-o", tmp_path / "w.safetensors")
    assert refused.exit_code == 2, refused.output
    assert f"--student {name} sees" in refused.stderr


def test_a_backbone_from_a_hub(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder as the hub's cache has it, without the network."""
    import huggingface_hub.constants
    import timm
    from safetensors.torch import save_file

    snapshot = tmp_path / "hub" / "models--someone--tiny" / "snapshots" / "0123456789abcdef"
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(snapshot.name)
    own = timm.create_model("lcnet_050", pretrained=False)
    with torch.no_grad():
        own.conv_stem.weight.fill_(0.125)
    save_file(own.state_dict(), snapshot / "model.safetensors")
    about = {"architecture": "lcnet_050", "num_classes": 1000, "pretrained_cfg": {"input_size": [3, 224, 224]}}
    (snapshot / "config.json").write_text(json.dumps(about))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    out = tmp_path / "w.safetensors"
    name = "hf-hub:someone/tiny"
    student = build("students", "lite", RUNTIME, weights="none", backbone=name, pretrained=True)
    assert float(student.net.encoder.conv_stem.weight.detach().mean()) == 0.125  # type: ignore[union-attr, operator]
    done = call(
        "train",
        "saliency",
        "--data",
        data,
        "--backbone",
        name,
        "--pretrained",
        "--epochs",
        0.1,
        "--size",
        64,
        "-o",
        out,
    )
    assert done.exit_code == 0, done.output
    build("students", "lite", RUNTIME, weights=str(out), backbone=name)


@pytest.mark.slow
@pytest.mark.skipif(not SCRIPT.exists(), reason="the examples are not here")
def test_all_bundled_networks_can_be_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "weights"
    around = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", SCRIPT, "--smoke", "--out", out], capture_output=True, text=True, env=around)
    assert done.returncode == 0, done.stderr
    monkeypatch.setattr("boostvsod_adapters.lite.BUNDLED", out)
    for name in ("lite", "lite-video", "patch-lite", "motion-lite"):
        build("students", "lite", RUNTIME, weights=name)
    build("students", "judge-lite", RUNTIME)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    again = subprocess.run(["bash", SCRIPT, "--smoke", "--out", out], capture_output=True, text=True, env=around)
    assert again.stdout.count(".safetensors exists") == 3, (
        "lite, lite-video, motion-lite; of the others nothing is said"
    )
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


def test_what_is_held_out(data: Path) -> None:
    names = lambda pairs: [pair.clip for pair in pairs.pairs]  # noqa: E731
    train, held = load_sources([str(data)], None, names)
    assert (set(train[0]), set(held)) == ({"a/frames"}, {"b/frames"})
    train, held = load_sources([str(data), str(data)], str(data / "a"), names)
    assert [len(part) for part in train] == [22, 22]
    assert set(held) == {"frames"}


def test_patches_hold_their_object() -> None:
    rgb, mask = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.float32)
    mask[10:20, 30:50] = 1
    for seed in range(5):
        ((cut, seen),) = patches([(rgb, mask)], seed)
        assert seen.sum() == mask.sum()
        assert cut.shape[:2] == seen.shape
        assert seen.shape[0] <= 18
        assert seen.shape[1] <= 36
    ((cut, _),) = patches([(rgb, 0 * mask)], 0)
    assert cut.shape == rgb.shape


def test_what_is_slow_is_made_once(data: Path, tmp_path: Path) -> None:
    pairs = Pairs.open(data)
    sample_maker = SampleMaker(32, RUNTIME, cache=tmp_path)
    first = sample_maker.filmed(pairs)
    (kept,) = tmp_path.iterdir()
    torch.testing.assert_close(sample_maker.filmed(pairs).pictures, first.pictures)
    assert list(tmp_path.iterdir()) == [kept]
    replace(sample_maker, size=16).filmed(pairs)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("l", "m", "known"),
    [
        (5, 0, [0, 5, 10]),
        (5, 1, [0, 2, 5, 7, 10]),
        (1, 0, list(range(11))),
        (5, 4, list(range(11))),
    ],
)
def test_labels_of_the_protocol(l: int, m: int, known: list[int], data: Path) -> None:  # noqa: E741
    clips = clips_of(Pairs.open(data), SampleMaker(32, RUNTIME), LabelProtocol(l, m, "warp"))
    assert clips.spans == (range(11), range(11, 22))
    for span in clips.spans:
        assert torch.nonzero(clips.known[span.start : span.stop])[:, 0].tolist() == known
    assert float(clips.samples.masks[0].max()) == 255
    if m == 0 and l > 1:
        assert float(clips.samples.masks[1].max()) == 0


def test_windows_stay_in_their_clip_and_hold_a_known_frame() -> None:
    assert window_rows(range(10, 20), 8, 4) == [10, 11, 12, 13]
    assert window_rows(range(10, 20), 18, 4) == [16, 17, 18, 19]
    assert window_rows(range(10, 12), 10, 4) == [10, 11, 11, 11]
    numbers = torch.arange(12, dtype=torch.uint8).view(12, 1, 1, 1)
    known = torch.tensor([1.0, 0, 0, 0, 0, 1] * 2)
    clips = Clips(Samples(numbers.expand(12, 3, 2, 2), numbers.expand(12, 1, 2, 2), known), (range(6), range(6, 12)))
    draw = draw_windows(clips, window=3, batch=4)
    for step in range(10):
        seen, truth, weight = draw(step, torch.Generator().manual_seed(step))
        assert (seen.shape, truth.shape, weight.shape) == ((4, 3, 3, 2, 2), (12, 1, 2, 2), (12, 1, 2, 2))
        rows = (truth.reshape(4, 3, 4)[:, :, 0] * 255).round().long()
        assert torch.equal(weight.reshape(4, 3, 4)[:, :, 0], known[rows])
        assert (weight.reshape(4, -1).sum(1) > 0).all()
        assert ((rows < 6).all(1) | (rows >= 6).all(1)).all()


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))


def test_the_best_is_kept_and_outlives_a_kill(tmp_path: Path) -> None:
    grades = {2: 0.5, 4: 0.9, 6: 0.7}
    student = Student(Constant(), 8)
    seen: list[int] = []

    def log(net: nn.Module) -> TrainingLog:
        def examine(_: Student) -> dict[str, float]:
            seen.append(len(seen))
            return {"MAE": 0.1, "maxF": 0.5, "maxE": 0.5, "S": grades[2 * len(seen)]}

        return TrainingLog(replace(student, net=net), examine, 6, 3, tmp_path / "w.safetensors")

    first = log(student.net)
    first.state_file.write_text("a training that was killed after step 4")
    for step in range(1, 5):
        student.net.value.data.fill_(step)  # type: ignore[operator]
        first.check(step, student.net)
    second = log(student.net)
    assert second.scores == first.scores
    assert second.seconds >= first.seconds_before
    for step in (5, 6):
        student.net.value.data.fill_(step)  # type: ignore[operator]
        second.check(step, student.net)
    scores = second.finish({"network": "one number"}, [3.0, 2.0, 1.0])
    assert scores["S"] == 0.9
    assert float(student.net.value.detach()) == 4  # type: ignore[operator]
    assert "| best step | 4 of 6 |" in (tmp_path / "w.md").read_text()
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".html", ".md", ".safetensors"]


def test_what_another_training_left_is_no_part_of_this_one(tmp_path: Path) -> None:
    (tmp_path / "w.scores.json").write_text('{"seconds": 9, "scores": {"3": {"S": 1.0}}}')
    log = TrainingLog(Student(Constant(), 8), lambda _: {}, 6, 3, tmp_path / "w.safetensors")
    assert (log.scores, log.seconds_before) == ({}, 0.0)


def test_the_loss_curve_shows_all_steps() -> None:
    curve = loss_curve([2.0] * 300 + [1.0] * 300)
    assert len(curve) == 200
    assert curve[0][1] == 1.0
    assert curve[-1][1] == 0.5
    assert curve == sorted(curve, key=lambda point: point[0])
