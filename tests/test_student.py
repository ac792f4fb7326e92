"""The built-in student: small, on any timm backbone, and nothing is downloaded unasked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from boostvsod import build
from boostvsod.predict import predict
from boostvsod.runtime import Runtime

RUNTIME = Runtime()


def test_it_is_small() -> None:
    net = build("students", "lite", weights="none").net
    assert sum(p.numel() for p in net.parameters()) < 2.5e6


@pytest.mark.parametrize("backbone", ["mobilenetv3_small_050", "lcnet_050", "edgenext_xx_small", "resnet10t"])
def test_any_backbone_will_do(backbone: str) -> None:
    student = build("students", "lite", weights="none", backbone=backbone, size=64)
    maps = predict(student, [np.zeros((30, 50, 3), np.uint8), np.full((64, 40, 3), 200, np.uint8)], RUNTIME)
    assert [m.shape for m in maps] == [(30, 50), (64, 40)]


def test_pretrained_is_passed_on_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    import timm

    asked, create = [], timm.create_model

    def remember(name: str, pretrained: bool = False, **rest: object) -> object:
        asked.append(pretrained)
        return create(name, pretrained=False, **rest)

    monkeypatch.setattr(timm, "create_model", remember)
    build("students", "lite", weights="none")
    build("students", "lite", weights="none", backbone="lcnet_050", pretrained=True)
    assert asked == [False, True]


def test_logits_have_the_pictures_size_and_sides_only_in_training() -> None:
    net = build("students", "lite", weights="none").net
    rgb = torch.rand(2, 3, 70, 90)
    assert [tuple(x.shape) for x in net.eval()(rgb)] == [(2, 1, 70, 90)]
    assert [tuple(x.shape) for x in net.train()(rgb)] == [(2, 1, 70, 90)] * 5


@pytest.mark.parametrize("weights", ["lite", "lite-video", "motion-lite", "patch-lite"])
def test_bundled_weights_load_and_say_where_from(weights: str) -> None:
    student = build("students", "lite", weights=weights)
    assert student.origin.startswith(f"{weights}.safetensors sha256:")
    assert all(torch.isfinite(p).all() for p in student.net.parameters())
