"""Trials: one part of any kind is called on frames of 854 x 480, to say what came back and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from boostvsod import testing
from boostvsod.errors import PluginError
from boostvsod.errors.user_code import user_code
from boostvsod.flow.tools import check_flow
from boostvsod.kinds import (
    Densifier,
    Evidence,
    FlowBackend,
    Frame,
    Fuser,
    Layout,
    Map,
    Mined,
    Miner,
    MotionSaliency,
    Proposer,
    Student,
)
from boostvsod.media.maps import check_map
from boostvsod.media.synthetic import make_clip
from boostvsod.recipe import Recipe
from boostvsod.registry import Kind
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetInput, open_target, predict_windows, prepare

HEIGHT, WIDTH, FRAMES = 480, 854, 4
SECONDS, MOST = 1.0, 20  # a part is called again until so much time has passed, at most so many times


@dataclass(frozen=True)
class Trial:
    """What came back, in words, and the time of one frame in milliseconds; None if nothing was timed."""

    seen: str
    milliseconds: float | None


def examine(kind: Kind, build: Callable[[], Any], who: str, runtime: Runtime) -> Trial:
    """Build a part, check its contract and try it. A broken contract is a PluginError that says what was seen."""
    with user_code(who):
        part = build()
        try:
            testing.CHECKS[kind](lambda: part)
        except (AssertionError, PluginError) as error:
            if not str(error):
                raise  # an `assert` of the part itself: its line is named
            raise PluginError(f"{who} breaks its contract: {error}; wanted: {testing.WANTED[kind]}") from error
        return TRIALS[kind](part, runtime)


def _frames(count: int = FRAMES) -> list[Frame]:
    return [Frame.of(rgb, i) for i, rgb in enumerate(make_clip(count, HEIGHT, WIDTH).frames)]


def _truths(count: int = FRAMES) -> list[Map]:
    return [truth.astype(np.float32) * np.float32(0.9) for truth in make_clip(count, HEIGHT, WIDTH).truth]


def _timed(call: Callable[[], Any], frames: int) -> tuple[Any, float]:
    """What a call returns, and its shortest time divided by the number of frames, in milliseconds."""
    made, times = call(), list[float]()  # the first call, which may load things, is not timed
    while sum(times) < SECONDS and len(times) < MOST:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return made, 1000 * min(times) / frames


def _range(maps: Sequence[Map]) -> str:
    values = np.stack(maps)
    return f"from {values.min():.3g} to {values.max():.3g}, {values.mean():.3g} on average"


def try_target(made: TargetInput, runtime: Runtime) -> Trial:
    """A target on a clip."""
    target = open_target(made, runtime)
    windows = testing.windows_of(_frames(), target.window)
    prepare(target, "clip", [window.frame.name for window in windows])
    batch = min(target.batch, FRAMES)
    maps, spent = _timed(lambda: predict_windows(target, windows[:batch], "target"), batch)
    return Trial(f"maps {_range(maps)}; {target.window} frames a map, {target.batch} maps a call", spent)


def try_student(student: Student, runtime: Runtime) -> Trial:
    """A student as it predicts, at its own size."""
    from boostvsod.training.students import for_inference, predict, predict_windows

    ready, windows = for_inference(student, runtime), testing.windows_of(_frames(1), student.window)

    def call() -> Sequence[Map]:
        if student.window > 1:
            return predict_windows(ready, windows, runtime)
        return predict(ready, [window.frame.rgb for window in windows], runtime)

    maps, spent = _timed(call, 1)
    size = sum(parameter.numel() for parameter in student.net.parameters()) / 1e6
    return Trial(f"maps {_range(maps)}; {size:.2f} M parameters at {student.size} x {student.size}", spent)


def try_flow(flow: FlowBackend, runtime: Runtime) -> Trial:
    """A flow backend on two frames of a clip."""
    a, b = make_clip(20, HEIGHT, WIDTH).frames[:2]
    field, spent = _timed(lambda: check_flow(flow.estimate(Frame.of(a), Frame.of(b, 1)), (HEIGHT, WIDTH), "flow"), 1)
    speed = np.linalg.norm(field, axis=2)
    return Trial(f"motion from {speed.min():.3g} to {speed.max():.3g} pixels a frame", spent)


def try_motion(motion: MotionSaliency, runtime: Runtime) -> Trial:
    """Motion saliency of an object that moves."""
    frame, truth = _frames(1)[0], _truths(1)[0]
    flow = np.stack([4 * truth, -2 * truth], axis=2)
    found, spent = _timed(lambda: check_map(motion.saliency(frame.rgb, flow), truth.shape, "motion", frame.name), 1)
    inside = found[truth > 0].mean() - found[truth == 0].mean()
    return Trial(f"a map {_range([found])}; the moving object is brighter by {inside:.2f} than the rest", spent)


def try_miner(miner: Miner, runtime: Runtime) -> Trial:
    """A miner on a clip whose target and motion maps are right."""
    truths = _truths()
    evidence = Evidence(_frames(), truths, truths, [{"Q": 0.9}] * FRAMES)
    mining, spent = _timed(lambda: miner.mine(evidence), FRAMES)
    return Trial(f"{len(mining.mined)} of {FRAMES} frames mined; of the first: {mining.verdicts[0].why}", spent)


def try_proposer(proposer: Proposer, runtime: Runtime) -> Trial:
    """A proposer on a frame with one object."""
    frame, truth = _frames(1)[0], _truths(1)[0]
    boxes, spent = _timed(lambda: proposer.propose(frame.rgb, truth, truth, 5), 1)
    return Trial(f"{len(boxes)} boxes, 5 were requested", spent)


def try_densifier(densifier: Densifier, runtime: Runtime) -> Trial:
    """A densifier between the first and the last frame of a clip."""
    from boostvsod import registry

    flow, frames, truths = registry.build("flows", Recipe.flow, runtime), _frames(), _truths()
    mined = [Mined(i, truths[i], 1.0, "mined") for i in (0, FRAMES - 1)]
    filled, spent = _timed(lambda: densifier.fill(frames, mined, flow), FRAMES)
    return Trial(f"{len(filled) - 2} frames filled between 2 mined ones", spent)


def try_fuser(fuser: Fuser, runtime: Runtime) -> Trial:
    """A fuser of three maps that show the same object."""
    truth = _truths(1)[0]
    fused, spent = _timed(lambda: check_map(fuser.fuse(truth, truth, truth), truth.shape, "fuser", "0"), 1)
    return Trial(f"from three equal maps with values 0 and 0.9 a map {_range([fused])}", spent)


def try_recipe(recipe: Recipe, runtime: Runtime) -> Trial:
    """A recipe on a small clip, with the default target. The time includes building the parts."""
    from boostvsod.engine import boost

    frames = 8
    start = time.perf_counter()
    with TemporaryDirectory() as folder:
        decisions = boost(make_clip(frames).frames, recipe=recipe, out=folder, **asdict(runtime)).decisions
    spent = 1000 * (time.perf_counter() - start) / frames
    return Trial(f"on {frames} small frames: {decisions[0].choice}, {decisions[0].why}", spent)


def try_layout(layout: Layout, runtime: Runtime) -> Trial:
    """A layout only says where files are."""
    return Trial(f"pictures in {' or '.join(layout.pictures)}, masks in {' or '.join(layout.masks)}", None)


TRIALS: dict[Kind, Callable[[Any, Runtime], Trial]] = {
    "targets": try_target,
    "students": try_student,
    "flows": try_flow,
    "motion": try_motion,
    "miners": try_miner,
    "proposals": try_proposer,
    "densifiers": try_densifier,
    "fusers": try_fuser,
    "recipes": try_recipe,
    "datasets": try_layout,
}
