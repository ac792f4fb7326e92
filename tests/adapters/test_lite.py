"""The bundled student: small, on any timm backbone, and never downloaded without being asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from boostvsod import build
from boostvsod.kinds import Frame, Window
from boostvsod.runtime import Runtime
from boostvsod.training.students import for_inference, predict

RUNTIME = Runtime()


def test_it_is_small() -> None:
    net = build("students", "lite", weights="none").net
    assert sum(p.numel() for p in net.parameters()) < 2.5e6


@pytest.mark.parametrize("backbone", ["mobilenetv3_small_050", "lcnet_050", "edgenext_xx_small", "resnet10t"])
def test_other_backbones_work(backbone: str) -> None:
    student = build("students", "lite", weights="none", backbone=backbone, size=64)
    maps = predict(student, [np.zeros((30, 50, 3), np.uint8), np.full((64, 40, 3), 200, np.uint8)], RUNTIME)
    assert [m.shape for m in maps] == [(30, 50), (64, 40)]


@pytest.mark.parametrize("backbone", ["slim", "lite0", "mobilenetv3_small_050"])
def test_for_inference_it_predicts_the_same_without_batch_norms(backbone: str) -> None:
    student = build(
        "students",
        "lite",
        weights={"slim": "lite-slim", "lite0": "lite"}.get(backbone, "none"),
        backbone=backbone,
        size=64,
    )
    done = for_inference(student, RUNTIME)
    kinds = [[type(part).__name__ for part in net.modules()] for net in (student.net, done.net)]
    assert any("BatchNorm" in kind for kind in kinds[0]), "the student itself can still be trained"
    assert not any(kind == "BatchNorm2d" for kind in kinds[1])
    pictures = [np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)]
    assert np.allclose(predict(done, pictures, RUNTIME), predict(student, pictures, RUNTIME), atol=1e-4)


WIDE, TALL, SQUARE, STRIP = (480, 854), (854, 480), (300, 300), (9, 900)


@pytest.mark.parametrize(
    ("shape", "sides"), [(WIDE, (256, 320)), (TALL, (320, 256)), (SQUARE, (288, 288)), (STRIP, (96, 896))]
)
def test_as_a_target_its_input_has_half_the_stretch_of_the_picture(
    shape: tuple[int, int], sides: tuple[int, int]
) -> None:
    shapes: list[tuple[int, ...]] = []
    target: Any = build("targets", "lite")
    target.ready.net.register_forward_pre_hook(lambda net, inputs: shapes.append(tuple(inputs[0].shape)))
    picture, other = np.zeros((*shape, 3), np.uint8), np.zeros((40, 80, 3), np.uint8)
    maps = target.predict([Window((Frame.of(rgb),), 0) for rgb in (picture, picture, other)])
    assert shapes == [(2, 3, *sides), (1, 3, 256, 352)]
    assert [m.shape for m in maps] == [shape, shape, (40, 80)]


def test_pretrained_is_passed_on_only_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    import timm

    asked, create = [], timm.create_model

    def remember(name: str, pretrained: bool = False, **rest: object) -> object:
        asked.append(pretrained)
        return create(name, pretrained=False, **rest)

    monkeypatch.setattr(timm, "create_model", remember)
    build("students", "lite", weights="none", backbone="lcnet_050")
    build("students", "lite", weights="none", backbone="lcnet_050", pretrained=True)
    assert asked == [False, True]


def test_logits_have_the_pictures_size_and_sides_only_in_training() -> None:
    net = build("students", "lite", weights="none").net
    rgb = torch.rand(2, 3, 70, 90)
    assert [tuple(x.shape) for x in net.eval()(rgb)] == [(2, 1, 70, 90)]
    assert [tuple(x.shape) for x in net.train()(rgb)] == [(2, 1, 70, 90)] * 4


@pytest.mark.parametrize("weights", ["lite", "lite-slim", "lite-video", "motion-lite", "patch-lite"])
def test_bundled_weights_load_and_name_their_origin(weights: str) -> None:
    student = build("students", "lite", weights=weights)
    assert student.origin.startswith(f"{weights}.safetensors sha256:")
    assert all(torch.isfinite(p).all() for p in student.net.parameters())
