"""A training job: data, student, settings and output of one training, and the function that runs it."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Protocol

from boostvsod import registry, targets
from boostvsod.datasets.splits import Split
from boostvsod.errors import ConfigError
from boostvsod.errors.user_code import user_code
from boostvsod.files import Outputs
from boostvsod.kinds import Student, Trainable
from boostvsod.offer import Count, Range, Side
from boostvsod.recipe import WHOLE_SET, Recipe, TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.settings import check_fields, override, parse_setting, read_toml
from boostvsod.stamps import fingerprint
from boostvsod.training.augment import Augment
from boostvsod.training.progress import BEST, TrainingLog, files_of
from boostvsod.training.samples import tensor_stamp
from boostvsod.training.sources import SampleMaker
from boostvsod.training.tasks import Task, pretrain
from boostvsod.weights.shared import load_shared


def presets() -> dict[str, Any]:
    """The trainings of the papers, by name."""
    return read_toml(Path(__file__).with_name("presets.toml"))


class Reporter(Protocol):
    """Receives news of a training while it runs."""

    def message(self, text: str) -> None:
        """One line for the user."""
        ...

    def step(self, step: int, steps: int, loss: float) -> None:
        """`step` of `steps` steps are done; `loss` is the loss of the last one."""
        ...


class Silent:
    """A reporter that prints nothing."""

    def message(self, text: str) -> None:
        """Do nothing."""

    def step(self, step: int, steps: int, loss: float) -> None:
        """Do nothing."""


SILENT = Silent()


@dataclass(frozen=True)
class Settings:
    """Options of the optimiser and of augmentation, and the options of plugins by the plugin's name."""

    train: TrainOptions = WHOLE_SET
    augment: Augment = field(default_factory=Augment)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def changed(self, changes: Iterable[str], plugins: Iterable[str]) -> Settings:
        """The same settings with changes `TABLE.KEY=VALUE`. A table is train, augment, or one of `plugins`."""
        settings, plugins = self, tuple(plugins)
        for change in changes:
            table, key, value = parse_setting(change)
            if table == "train":
                settings = replace(settings, train=override(settings.train, table, key, value))
            elif table == "augment":
                settings = replace(settings, augment=override(settings.augment, table, key, value))
            elif table in plugins:
                settings = settings.with_options(table, {key: value})
            else:
                known = f"the tables train and augment, and those of the plugins in use: {', '.join(plugins)}"
                raise ConfigError(f"--set {change}: there are {known}")
        return settings

    @classmethod
    def preset(cls, name: str) -> tuple[Settings, dict[str, Any]]:
        """The settings of a paper's training, and its other options: size, and whether flow goes one way only.

        Nothing is changed in pictures but what the paper names.
        """
        facts = presets()[name]
        still = Augment(zoom=(1.0, 1.0), aspect=0.0, degrees=0.0, colour=0.0, grey=0.0, blur=0.0, noise=0.0)
        train = TrainOptions(**{"freeze_bn": False, **facts.pop("train")})
        return cls(train, replace(still, **facts.pop("augment"))), facts

    def with_options(self, plugin: str, options: Mapping[str, Any]) -> Settings:
        """The same settings with further options of one plugin."""
        return replace(self, options={**self.options, plugin: {**self.options.get(plugin, {}), **options}})


