"""Optimisers and rates are those of torch.optim."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from boostvsod.recipe import TrainOptions
from boostvsod.training.optimizers import optimizer_of, rate_of_step

TORCH: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3), nn.Linear(3, 1))


def gradients(net: nn.Module, step: int) -> None:
    """Other gradients in each step. The last layer has none in every second step."""
    generator = torch.Generator().manual_seed(step)
    for i, weight in enumerate(net.parameters()):
        weight.grad = None if i >= 4 and step % 2 else torch.randn(weight.shape, generator=generator)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", TORCH)
def test_weights_are_those_of_torch(name: str, decay: float) -> None:
    options = TrainOptions(optimizer=name, weight_decay=decay, momentum=0.9)
    ours, theirs = network(), network()
    own = optimizer_of(ours, 0.01, options)
    momentum = {"momentum": 0.9} if name == "sgd" else {}
    other = TORCH[name](theirs.parameters(), 0.01, weight_decay=decay, **momentum)
    for step in range(6):
        if step == 3:  # a state that is loaded into a fresh optimiser continues
            fresh = optimizer_of(ours, 1.0, options)
            fresh.load_state_dict(own.state_dict())
            own = fresh
        for net, optimizer in ((ours, own), (theirs, other)):
            gradients(net, step)
            optimizer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("steps", [1, 5, 8, 30, 200])
def test_a_cycle_of_rates_is_that_of_torch(steps: int) -> None:
    optimizer = torch.optim.SGD(network().parameters(), 1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.3, total_steps=steps + 1, pct_start=0.1, cycle_momentum=False
    )
    for step in range(steps):
        assert rate_of_step("onecycle", 0.3, step, steps) == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        schedule.step()


def test_a_constant_rate() -> None:
    assert {rate_of_step("constant", 0.3, step, 9) for step in range(9)} == {0.3}


def test_a_scaler_of_gradients_takes_it() -> None:
    """torch's scaler reads an optimiser's gradients: scaled ones are scaled back, and infinite ones change nothing."""
    net = network()
    own, scaler = optimizer_of(net, 0.1, TrainOptions(optimizer="sgd")), torch.amp.GradScaler("cpu")
    before = [weight.clone() for weight in net.parameters()]
    for factor in (float("inf"), 1.0):
        scaler.scale(net(torch.ones(2, 4)).sum() * factor).backward()
        scaler.unscale_(own)  # type: ignore[arg-type]
        largest = max(float(weight.grad.abs().max()) for weight in net.parameters() if weight.grad is not None)
        assert (largest < 100) == (factor == 1), "finite gradients are scaled back"
        scaler.step(own)  # type: ignore[arg-type]
        scaler.update()
        own.zero_grad()
        changed = [not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True)]
        assert any(changed) == (factor == 1)
