"""`boostvsod train`: weights, their card and the report, for every kind of training."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from made import call, sets, visible, write_maps, write_pictures

from boostvsod import build
from boostvsod.media.synthetic import Clip, make_clip
from boostvsod.runtime import Runtime


def test_training_writes_weights_that_load(tmp_path: Path, clip: Clip) -> None:
    frames = write_pictures(tmp_path / "data" / "walk" / "frames", clip.frames)
    write_maps(tmp_path / "data" / "walk" / "masks", clip.truth)
    made = {kind: tmp_path / f"{kind}.safetensors" for kind in ("saliency", "motion", "mqpm")}
    for kind, weights in made.items():
        words = ["--data", tmp_path / "data", "--epochs", 1, "--size", 64, "-o", weights, "--set", "train.batch=4"]
        done = call("train", kind, *words)
        assert done.exit_code == 0, done.output
        assert set(json.loads(done.stdout)) >= {"MAE", "maxF", "S"}
        assert not weights.with_suffix(".state").exists()
    judging = ("recipe.motion=judged", f"judged.weights={made['mqpm']}")
    for parts in (("recipe.motion=net", f"net.weights={made['motion']}"), judging):
        place, chosen = tmp_path / parts[0], (*parts, "train.lambda=1", "nr.threshold=1.1")
        words = ["--recipe", "nr", "--target", f"lite:{made['saliency']}", "-o", place]
        used = call("run", "--video", frames, *words, *sets(chosen))
        assert used.exit_code == 0, used.output
        assert len(list((place / "maps").iterdir())) == 12


def test_wrong_training_settings_are_named(tmp_path: Path) -> None:
    for setting, message in (("train.rate=1", "train.rate is unknown"), ("mqpm.T=1", "the tables train and augment")):
        write_pictures(tmp_path / "d" / "images", make_clip(2, 16, 16).frames)
        write_maps(tmp_path / "d" / "masks", make_clip(2, 16, 16).truth)
        words = ["--data", tmp_path / "d", "--size", 16, "-o", tmp_path / "o.safetensors", "--set", setting]
        done = call("train", "saliency", *words)
        assert (done.exit_code, message in done.stderr) == (2, True), done.output


RUNTIME = Runtime()


@pytest.mark.parametrize("kind", ["saliency", "patch", "motion", "mqpm"])
def test_weights_card_and_report(kind: str, two_clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    done = call("train", kind, "--data", two_clips, "--epochs", 1, "--size", 64, "--checks", 2, "-o", out)
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)) >= {"MAE", "maxF", "S", "seconds"}
    assert visible(tmp_path) == ["w.html", "w.md", "w.safetensors"]
    card = (tmp_path / "w.md").read_text()
    assert "| network | " in card
    assert "| input | 64 x 64 |" in card
    assert "<svg" in (tmp_path / "w.html").read_text()
    build("students", "judge-lite" if kind == "mqpm" else "lite", RUNTIME, weights=str(out))


def test_staged_motion_is_added_as_estimated_flow_and_as_exact_flow(two_clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    words = ["--data", two_clips, "--epochs", 0.1, "--size", 64, "--checks", 1, "--workers", 2, "-o", out]
    flows = ["--stage-flow", "farneback", "--stage-flow", "exact"]
    counts = []
    for staged in ([], ["--stage", two_clips], ["--stage", two_clips, *flows]):
        done = call("train", "motion", *words, *staged)
        assert done.exit_code == 0, done.output
        counts.append(int(re.search(r"(\d+) samples to train on", done.stderr)[1]))  # type: ignore[index]
        out.unlink()
    pictures = len(list(two_clips.rglob("masks/*")))
    assert np.diff(counts).tolist() == [pictures, pictures]


def test_clip_networks_learn_the_protocol(two_clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "ner.safetensors"
    words = ["--data", two_clips, "--epochs", 0.2, "--size", 64, "--checks", 1, "--cache", tmp_path / "cache"]
    done = call("train", "rcrnet", *words, "-o", out)
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "cache").iterdir())) == 2, "the training clips and the held-out clip"
    build("targets", "rcrnet-ner", RUNTIME, weights=str(out), size=64)


def test_the_generator_learns_to_fill(two_clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "fgplg.safetensors"
    words = ["--data", two_clips, "--epochs", 1, "--size", 64, "--checks", 1, "-o", out]
    done = call("train", "fgplg", *words)
    assert done.exit_code == 0, done.output
    build("densifiers", "fgplg", RUNTIME, weights=str(out), side=64)
    refused = call("train", "fgplg", *words, "--student", "warp")
    assert refused.exit_code != 0
    assert "warp" in refused.stderr


def test_only_trainable_targets_can_be_trained(two_clips: Path, tmp_path: Path) -> None:
    words = ["train", "saliency", "--data", two_clips, "--epochs", 0.1, "--size", 64, "-o", tmp_path / "w.safetensors"]
    done = call(*words, "--student", "u2netp")
    assert done.exit_code == 0, done.output
    frames = two_clips / "a" / "frames"
    used = call("predict", frames, "--target", f"u2netp:{tmp_path / 'w.safetensors'}", "-o", tmp_path / "o")
    assert used.exit_code == 0, used.output
    refused = call(*words, "--student", "classic")
    assert refused.exit_code == 2, refused.output


@pytest.mark.parametrize(("kind", "name"), [("saliency", "rcrnet-ner"), ("rcrnet", "lite")])
def test_clip_networks_need_clip_trainings(kind: str, name: str, two_clips: Path, tmp_path: Path) -> None:
    refused = call(
        "train", kind, "--student", name, "--data", two_clips, "--size", 64, "-o", tmp_path / "w.safetensors"
    )
    assert refused.exit_code == 2, refused.output
    assert f"--student {name} sees" in refused.stderr


def test_a_backbone_from_a_hub(two_clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub is replaced by a folder in the format of its cache."""
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
        two_clips,
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
