"""The built-in student: small, on any timm backbone, and nothing is downloaded unasked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from boostvsod import build
from boostvsod.boosting.finetune import mirrored_by_turns
from boostvsod.kinds import Frame, Student, Window
from boostvsod.media.images import resize_rgb
from boostvsod.runtime import Runtime
from boostvsod.training.students import for_inference, predict, predict_batch

RUNTIME = Runtime()


def test_it_is_small() -> None:
    net = build("students", "lite", weights="none").net
    assert sum(p.numel() for p in net.parameters()) < 2.5e6


@pytest.mark.parametrize("backbone", ["mobilenetv3_small_050", "lcnet_050", "edgenext_xx_small", "resnet10t"])
def test_any_backbone_will_do(backbone: str) -> None:
    student = build("students", "lite", weights="none", backbone=backbone, size=64)
    maps = predict(student, [np.zeros((30, 50, 3), np.uint8), np.full((64, 40, 3), 200, np.uint8)], RUNTIME)
    assert [m.shape for m in maps] == [(30, 50), (64, 40)]


@pytest.mark.parametrize("backbone", ["slim", "mobilenetv3_small_050"])
def test_finished_it_says_the_same_without_batch_norms(backbone: str) -> None:
    student = build("students", "lite", weights="lite" if backbone == "slim" else "none", backbone=backbone, size=64)
    done = for_inference(student, RUNTIME)
    kinds = [[type(part).__name__ for part in net.modules()] for net in (student.net, done.net)]
    assert any("BatchNorm" in kind for kind in kinds[0]), "the student itself can go on learning"
    assert not any(kind == "BatchNorm2d" for kind in kinds[1])
    pictures = [np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)]
    assert np.allclose(predict(done, pictures, RUNTIME), predict(student, pictures, RUNTIME), atol=1e-4)


def test_what_cannot_be_followed_stays_as_it_is() -> None:
    class Moody(torch.nn.Module):
        def forward(self, rgb: torch.Tensor) -> torch.Tensor:
            return rgb[:, :1] if rgb.mean() > 0.5 else rgb[:, 1:2]

    student = Student(Moody(), 32)
    assert for_inference(student, RUNTIME) is student


WIDE, TALL, SQUARE, STRIP = (480, 854), (854, 480), (300, 300), (9, 900)


@pytest.mark.parametrize(
    ("shape", "sides"), [(WIDE, (256, 320)), (TALL, (320, 256)), (SQUARE, (288, 288)), (STRIP, (96, 896))]
)
def test_as_a_target_it_sees_half_the_stretch_of_a_picture(shape: tuple[int, int], sides: tuple[int, int]) -> None:
    seen: list[tuple[int, ...]] = []
    target: Any = build("targets", "lite")
    target.ready.net.register_forward_pre_hook(lambda net, inputs: seen.append(tuple(inputs[0].shape)))
    picture, other = np.zeros((*shape, 3), np.uint8), np.zeros((40, 80, 3), np.uint8)
    maps = target.predict([Window((Frame.of(rgb),), 0) for rgb in (picture, picture, other)])
    assert seen == [(2, 3, *sides), (1, 3, 256, 352)]
    assert [m.shape for m in maps] == [shape, shape, (40, 80)]


@pytest.mark.parametrize(("height", "width"), [(64, 64), (256, 320), (200, 30), (479, 853)])
def test_shrunk_pictures_are_means_of_areas(height: int, width: int) -> None:
    import cv2

    noise = np.random.default_rng(0).normal(0, 40, (480, 854, 3))
    picture = np.clip(128 + 10 * cv2.GaussianBlur(noise, (0, 0), 5), 0, 255).astype(np.uint8)
    area = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(float)
    near = np.abs(resize_rgb(picture, height, width) - area).mean()
    assert near < 1 < picture.std()


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
    assert [tuple(x.shape) for x in net.train()(rgb)] == [(2, 1, 70, 90)] * 4


def test_a_mirror_shows_what_is_there_the_other_way_round() -> None:
    student = build("students", "lite", size=64)
    rgb = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    plain, both = (predict_batch(student, rgb, RUNTIME, mirror=mirror) for mirror in (False, True))
    assert np.allclose(both, predict_batch(student, rgb.flip(-1), RUNTIME, mirror=True)[..., ::-1], atol=1e-5)
    assert not np.allclose(both, plain, atol=1e-3)


def test_every_second_time_a_mined_frame_comes_in_a_mirror() -> None:
    ramp = torch.arange(4.0).expand(3, 1, 1, 4) + torch.tensor([0, 10, 20]).view(3, 1, 1, 1)

    def draw(step: int, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
        order = [k % 3 for k in (2 * step, 2 * step + 1)]
        return ramp[order].expand(-1, 3, -1, -1), ramp[order], torch.ones(2, 1, 1, 4)

    turned = mirrored_by_turns(draw, 3)
    first = []
    for step in range(6):
        rgb, truth, _ = turned(step, torch.Generator())
        assert torch.equal(rgb[:, :1], truth)
        first += truth[:, 0, 0, 0].tolist()
    assert first == [0, 10, 20, 3, 13, 23] * 2


@pytest.mark.parametrize("weights", ["lite", "lite-video", "motion-lite", "patch-lite"])
def test_bundled_weights_load_and_say_where_from(weights: str) -> None:
    student = build("students", "lite", weights=weights)
    assert student.origin.startswith(f"{weights}.safetensors sha256:")
    assert all(torch.isfinite(p).all() for p in student.net.parameters())