@dataclass(frozen=True)
class TrainingJob:
    """What every kind of training needs.

    `student` names a student or a trainable target; `init` its weights at the start. `sources` and `validate` are
    folders or zips of pictures and masks. `checks` is how often the network is evaluated; `cache` a folder for
    samples that are slow to make; `workers` the threads that prepare batches ahead. `command` is written in the card.
    """

    sources: tuple[str, ...]
    student: str
    output: Path
    validate: str | None = None
    init: str = "none"
    epochs: Annotated[float, Range(1e-6, 1e6)] = 20.0
    size: Side = 256
    checks: Count = 10
    cache: Path | None = None
    workers: Annotated[int, Range(0, 256)] = 0
    runtime: Runtime = field(default_factory=Runtime)
    settings: Settings = field(default_factory=Settings)
    command: str = ""
    init_partly: bool = False  # load what `init` has in common with the network
    split: str | None = None  # train, val or all: which clips of a source that lists them; by default train
    test_clips: bool = False  # also clips on which evaluations are made
    inputs: tuple[Path, ...] = ()  # files and folders that must not be written over
    overwrite: bool = False  # replace files that boostvsod did not write

    def __post_init__(self) -> None:
        check_fields(self, "train")
        name = self.output.name
        if self.output.suffix != ".safetensors" or name.endswith(BEST):
            raise ConfigError(f"{self.output}: the name of the output must end in .safetensors, and not in {BEST}")

    @property
    def clips(self) -> Split:
        """Which clips of the sources are used."""
        return Split(self.split or "", self.test_clips)

    def check_output(self) -> Outputs:
        """Where the training writes. An error is raised if this would replace files of somebody else."""
        outputs = Outputs(self.output.parent, inputs=self.inputs, overwrite=self.overwrite)
        outputs.check(*(path.name for path in files_of(self.output)))
        return outputs

    def with_options(self, **options: Any) -> TrainingJob:
        """The same job with further options of the student."""
        return replace(self, settings=self.settings.with_options(self.student, options))

    def sample_maker(self, flow: str = Recipe.flow) -> SampleMaker:
        """A maker of samples of this job's size."""
        return SampleMaker(self.size, self.runtime, flow, self.cache)

    def build_student(self, *, clips: bool = False) -> Student:
        """The student to train. With `clips` it must see several frames at once, else exactly one."""
        student = self.started(self._build())
        if (student.window > 1) != clips:
            kinds = "train rcrnet is for networks that see several frames, the other kinds for those that see one"
            raise ConfigError(f"--student {self.student} sees {student.window} frame(s) at once; {kinds}")
        return student

    @property
    def built_with(self) -> str:
        """The weights with which the network is built."""
        return "none" if self.init_partly else self.init

    def started(self, student: Student) -> Student:
        """The student with what it has in common with the weights of a related network, if that is asked for."""
        if not self.init_partly:
            return student
        return replace(student, origin=load_shared(student.core or student.net, self.init, self.student))

    def _build(self) -> Student:
        options = {"weights": self.built_with, "size": self.size, **self.settings.options.get(self.student, {})}
        self.runtime.apply()  # so that random weights depend on the seed only
        if self.student in registry.offers("students"):
            return registry.build("students", self.student, self.runtime, **options)
        target = targets.open_target(self.student, self.runtime, options)
        if not isinstance(target, Trainable):
            raise ConfigError(f"--student {self.student}: this target only predicts; it cannot be trained")
        with user_code(f"target {self.student}"):
            return target.twin()

    def run(self, student: Student, task: Task, reporter: Reporter = SILENT) -> dict[str, float]:
        """Train; write the best weights, a card and a report; returns the seconds and the best scores."""
        train = self.settings.train
        steps, key = task.steps(self.epochs, train), self._key(student, task)
        outputs = self.check_output()
        log = TrainingLog(student, task.evaluate, steps, self.checks, self.output, key, outputs=outputs)
        with user_code(f"student {self.student}, while it learnt"):
            losses = pretrain(
                student, task, self.epochs, train, self.runtime,
                state=log.state_file, after_step=reporter.step, check=log.check, workers=self.workers,
            )  # fmt: skip
        scores = log.finish(self._facts(student, task), losses)
        return {"seconds": round(log.seconds), **scores}

    def _key(self, student: Student, task: Task) -> str:
        """A hash of all that determines the result: samples, initial weights, settings and seed."""
        weights = sorted((name, tensor_stamp(tensor)) for name, tensor in student.net.state_dict().items())
        settings = [asdict(self.settings), self.epochs, self.size, self.checks, self.runtime.seed]
        return fingerprint(self.student, task.stamp, weights, settings)

    def _facts(self, student: Student, task: Task) -> dict[str, str]:
        """The rows of the card that are known before the training."""
        core = student.core or student.net
        millions = sum(p.numel() for p in core.parameters()) / 1e6
        sources = ", ".join(Path(source).name for source in self.sources)
        return {
            "network": f"{self.student} ({type(core).__name__}), {millions:.2f} M parameters, from {student.origin}",
            "input": f"{student.size} x {student.size}",
            "data": f"{sources}: {task.samples} samples",
            **({"command": self.command} if self.command else {}),
            "run": f"{self.runtime}; {_hardware(self.runtime)}",
        }


def _hardware(runtime: Runtime) -> str:
    import torch

    if runtime.device == "cpu":
        return f"{runtime.threads} threads, {platform.processor() or platform.machine()}"
    return torch.cuda.get_device_name(runtime.device)
