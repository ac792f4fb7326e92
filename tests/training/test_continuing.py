"""A training that was stopped continues only with the data, weights, options and seed that it began with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from made import write_maps, write_pictures

from boostvsod.errors import WeightsError
from boostvsod.media.synthetic import make_clip
from boostvsod.recipe import WHOLE_SET
from boostvsod.runtime import Runtime
from boostvsod.training.job import SILENT, Settings, TrainingJob
from boostvsod.training.procedures import train_saliency


class Stopping:
    """A reporter that interrupts the training after its first step."""

    message = staticmethod(SILENT.message)

    def step(self, step: int, steps: int, loss: float) -> None:
        if step == 2:
            raise KeyboardInterrupt


def clips(folder: Path, seed: int) -> str:
    for name in "ab":
        clip = make_clip(5, 48, 64, seed=seed)
        write_pictures(folder / name / "frames", clip.frames)
        write_maps(folder / name / "masks", clip.truth)
    return str(folder)


def with_option(change: str) -> Callable[[TrainingJob], TrainingJob]:
    return lambda job: replace(job, settings=job.settings.changed([change], ["lite"]))


def with_other_data(job: TrainingJob) -> TrainingJob:
    clips(Path(job.sources[0]), seed=9)
    return job


@pytest.fixture(name="stopped")
def _stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingJob:
    """A training that was interrupted after its state was saved."""
    monkeypatch.setattr("boostvsod.training.loop.SAVE_EVERY", 0.0)
    settings = Settings(WHOLE_SET).changed(["train.batch=4", "train.schedule=constant"], [])
    output = tmp_path / "out" / "w.safetensors"
    job = TrainingJob((clips(tmp_path / "data", 0),), "lite", output, epochs=3, size=32, checks=1, settings=settings)
    with pytest.raises(KeyboardInterrupt):
        train_saliency(job, Stopping())
    assert output.with_suffix(".state").exists()
    return job


@pytest.mark.parametrize(
    "change",
    [
        with_option("train.lr=0.5"),
        with_option("train.loss=bce"),
        with_option("augment.zoom=[0.9, 1.0]"),
        with_other_data,
        lambda job: replace(job, runtime=Runtime(seed=1)),
        lambda job: replace(job, init="lite"),
    ],
    ids=["rate", "loss", "augmentation", "data", "seed", "initial weights"],
)
def test_another_training_is_refused(stopped: TrainingJob, change: Callable[[TrainingJob], TrainingJob]) -> None:
    changed = change(stopped)
    with pytest.raises(WeightsError, match="is the state of another training"):
        train_saliency(changed)


def test_the_same_training_continues(stopped: TrainingJob) -> None:
    assert train_saliency(stopped)["S"] > 0
    assert stopped.output.exists()
    assert not stopped.output.with_suffix(".state").exists()
