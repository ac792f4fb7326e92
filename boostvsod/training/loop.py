"""The only optimisation loop: it fine-tunes a student on one video and trains networks on data sets."""

from __future__ import annotations

import copy
import math
import pickle
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from boostvsod.errors import ConfigError, WeightsError
from boostvsod.files import Outputs
from boostvsod.kinds import Student
from boostvsod.recipe import TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.training.losses import find_loss, supervise
from boostvsod.training.optimizers import check_schedule, optimizer_of, rate_of_step
from boostvsod.training.students import on_device
from boostvsod.workers import ready_ahead

Batch = tuple[Tensor, ...]  # the input of the network, then whatever else the objective needs
Objective = Callable[[nn.Module, Tensor, Sequence[Tensor]], Tensor]  # network, its input, the rest -> loss
Draw = Callable[[int, torch.Generator], Batch]  # step, generator seeded for that step -> batch
AfterStep = Callable[[int, float], None]  # steps done, loss
Check = Callable[[int, nn.Module], None]  # steps done, the network as it would be returned after this step
SAVE_EVERY = 30.0  # seconds between two saved states of a long training


def no_check(step: int, net: nn.Module) -> None:
    """Do nothing: the default check."""


def fit(
    student: Student,
    draw: Draw,
    steps: int,
    options: TrainOptions,
    runtime: Runtime,
    *,
    objective: Objective | None = None,
    state: Path | None = None,
    after_step: AfterStep = lambda step, loss: None,
    check: Check = no_check,
    workers: int = 0,
) -> list[float]:
    """Train `student.net` in place for `steps` steps; returns the loss of each step.

    The default objective is the loss of saliency maps. Its batches hold RGB in [0, 1], B 3 S S, truth, B 1 S S,
    and weight, B 1 S S. The batch of a step depends only on the seed and the step's number; `workers` threads
    prepare batches ahead. With `state`, the training is saved in that file every half minute, and a training that
    was killed continues from it.
    """
    run = _Training(student, steps, options, runtime, objective or map_objective(options))
    run.restore(state)
    saved = time.monotonic()
    for batches in ready_ahead(partial(_batches_of_step, draw, options, runtime.seed), range(run.step, steps), workers):
        loss = run.advance(batches)
        after_step(run.step, loss)
        check(run.step, run.net if run.average is None else run.average)
        if state and (time.monotonic() - saved > SAVE_EVERY or run.step == steps):
            run.save(state)
            saved = time.monotonic()
    run.finish()
    return run.losses


def _batches_of_step(draw: Draw, options: TrainOptions, seed: int, step: int) -> list[Batch]:
    """The `accumulate` batches of one step. Their gradients are added."""
    first = (seed * 1_000_003 + step) * options.accumulate
    return [draw(step, torch.Generator().manual_seed(first + part)) for part in range(options.accumulate)]


