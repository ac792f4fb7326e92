"""The built-in student: small, on any timm backbone, and nothing is downloaded unasked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from boostvsod import build
from boostvsod.learner import mirrored_by_turns
from boostvsod.predict import answer, predict
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
    assert [tuple(x.shape) for x in net.train()(rgb)] == [(2, 1, 70, 90)] * 4


def test_a_mirror_shows_what_is_there_the_other_way_round() -> None:
    student = build("students", "lite", size=64)
    rgb = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    plain, both = (answer(student, rgb, RUNTIME, mirror=mirror) for mirror in (False, True))
    assert np.allclose(both, answer(student, rgb.flip(-1), RUNTIME, mirror=True)[..., ::-1], atol=1e-5)
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
