"""The training procedures, called from Python as a user of the library would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from made import visible, write_maps, write_pictures

from boostvsod import build
from boostvsod.cli import main
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors import ConfigError
from boostvsod.kinds import Student
from boostvsod.media.synthetic import make_clip
from boostvsod.recipe import WHOLE_SET
from boostvsod.runtime import Runtime
from boostvsod.training.clips import LabelProtocol
from boostvsod.training.job import Settings, TrainingJob
from boostvsod.training.motion_quality import require_judge
from boostvsod.training.procedures import MotionData, train_motion_quality, train_saliency
from boostvsod.training.sources import SampleMaker


class Notes:
    """A reporter that stores what it receives."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.steps: list[tuple[int, int]] = []

    def message(self, text: str) -> None:
        self.messages.append(text)

    def step(self, step: int, steps: int, loss: float) -> None:
        self.steps.append((step, steps))


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Two clips of five frames."""
    for seed, name in enumerate("ab"):
        clip = make_clip(5, 48, 64, seed=seed)
        write_pictures(tmp_path / "data" / name / "frames", clip.frames)
        write_maps(tmp_path / "data" / name / "masks", clip.truth)
    return str(tmp_path / "data")


def job_of(data: str, tmp_path: Path, student: str) -> TrainingJob:
    settings = Settings(WHOLE_SET).changed(["train.batch=4", "train.lr=0.01", "train.schedule=constant"], [])
    output = tmp_path / "out" / "w.safetensors"
    return TrainingJob((data,), student, output, epochs=2, size=32, checks=2, settings=settings)


def test_a_saliency_network_is_trained_from_python(data: str, tmp_path: Path) -> None:
    job, notes = job_of(data, tmp_path, "lite"), Notes()
    untrained = job.build_student()
    scores = train_saliency(job, notes)
    assert scores.keys() >= {"seconds", "MAE", "maxF", "S"}
    assert notes.steps == [(1, 2), (2, 2)]
    assert notes.messages == ["5 samples to train on, 5 held out for validation"]
    assert visible(job.output.parent) == ["w.html", "w.md", "w.safetensors"]
    assert "| command |" not in job.output.with_suffix(".md").read_text(), "there was no command"
    trained = build("students", "lite", Runtime(), weights=str(job.output), size=32)
    assert any(changed(untrained, trained))


def changed(before: Student, after: Student) -> list[bool]:
    pairs = zip(before.net.parameters(), after.net.parameters(), strict=True)
    return [not torch.allclose(a, b, atol=1e-3) for a, b in pairs]


def test_motion_quality_is_trained_from_python(data: str, tmp_path: Path) -> None:
    job, notes = job_of(data, tmp_path, "judge-lite"), Notes()
    motion = MotionData(staged=(data,), stage_flows=("exact",))
    scores = train_motion_quality(job, "u2netp", "none", motion, notes)
    assert 0 <= scores["judged right"] <= 1
    labels, sizes = notes.messages
    assert labels.startswith("quality threshold lambda: 0.")
    assert labels.count(",") == 1, "the share of good motion of each of the two sources"
    assert sizes == "18 samples to train on, 8 held out for validation", "4 pairs of frames, two ways; 10 staged"
    build("students", "judge-lite", Runtime(), weights=str(job.output), size=32)


def test_a_network_that_cannot_judge_is_an_error(data: str, tmp_path: Path) -> None:
    student = Student(torch.nn.Identity(), 32)
    with pytest.raises(ConfigError, match=r"--student x cannot judge motion: its network has no method `judge`"):
        require_judge(student, "--student x")
    with pytest.raises(ConfigError, match="--student lite cannot judge motion"):
        train_motion_quality(job_of(data, tmp_path, "lite"), "lite", "none")


def test_the_command_passes_on_options_of_plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[TrainingJob, LabelProtocol]] = []

    def train_clips(job: TrainingJob, protocol: LabelProtocol, *rest: Any) -> dict[str, float]:
        calls.append((job, protocol))
        return {"S": 1.0}

    monkeypatch.setattr("boostvsod.training.procedures.train_clips", train_clips)
    words = ["--data", "d", "-o", str(tmp_path / "w.safetensors"), "--made", "2", "--densifier", "fgplg"]
    sets = ["--set", "fgplg.weights=none", "--set", "rcrnet-ner.window=4", "--set", "train.lr=1e-5"]
    done = CliRunner().invoke(main, ["train", "rcrnet", *words, *sets])
    assert done.exit_code == 0, done.output
    ((job, protocol),) = calls
    assert (protocol.made, protocol.densifier, protocol.options) == (2, "fgplg", {"weights": "none"})
    assert job.settings.options["rcrnet-ner"] == {"window": 4}
    assert job.settings.train.lr == 1e-5
    assert job.command.startswith("boostvsod")


@pytest.mark.parametrize(
    ("preset", "kind", "facts"),
    [
        ("nr-motion", "motion", {"optimizer": "sgd", "lr": 9e-5, "momentum": 0.95, "side": 1.0, "size": 300}),
        ("mqp", "mqpm", {"optimizer": "adam", "lr": 1e-2, "batch": 8, "side": 0.0, "size": 352}),
        ("lim", "motion", {"optimizer": "adam", "lr": 1e-7, "size": 352}),
        ("rcrnet", "saliency", {"optimizer": "adam", "lr": 0.0, "weight_decay": 0.0, "size": 448}),
    ],
)
def test_presets_are_the_papers(
    preset: str, kind: str, facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Any, ...]] = []
    names = {"motion": "train_motion", "mqpm": "train_motion_quality", "saliency": "train_saliency"}

    def train(*given: Any) -> dict[str, float]:
        calls.append(given)
        return {"S": 1.0}

    monkeypatch.setattr(f"boostvsod.training.procedures.{names[kind]}", train)
    words = ["train", kind, "--data", "d", "-o", str(tmp_path / "w.safetensors"), "--preset", preset]
    for more in ([], ["--size", "96", "--set", "train.batch=3"]):
        done = CliRunner().invoke(main, [*words, *more])
        assert done.exit_code == 0, done.output
    plain, changed_by_user = (given[0] for given in calls)
    assert {key: plain.size if key == "size" else getattr(plain.settings.train, key) for key in facts} == facts
    assert plain.settings.augment.flip == (preset != "nr-motion")
    assert plain.settings.augment.degrees == plain.settings.augment.colour == 0
    assert (changed_by_user.size, changed_by_user.settings.train.batch) == (96, 3)
    if kind != "saliency":
        assert next(part for part in calls[0] if isinstance(part, MotionData)).one_way


def test_flow_one_way_is_that_of_every_frame_once(data: str) -> None:
    maker = SampleMaker(32, Runtime(), "dis")
    both, one = maker.filmed(Pairs.open(data)), maker.filmed(Pairs.open(data), one_way=True)
    assert len(one) == len(Pairs.open(data))
    assert torch.equal(one.pictures[0], both.pictures[0])
    assert torch.equal(one.pictures[1], both.pictures[2])