class _Training:
    """The state of one training: network, optimiser, schedule, average of the weights, and number of steps done."""

    def __init__(
        self, student: Student, steps: int, options: TrainOptions, runtime: Runtime, objective: Objective
    ) -> None:
        self.options, self.runtime, self.objective = options, runtime, objective
        self.net = on_device(student, runtime)
        # batch statistics that are updated need the whole batch
        self.divisible = options.freeze_bn and runtime.device == "cpu" and runtime.threads > 1
        own = student.sgd_lr if options.optimizer == "sgd" else student.lr
        rate = options.lr or own * options.lr_scale
        self.frozen = [p for name, p in self.net.named_parameters() if _is_frozen(name, options) and p.requires_grad]
        if options.freeze and not self.frozen:
            parts = ", ".join(name for name, _ in self.net.named_children())
            problem = f"no weight's name begins with {options.freeze!r}"
            raise ConfigError(f"train.freeze: {problem}; the network's parts are: {parts}")
        for weight in self.frozen:
            weight.requires_grad_(False)
        check_schedule(options.schedule)
        self.optimizer = optimizer_of(self.net, rate, options)
        self.highest_rate, self.steps = rate, steps
        self.average = copy.deepcopy(self.net).eval() if options.ema else None
        self.scaler = torch.amp.GradScaler(enabled=runtime.precision == "fp16")
        self.step = 0
        self.losses: list[float] = []

    def advance(self, batches: Sequence[Batch]) -> float:
        """One optimiser step."""
        _train_mode(self.net, self.options)
        self.optimizer.rate = rate_of_step(self.options.schedule, self.highest_rate, self.step, self.steps)
        total = sum(map(self._backward, batches))
        if not math.isfinite(total):
            rate = self.optimizer.rate
            raise ConfigError(f"training diverged: the loss of step {self.step} is {total}; lower train.lr ({rate:g})")
        self._apply()
        self.step += 1
        self.losses.append(total)
        return total

    def _backward(self, batch: Batch) -> float:
        """Add the gradients of a batch; returns its loss."""
        if self.divisible and batch[0].ndim == 4 and len(batch[0]) % self.runtime.threads == 0:
            return self._backward_in_parts(batch)
        loss = self._loss(batch)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _loss(self, batch: Batch) -> Tensor:
        rgb, *rest = (x.to(self.runtime.device, non_blocking=True) for x in batch)
        if rgb.ndim == 4:
            rgb = rgb.contiguous(memory_format=torch.channels_last)
        with self.runtime.autocast():
            return self.objective(self.net, rgb, rest) / self.options.accumulate

    def _backward_in_parts(self, batch: Batch) -> float:
        """The same for pictures on a CPU: each thread has an equal part of the batch, whose loss is a mean."""
        count = self.runtime.threads
        weights = [p for p in self.net.parameters() if p.requires_grad]

        def of_part(part: Batch) -> tuple[float, tuple[Tensor | None, ...]]:
            loss = self._loss(part) / count
            return float(loss.detach()), torch.autograd.grad(loss, weights, allow_unused=True)

        parts = zip(*(x.chunk(count) for x in batch), strict=True)
        losses = []
        for loss, gradients in self.runtime.side_by_side(of_part, parts):
            losses.append(loss)
            for weight, gradient in zip(weights, gradients, strict=True):
                if gradient is not None:
                    weight.grad = gradient if weight.grad is None else weight.grad + gradient
        return sum(losses)

    def _apply(self) -> None:
        optimizer = cast(torch.optim.Optimizer, self.optimizer)  # it has all that a scaler uses
        if self.options.clip:
            self.scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(self.net.parameters(), self.options.clip)
        self.scaler.step(optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        if self.average is not None:
            decay = min(self.options.ema, (1 + self.step) / (10 + self.step))  # early averages follow the weights fast
            _blend(self.average, self.net, decay)

    def finish(self) -> None:
        """Load the averaged weights into the network, if there are any; unfreeze it; switch it to evaluation mode."""
        if self.average is not None:
            self.net.load_state_dict(self.average.state_dict())
        for weight in self.frozen:
            weight.requires_grad_(True)
        self.net.eval()

    def _parts(self) -> dict[str, Any]:
        parts = {"net": self.net, "optimizer": self.optimizer}
        parts |= {"scaler": self.scaler} if self.scaler.is_enabled() else {}
        return parts | ({"average": self.average} if self.average is not None else {})

    def save(self, path: Path) -> None:
        """Write everything that is needed to continue from here. The write is atomic."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"step": self.step, "losses": self.losses}
        with Outputs(path.parent).writing(path.name) as temporary:
            torch.save(state, temporary)

    def restore(self, path: Path | None) -> None:
        """Continue from a saved training, if there is one."""
        if path is None or not path.exists():
            return
        try:
            state = torch.load(path, map_location=self.runtime.device, weights_only=True)
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self.step, self.losses = state["step"], state["losses"]
        except (RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError) as error:
            why = str(error).splitlines()[0]
            raise WeightsError(f"{path} is not a state of this training ({why}); delete it to start again") from error


def map_objective(options: TrainOptions) -> Objective:
    """The loss of the network's main output plus `options.side` times the losses of its side outputs."""
    loss = find_loss(options.loss)

    def objective(net: nn.Module, rgb: Tensor, rest: Sequence[Tensor]) -> Tensor:
        truth, weight = rest
        return supervise(net(rgb), truth, weight, loss, options.side)

    return objective


def _train_mode(net: nn.Module, options: TrainOptions) -> None:
    net.train()
    for name, module in net.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and (options.freeze_bn or _is_frozen(name, options)):
            module.eval()


def _is_frozen(name: str, options: TrainOptions) -> bool:
    return bool(options.freeze) and name.startswith(options.freeze)


@torch.no_grad()
def _blend(average: nn.Module, net: nn.Module, decay: float) -> None:
    """average <- decay * average + (1 - decay) * net. Integer tensors (counters) are copied."""
    old, new = list(average.state_dict().values()), list(net.state_dict().values())
    floats = [x.dtype.is_floating_point for x in old]
    torch._foreach_lerp_(list(compress(old, floats)), list(compress(new, floats)), 1 - decay)
    for before, after, real in zip(old, new, floats, strict=True):
        if not real:
            before.copy_(after)
