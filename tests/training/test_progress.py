"""The training log: checks, the best weights, and resuming."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from made import visible
from torch import nn

from boostvsod.files import Outputs
from boostvsod.kinds import Student
from boostvsod.training.progress import TrainingLog, loss_curve


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))


def test_the_best_weights_are_saved_and_survive_a_kill(tmp_path: Path) -> None:
    grades = {2: 0.5, 4: 0.9, 6: 0.7}
    student = Student(Constant(), 8)
    checks: list[int] = []

    def log(net: nn.Module) -> TrainingLog:
        def examine(_: Student) -> dict[str, float]:
            checks.append(len(checks))
            return {"MAE": 0.1, "maxF": 0.5, "maxE": 0.5, "S": grades[2 * len(checks)]}

        return TrainingLog(replace(student, net=net), examine, 6, 3, tmp_path / "w.safetensors", "key")

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
    assert visible(tmp_path) == ["w.html", "w.md", "w.safetensors"]


def test_the_log_of_another_training_is_not_used(tmp_path: Path) -> None:
    Outputs(tmp_path).write_text("w.scores.json", '{"seconds": 9, "scores": {"3": {"S": 1.0}}}')
    log = TrainingLog(Student(Constant(), 8), lambda _: {}, 6, 3, tmp_path / "w.safetensors", "key")
    assert (log.scores, log.seconds_before) == ({}, 0.0)


def test_the_loss_curve_shows_all_steps() -> None:
    curve = loss_curve([2.0] * 300 + [1.0] * 300)
    assert len(curve) == 200
    assert curve[0][1] == 1.0
    assert curve[-1][1] == 0.5
    assert curve == sorted(curve, key=lambda point: point[0])
