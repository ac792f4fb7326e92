"""One training as it is ordered: the settings, the student, the task, and what is written in the end."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostvsod.errors import ConfigError
from boostvsod.kinds import Student, Trainable
from boostvsod.recipe import TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.settings import override, parse_setting
from boostvsod.training.augment import Augment
from boostvsod.training.sources import SampleMaker

if TYPE_CHECKING:
    from boostvsod.training.tasks import Task

Options = dict[str, Any]
Told = Callable[[int, int, float], None]  # step, of how many, loss


@dataclass(frozen=True)
class Settings:
    """How to optimise, how far views may stray, and the options of the student and others by name."""

    train: TrainOptions
    augment: Augment = field(default_factory=Augment)
    options: dict[str, Options] = field(default_factory=dict)

    def changed(self, changes: Iterable[str], parts: Iterable[str]) -> Settings:
        """The same under `TABLE.KEY=VALUE`; a table is train, augment or the name of a part."""
        train, augment, options = self.train, self.augment, {name: dict(own) for name, own in self.options.items()}
        parts = tuple(parts)
        for change in changes:
            table, key, value = parse_setting(change)
            if table not in ("train", "augment", *parts):
                there = f"the tables train and augment, and the parts' own: {', '.join(parts)}"
                raise ConfigError(f"--set {change}: there are {there}")
            if table == "train":
                train = override(train, table, key, value)
            elif table == "augment":
                augment = override(augment, table, key, value)
            else:
                options.setdefault(table, {})[key] = value
        return replace(self, train=train, augment=augment, options=options)


@dataclass(frozen=True)
class TrainingJob:
    """What every kind of training is told."""

    sources: tuple[str, ...]
    validate: str | None
    name: str
    init: str
    epochs: float
    size: int
    checks: int
    cache: Path | None
    output: Path
    workers: int
    runtime: Runtime
    settings: Settings

    def sample_maker(self, flow: str = "dis") -> SampleMaker:
        """Samples of this order's size."""
        return SampleMaker(self.size, self.runtime, flow, self.cache)

    def student(self, *, clips: bool = False, **more: Any) -> Student:
        """The student of that name, which must see `clips` or else single pictures."""
        student = self._build(more)
        if (student.window > 1) != clips:
            kinds = "train rcrnet is for networks that see several, the other kinds for those that see one"
            raise ConfigError(f"--student {self.name} sees {student.window} frame(s) at once; {kinds}")
        return student

    def _build(self, more: Options) -> Student:
        """The student, or the twin of the trainable target, of that name."""
        from boostvsod import registry, targets

        options = {"weights": self.init, "size": self.size, **self.settings.options.get(self.name, {}), **more}
        self.runtime.apply()  # random weights hang on the seed alone
        if self.name in registry.offers("students"):
            return registry.build("students", self.name, self.runtime, **options)
        target = targets.open_target(self.name, self.runtime, options)
        if not isinstance(target, Trainable):
            raise ConfigError(f"--student {self.name}: this target only predicts; it cannot be trained")
        return target.twin()

    def run(self, student: Student, task: Task, tell: Told) -> dict[str, float]:
        """Train, keep the best, write weights, card and report; returns seconds and scores."""
        from boostvsod.training.progress import TrainingLog
        from boostvsod.training.tasks import pretrain

        train = self.settings.train
        log = TrainingLog(student, task.examine, task.steps(self.epochs, train), self.checks, self.output)
        losses = pretrain(
            student, task, self.epochs, train, self.runtime,
            state=log.state, after_step=tell, check=log.check, workers=self.workers,
        )  # fmt: skip
        scores = log.finish(self._facts(student, task), losses)
        return {"seconds": round(log.seconds), **scores}

    def _facts(self, student: Student, task: Task) -> dict[str, str]:
        core = student.core or student.net
        millions = sum(p.numel() for p in core.parameters()) / 1e6
        sources = ", ".join(Path(source).name for source in self.sources)
        return {
            "network": f"{self.name} ({type(core).__name__}), {millions:.2f} M parameters, from {student.origin}",
            "input": f"{student.size} x {student.size}",
            "data": f"{sources}: {task.samples} samples",
            "command": shlex.join(["boostvsod", *sys.argv[1:]]),
            "run": f"{self.runtime}; {_hardware(self.runtime)}",
        }


def _hardware(runtime: Runtime) -> str:
    import torch

    if runtime.device == "cpu":
        return f"{runtime.threads} threads, {platform.processor() or platform.machine()}"
    return torch.cuda.get_device_name(runtime.device)
