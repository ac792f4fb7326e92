"""Every target runs under every recipe, and every trainable target learns at any size and has a twin that equals it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import OF_FILES, call, published_options, sets, write_maps, write_pictures

from boostvsod import build, offers
from boostvsod.kinds import Frame, Student, Trainable, Window
from boostvsod.media.synthetic import make_clip
from boostvsod.recipe import TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.training.loop import Batch, fit
from boostvsod.training.students import predict, predict_windows

RUNTIME = Runtime()
SIZE = 100  # a multiple neither of 32 nor of 16
TARGETS = [name for name in offers("targets") if name not in ("maps", *OF_FILES)]
TRAINABLE = ["lite", *(name for name, offer in offers("targets").items() if offer.card and offer.card.trainable)]
JUDGES = [name for name in offers("students") if name.startswith("judge-")]
QUICK = ("lite", "u2netp")
MEANS = ("dss", "ras", "radf")  # their final map is a mean of outputs, or stretched
LEARNS = {"nr": ["nr.threshold=1.1"], "mqpm": ["mqpm.threshold=0.0"]}  # every frame is mined
BRIEF = [f"train.size={SIZE}", "train.epochs=1", "train.batch=1", "recipe.most_steps=1"]
FEW_ROUNDS = {"longterm": ["longterm.epochs=1", "longterm.iterations=1"]}


def options_of(name: str) -> dict[str, Any]:
    card = offers("targets")[name].card
    return published_options(name) if card else {}


def marked(*names: str) -> list[Any]:
    """All trainable targets. The tests of all but these are slow."""
    return [pytest.param(n, marks=[] if n in names else pytest.mark.slow) for n in TRAINABLE]


def learnt(student: Student, size: int) -> list[float]:
    """The losses of one step on a random batch of this size."""
    shape = (1, student.window) if student.window > 1 else (1,)

    def draw(step: int, generator: torch.Generator) -> Batch:
        truth = torch.zeros(student.window, 1, size, size)
        truth[..., size // 4 : size // 2] = 1
        return torch.rand(*shape, 3, size, size, generator=generator), truth, torch.ones_like(truth)

    options = TrainOptions(optimizer="sgd", lr=1e-4, batch=1, clip=0.5, loss="euclidean")
    return fit(student, draw, 1, options, RUNTIME)


def weights_of(student: Student) -> torch.Tensor:
    return torch.cat([w.detach().flatten() for w in student.net.parameters() if w.requires_grad])


@pytest.mark.parametrize("name", marked(*QUICK))
def test_a_target_learns_at_any_size(name: str) -> None:
    target: Any = build("targets", name, RUNTIME, **options_of(name))
    assert isinstance(target, Trainable)
    student = target.twin()
    before = weights_of(student)
    assert np.isfinite(learnt(student, SIZE)).all()
    assert not torch.equal(weights_of(student), before)
    rgb = make_clip(student.window, 70, 90).frames
    student.size = SIZE
    if student.window == 1:
        (saliency,) = predict(student, [rgb[0]], RUNTIME)
    else:
        (saliency,) = predict_windows(student, [window_of(rgb)], RUNTIME)
    assert saliency.shape == (70, 90)


def window_of(rgb: np.ndarray) -> Window:
    return Window(tuple(Frame.of(one, i) for i, one in enumerate(rgb)), (len(rgb) - 1) // 2)


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_learns_at_any_size(name: str) -> None:
    student: Student = build("students", name, RUNTIME, **({} if name == "judge-lite" else {"weights": "none"}))
    before = weights_of(student)
    assert np.isfinite(learnt(student, SIZE)).all()
    assert not torch.equal(weights_of(student), before)


@pytest.mark.parametrize("name", [n for n in marked(*QUICK, *MEANS) if n.values[0] != "pcsa"])  # pcsa sees wide frames
def test_a_twin_has_the_maps_of_its_target(name: str) -> None:
    torch.manual_seed(0)
    target: Any = build("targets", name, RUNTIME, **options_of(name))
    if name != "lite":  # random networks have flat maps: make them uneven
        for parameter in target.student.net.parameters():
            if parameter.ndim > 1 and parameter.requires_grad:
                parameter.data *= 1.3
    twin = target.twin()
    side = target.size if name == "lite" else 128
    twin.size = side
    window = window_of(make_clip(twin.window, side, side).frames)
    form = getattr(target, "form", None)
    if form is not None and form.size is not None:
        target.form = form.at(side)
    (own,) = target.predict([window])
    if twin.window == 1:
        (of_twin,) = predict(twin, [window.frame.rgb], RUNTIME)
    else:
        (of_twin,) = predict_windows(twin, [window], RUNTIME)
    assert own.std() > 0
    assert np.abs(own - of_twin).max() < 2e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TARGETS, "maps"])
def test_every_recipe_boosts_a_target(name: str, tmp_path: Path) -> None:
    """The recipes run in one folder, so that the target's maps are computed once."""
    clip = make_clip(3, 64, 80)
    frames = write_pictures(tmp_path / "walk", clip.frames)
    target = f"maps:{write_maps(tmp_path / 'own', clip.truth)}" if name == "maps" else name
    options = [] if name == "maps" else [f"target.{key}={value}" for key, value in options_of(name).items()]
    for recipe in offers("recipes"):
        learning = [] if recipe == "none" else [*BRIEF, *LEARNS.get(recipe, []), *FEW_ROUNDS.get(recipe, [])]
        words = ["--recipe", recipe, *sets((*options, *learning)), "-o", tmp_path / "o"]
        done = call("run", frames, "--target", target, *words)
        assert done.exit_code == 0, done.output
        assert len(list((tmp_path / "o" / "maps").iterdir())) == 3
        record = json.loads((tmp_path / "o" / "run.json").read_text())
        if recipe in LEARNS:
            assert "learnt from" in record["decisions"][0]["why"], record["decisions"]
