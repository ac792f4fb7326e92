"""Predicting with a student."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from boostvsod import build
from boostvsod.kinds import Student
from boostvsod.runtime import Runtime
from boostvsod.training.students import for_inference, predict_batch

RUNTIME = Runtime()


def test_a_network_that_cannot_be_traced_is_not_changed() -> None:
    class Moody(torch.nn.Module):
        def forward(self, rgb: torch.Tensor) -> torch.Tensor:
            return rgb[:, :1] if rgb.mean() > 0.5 else rgb[:, 1:2]

    student = Student(Moody(), 32)
    assert for_inference(student, RUNTIME) is student


def test_mirrored_prediction_is_symmetric() -> None:
    student = build("students", "lite", size=64)
    rgb = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    plain, both = (predict_batch(student, rgb, RUNTIME, mirror=mirror) for mirror in (False, True))
    assert np.allclose(both, predict_batch(student, rgb.flip(-1), RUNTIME, mirror=True)[..., ::-1], atol=1e-5)
    assert not np.allclose(both, plain, atol=1e-3)


@pytest.mark.parametrize("traceable", [True, False])
def test_predicting_does_not_move_a_network_that_is_ready(traceable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several threads predict with one network. If one of them moved it, the process would crash."""

    class Loops(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            count = 1 if traceable else sum(1 for _ in x)
            y: torch.Tensor = self.conv(x)[:, :1] * count
            return y

    ready = for_inference(Student(Loops(), 32), RUNTIME)
    monkeypatch.setattr(nn.Module, "_apply", None)  # what every move calls
    predict_batch(ready, torch.rand(2, 3, 32, 32), RUNTIME)
    with pytest.raises(TypeError):
        predict_batch(Student(Loops(), 32), torch.rand(2, 3, 32, 32), RUNTIME)
