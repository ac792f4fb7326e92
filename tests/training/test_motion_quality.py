"""The MQP paper's training against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from boostvsod import build
from boostvsod.metrics.structure import s_measure
from boostvsod.recipe import TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.training.motion_quality import (
    judged_right,
    judging_objective,
    labelled,
    motion_scores,
    quality_threshold,
)
from boostvsod.training.samples import Samples


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        # .5 -> mean(.9 .8 .6) = .7667 -> .6333 -> mean(.9 .8) = .85 -> .675 -> the same two
        ([0.9, 0.8, 0.6, 0.4], 0.675),
        ([0.5, 0.5, 0.5], 0.5),
        ([0.7, 0.7], 0.6),
        ([0.1, 0.2], 0.5),  # no score is above the threshold
        ([], 0.5),
    ],
)
def test_threshold_iterates_equations_three_and_four(scores: list[float], expected: float) -> None:
    assert quality_threshold(np.array(scores)) == pytest.approx(expected)


def test_threshold_is_a_fixed_point() -> None:
    scores = np.random.default_rng(0).uniform(0.2, 1, 500)
    found = quality_threshold(scores)
    assert found == pytest.approx((0.5 + scores[scores >= found].mean()) / 2, abs=1e-3)


def test_scores_are_those_of_theta_against_the_truth() -> None:
    rng = np.random.default_rng(0)
    pictures = torch.from_numpy(rng.integers(0, 256, (3, 3, 64, 64), np.uint8))
    masks = torch.zeros(3, 1, 64, 64, dtype=torch.uint8)
    masks[:, :, 20:40, 20:40] = 255
    theta = build("students", "lite", Runtime(), weights="none", size=64)
    scores = motion_scores(Samples(pictures, masks), theta, Runtime())
    with torch.inference_mode():
        maps = torch.sigmoid(theta.net.eval()(pictures.float() / 255)[0])[:, 0].numpy()
    assert scores == pytest.approx([s_measure(m, np.asarray(t) > 127) for m, t in zip(maps, masks[:, 0], strict=True)])
    assert labelled(Samples(pictures, masks), np.array([0.2, 0.7, 0.6]), 0.6).labels.tolist() == [0, 1, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["judge-lite", "judge-cpd", "judge-vgg"])
def test_every_judge_learns_both_of_its_outputs(name: str) -> None:
    torch.manual_seed(0)
    student = build("students", name, Runtime(), weights="none", size=64)
    rgb, truth = torch.rand(2, 3, 64, 64), torch.zeros(2, 1, 64, 64)
    truth[:, :, 16:48, 16:48] = 1
    rest = [truth, torch.ones_like(truth), torch.tensor([0.0, 1])]
    loss = judging_objective(TrainOptions(loss="bce"))(student.net, rgb, rest)
    loss.backward()  # type: ignore[no-untyped-call]
    quality, logits = student.net.judge(rgb)  # type: ignore[operator]
    assert quality.shape == (2,)
    assert logits[0].shape == truth.shape
    still = [key for key, p in student.net.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert not [key for key in still if "quality" in key or "heads" in key], f"nothing reaches {still}"


def test_the_loss_is_the_sum_of_both() -> None:
    class Known(torch.nn.Module):
        def judge(self, rgb: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
            return torch.tensor([0.0]), (torch.zeros(1, 1, 2, 2),)

    ones = torch.ones(1, 1, 2, 2)
    loss = judging_objective(TrainOptions(loss="bce"))(Known(), ones, [ones, ones, torch.ones(1)])
    assert float(loss) == pytest.approx(2 * np.log(2))


def test_share_judged_right() -> None:
    class Bright(torch.nn.Module):
        def judge(self, rgb: torch.Tensor) -> tuple[torch.Tensor, None]:
            return rgb.mean((1, 2, 3)) - 0.5, None

    pictures = torch.tensor([0, 255, 255, 0], dtype=torch.uint8).view(4, 1, 1, 1).expand(4, 3, 8, 8)
    samples = Samples(pictures, pictures[:, :1], torch.tensor([0.0, 1, 0, 0]))
    assert judged_right(Bright(), samples, Runtime()) == 0.75
