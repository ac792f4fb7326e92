"""Adam, AdamW and SGD as torch.optim computes them, and the rate of each step.

torch.optim itself imports torch's compiler, which takes more than a second: a tenth of a whole run.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from boostvsod.errors import ConfigError
from boostvsod.recipe import TrainOptions

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
RISE = 0.1  # the share of the steps in which the rate of a cycle rises
START, END = 25, 25e4  # the highest rate divided by the first and by the last one


class Optimizer(ABC):
    """Changes weights by their gradients. Weights without a gradient stay as they are.

    `param_groups` is what torch's GradScaler reads.
    """

    kept: tuple[str, ...] = ()  # names of the tensors that are kept for every weight

    def __init__(self, weights: Sequence[nn.Parameter], rate: float, decay: float) -> None:
        self.weights, self.rate, self.decay = list(weights), rate, decay
        self.param_groups = [{"params": self.weights}]
        self.counts = [0] * len(self.weights)  # steps of each weight
        self.memory = {name: [torch.zeros_like(weight) for weight in self.weights] for name in self.kept}

    @torch.no_grad()
    def step(self) -> None:
        """Change all weights that have a gradient."""
        used = {i: gradient for i, weight in enumerate(self.weights) if (gradient := weight.grad) is not None}
        if not used:
            return
        for i in used:
            self.counts[i] += 1
        memory = [[tensors[i] for i in used] for tensors in self.memory.values()]
        self.change([self.weights[i] for i in used], list(used.values()), memory, [self.counts[i] for i in used])

    @abstractmethod
    def change(
        self, weights: list[Tensor], gradients: list[Tensor], memory: list[list[Tensor]], counts: list[int]
    ) -> None:
        """Change weights in place. `counts`: the steps of each one, this one included."""

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for weight in self.weights:
            weight.grad = None

    def state_dict(self) -> dict[str, Any]:
        """What is needed to continue."""
        return {"rate": self.rate, "counts": list(self.counts), "memory": self.memory}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state of the same network."""
        self.rate, self.counts = state["rate"], list(state["counts"])
        for name, tensors in self.memory.items():
            for own, saved in zip(tensors, state["memory"][name], strict=True):
                own.copy_(saved)


class Adam(Optimizer):
    """Kingma and Ba, 2015. `decoupled`: the weights decay by themselves (AdamW), not by their gradients."""

    kept = ("mean", "square")

    def __init__(self, weights: Sequence[nn.Parameter], rate: float, decay: float, *, decoupled: bool = False) -> None:
        super().__init__(weights, rate, decay)
        self.decoupled = decoupled

    def change(
        self, weights: list[Tensor], gradients: list[Tensor], memory: list[list[Tensor]], counts: list[int]
    ) -> None:
        mean, square = memory
        if self.decoupled:
            torch._foreach_mul_(weights, 1 - self.rate * self.decay)
        elif self.decay:
            gradients = list(torch._foreach_add(gradients, weights, alpha=self.decay))
        torch._foreach_lerp_(mean, gradients, 1 - BETA1)
        torch._foreach_mul_(square, BETA2)
        torch._foreach_addcmul_(square, gradients, gradients, 1 - BETA2)
        spread = list(torch._foreach_sqrt(square))
        torch._foreach_div_(spread, [math.sqrt(1 - BETA2**count) for count in counts])
        torch._foreach_add_(spread, EPSILON)
        torch._foreach_addcdiv_(weights, mean, spread, [-self.rate / (1 - BETA1**count) for count in counts])


class Sgd(Optimizer):
    """Gradient descent with momentum."""

    kept = ("velocity",)

    def __init__(self, weights: Sequence[nn.Parameter], rate: float, decay: float, momentum: float) -> None:
        super().__init__(weights, rate, decay)
        self.momentum = momentum

    def change(
        self, weights: list[Tensor], gradients: list[Tensor], memory: list[list[Tensor]], counts: list[int]
    ) -> None:
        (velocity,) = memory
        if self.decay:
            gradients = list(torch._foreach_add(gradients, weights, alpha=self.decay))
        torch._foreach_mul_(velocity, self.momentum)
        torch._foreach_add_(velocity, gradients)
        torch._foreach_add_(weights, velocity, alpha=-self.rate)


def optimizer_of(net: nn.Module, rate: float, options: TrainOptions) -> Optimizer:
    """The optimiser that the options name, for all weights that learn."""
    weights = [p for p in net.parameters() if p.requires_grad]
    if options.optimizer == "sgd":
        return Sgd(weights, rate, options.weight_decay, options.momentum)
    if options.optimizer in ("adam", "adamw"):
        return Adam(weights, rate, options.weight_decay, decoupled=options.optimizer == "adamw")
    raise ConfigError(f"train.optimizer {options.optimizer!r} is unknown; there are: sgd, adam, adamw")


def check_schedule(schedule: str) -> None:
    """Refuse an unknown schedule."""
    if schedule not in ("constant", "onecycle"):
        raise ConfigError(f"train.schedule {schedule!r} is unknown; there are: constant, onecycle")


def rate_of_step(schedule: str, highest: float, step: int, steps: int) -> float:
    """The learning rate of step 0 <= `step` < `steps`.

    In a cycle (Smith and Topin, 2018) it rises from a 25th of the highest rate and falls to nearly nothing.
    """
    if schedule == "constant":
        return highest
    top = RISE * (steps + 1) - 1
    if step < top:
        return _between(highest / START, highest, step / top)
    return _between(highest, highest / END, (step - top) / (steps - top))


def _between(first: float, last: float, share: float) -> float:
    """From `first` to `last` along a half cosine, as `share` goes from 0 to 1."""
    return last + (first - last) / 2 * (1 + math.cos(math.pi * share))
