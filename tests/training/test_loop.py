"""The training loop learns, repeats and resumes exactly. Losses are those of their papers."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from boostvsod.errors import ConfigError, WeightsError
from boostvsod.kinds import Student
from boostvsod.recipe import TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.training import losses
from boostvsod.training.loop import Batch, fit

RUNTIME = Runtime(seed=3)


def student() -> Student:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 1, 1))
    return Student(net, 16)


def draw(step: int, generator: torch.Generator) -> Batch:
    rgb = torch.rand(4, 3, 16, 16, generator=generator)
    truth = (rgb[:, :1] > 0.5).float()
    return rgb, truth, torch.ones_like(truth)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("loss", losses.LOSSES)
@pytest.mark.parametrize("schedule", ["constant", "onecycle"])
def test_it_learns(optimizer: str, loss: str, schedule: str) -> None:
    rate = 0.02 if optimizer != "sgd" else 1.0 if loss == "euclidean" else 0.1
    options = TrainOptions(loss=loss, optimizer=optimizer, schedule=schedule, lr=rate)
    history = fit(student(), draw, 60, options, RUNTIME)
    assert sum(history[-5:]) < 0.9 * sum(history[:5])


@pytest.mark.parametrize("changed", [{}, {"ema": 0.9}, {"accumulate": 2}, {"clip": 0.1}, {"schedule": "onecycle"}])
def test_a_killed_training_resumes_to_the_same_weights(tmp_path: Path, changed: dict[str, float]) -> None:
    options = replace(TrainOptions(lr=0.01), **changed)  # type: ignore[arg-type]
    whole, halves = student(), student()
    losses_whole = fit(whole, draw, 20, options, RUNTIME, state=tmp_path / "whole")

    class Killed(Exception):
        pass

    def die(step: int, loss: float) -> None:
        if step == 11:
            raise Killed

    monkey = pytest.MonkeyPatch()
    monkey.setattr("boostvsod.training.loop.SAVE_EVERY", 0.0)
    with pytest.raises(Killed):
        fit(halves, draw, 20, options, RUNTIME, state=tmp_path / "half", after_step=die)
    monkey.undo()
    resumed = student()
    losses_resumed = fit(resumed, draw, 20, options, RUNTIME, state=tmp_path / "half")
    assert losses_resumed == losses_whole
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, resumed.net.state_dict()[name]), name


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_from_worker_threads_are_the_same(workers: int) -> None:
    options, drawn = TrainOptions(lr=0.01, accumulate=2), []

    def noted(step: int, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
        drawn.append((step, threading.current_thread().name))
        return draw(step, generator)

    assert fit(student(), noted, 12, options, RUNTIME, workers=workers) == fit(student(), draw, 12, options, RUNTIME)
    assert sorted(step for step, _ in drawn) == sorted([*range(12)] * 2)
    assert threading.current_thread().name not in {thread for _, thread in drawn}


def test_a_state_of_another_training_is_named(tmp_path: Path) -> None:
    torch.save({"net": {}}, tmp_path / "state")
    (tmp_path / "torn").write_bytes(b"PK half a file")
    for name in ("state", "torn"):
        with pytest.raises(WeightsError, match=f"{name} is not a state of this training"):
            fit(student(), draw, 1, TrainOptions(), RUNTIME, state=tmp_path / name)


def test_frozen_batch_norm_keeps_its_statistics() -> None:
    frozen, free = student(), student()
    before = copy.deepcopy(frozen.net[1].running_mean)  # type: ignore[index]
    fit(frozen, draw, 3, TrainOptions(freeze_bn=True), RUNTIME)
    fit(free, draw, 3, TrainOptions(freeze_bn=False), RUNTIME)
    assert torch.equal(frozen.net[1].running_mean, before)  # type: ignore[index]
    assert not torch.equal(free.net[1].running_mean, before)  # type: ignore[index]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_frozen_parts_do_not_change(optimizer: str) -> None:
    one = student()
    before = copy.deepcopy(one.net.state_dict())
    fit(one, draw, 3, TrainOptions(optimizer=optimizer, freeze="1", freeze_bn=False, lr=0.1, ema=0.5), RUNTIME)
    changed = {key.split(".")[0] for key, value in one.net.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == {"0", "3"}
    assert all(p.requires_grad for p in one.net.parameters())


def test_freezing_nothing_is_an_error() -> None:
    with pytest.raises(
        ConfigError, match=r"train\.freeze: no weight's name begins with 'encodr'; the network's parts are: 0, 1, 2, 3"
    ):
        fit(student(), draw, 1, TrainOptions(freeze="encodr"), RUNTIME)


def test_losses_by_hand() -> None:
    logits = torch.tensor([[[[0.0, 100.0]]], [[[-100.0, 0.0]]]])  # predictions .5 1 | 0 .5
    truth = torch.tensor([[[[1.0, 1.0]]], [[[0.0, 0.0]]]])
    weight = torch.ones_like(truth)
    assert losses.euclidean(logits, truth, weight).item() == pytest.approx((0.25 + 0.25) / (2 * 4))
    assert losses.bce(logits, truth, weight).item() == pytest.approx(2 * 0.693147 / 4, abs=1e-5)
    assert losses.iou(logits, truth, weight).item() == pytest.approx(((1 - 2.5 / 3) + (1 - 1 / 1.5)) / 2, abs=1e-5)
    masked = weight.clone()
    masked[0, 0, 0, 0] = masked[1, 0, 0, 1] = 0
    for name, loss in losses.LOSSES.items():
        assert loss(logits, truth, masked).item() == pytest.approx(0, abs=1e-5), f"{name} ignores masked pixels"


def test_side_outputs_are_supervised_too() -> None:
    wrong, truth = torch.full((1, 1, 2, 2), 9.0), torch.zeros(1, 1, 2, 2)
    one = losses.supervise(wrong, truth, torch.ones_like(truth), losses.bce, 0.4)
    three = losses.supervise((wrong, wrong, wrong), truth, torch.ones_like(truth), losses.bce, 0.4)
    assert three.item() == pytest.approx(1.8 * one.item())


@pytest.mark.parametrize("wrong", [{"optimizer": "adma"}, {"loss": "bse"}, {"schedule": "cosin"}])
def test_unknown_choices_are_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=f"train.{next(iter(wrong))}[ =]'{next(iter(wrong.values()))}'"):
        fit(student(), draw, 1, replace(TrainOptions(), **wrong), RUNTIME)  # type: ignore[arg-type]


@pytest.mark.parametrize("steps", range(1, 13))
def test_the_rate_rises_and_falls_over_any_number_of_steps(steps: int) -> None:
    losses_of_steps = fit(student(), draw, steps, TrainOptions(schedule="onecycle", optimizer="adam"), RUNTIME)
    assert len(losses_of_steps) == steps


def test_divergence_is_an_error_that_names_the_rate() -> None:
    batch = torch.full((4, 3, 16, 16), float("nan")), torch.ones(4, 1, 16, 16), torch.ones(4, 1, 16, 16)
    with pytest.raises(ConfigError, match=r"loss of step 0 is nan; lower train\.lr \(0\.1\)"):
        fit(student(), lambda step, generator: batch, 1, TrainOptions(loss="bce", lr=0.1), RUNTIME)


def test_threads_share_a_batch_and_the_gradients_are_the_same() -> None:
    one, two = student(), student()
    options = TrainOptions(optimizer="sgd", lr=0.1, loss="bce+iou")
    losses_one = fit(one, draw, 6, options, Runtime(threads=1))
    losses_two = fit(two, draw, 6, options, Runtime(threads=2))
    assert losses_two == pytest.approx(losses_one, rel=1e-5)
    for name, value in one.net.state_dict().items():
        assert torch.allclose(value, two.net.state_dict()[name], atol=1e-6), name


def test_threads_do_not_share_a_batch_whose_statistics_are_learnt() -> None:
    sizes = []
    learner = student()
    learner.net.register_forward_pre_hook(lambda net, args: sizes.append(len(args[0])))
    fit(learner, draw, 2, TrainOptions(freeze_bn=False), Runtime(threads=2))
    assert sizes == [4, 4]
    fit(learner, draw, 2, TrainOptions(), Runtime(threads=2))
    assert sizes == [4, 4, 2, 2, 2, 2]
