"""The method: mine trustworthy frames, take their maps as truth, learn this one video, predict every frame.

    video -> target's maps, motion maps -> mined frames -> learner -> maps of every frame

`boost_piece` is the whole method. The published methods are recipes over it: they differ in the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from boostvsod.boosting import gate
from boostvsod.boosting.corrections import (
    BY_HAND,
    Corrections,
    mixed,
    repeated_and_carried,
    thorough,
    with_corrections,
)
from boostvsod.boosting.filmstrip import shown
from boostvsod.boosting.finetune import FineTuning
from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.outputs import check_same_video
from boostvsod.boosting.own_truth import OwnTruth
from boostvsod.boosting.parts import Learning, Parts
from boostvsod.boosting.plan import Plan, find_recipe
from boostvsod.boosting.progress import reporting
from boostvsod.boosting.propagate import Propagation
from boostvsod.boosting.publish import is_published, publish
from boostvsod.boosting.record import make_record, result_of
from boostvsod.boosting.store import Store
from boostvsod.boosting.warnings import collect
from boostvsod.errors import ConfigError
from boostvsod.kinds import Decision, Evidence, Map, Maps, Mined, Outcome, Progress, Result, Verdict
from boostvsod.media.video import Piece, Video, VideoInput
from boostvsod.recipe import DEFAULT_RECIPE, DEFAULT_TARGET, Recipe
from boostvsod.runtime import decide
from boostvsod.targets import TargetInput, TargetSpec
from boostvsod.workers import return_memory

BATCH = 4  # frames that a stage computes before it writes their maps; more need more memory and are not faster


class Learner(Protocol):
    """What learns a piece from its mined frames, and then predicts all of its frames."""

    def fit(self, truths: Sequence[Mined]) -> None: ...
    def predict(self, piece: Piece, numbers: Sequence[int]) -> list[Map]: ...


LEARNERS: dict[str, Callable[[Piece, Learning, Store], Learner]] = {
    "fine-tune": FineTuning,
    "propagate": Propagation,
    "truth": OwnTruth,
}


def boost(
    video: VideoInput,
    target: TargetInput = DEFAULT_TARGET,
    recipe: str | Recipe = DEFAULT_RECIPE,
    out: str | Path | None = None,
    *,
    settings: Iterable[str] = (),
    device: str = "cpu",
    precision: str = "auto",
    threads: int | None = None,
    seed: int = 0,
    bits: int = 8,
    overwrite: bool = False,
    masks: Mapping[int, NDArray[Any]] | None = None,
    progress: Progress | bool = False,
) -> Result:
    """Boost `target`'s maps of `video`; all results are written to the folder `out` (default: runs/NAME).

    `video` is a path, a list of picture paths or an array T H W 3; `target` a name as on the command
    line, or an object with `predict`; `settings` are strings like "train.lr=1e-5". `masks` are corrected
    masks: number of the frame -> H x W booleans, bytes or floats in [0, 1]. `progress=True` shows the progress
    on standard error, also in a notebook; a function is called with stage, steps done and steps in total. The
    same call again reads the results in `out` and computes nothing.
    """
    runtime, corrections = decide(device, precision, seed, threads), Corrections.of(masks or {})
    chosen = find_recipe(recipe, settings)
    plan = Plan(Video.open(video), TargetSpec.parse(target), chosen, runtime, bits, corrections)
    if corrections.masks and not chosen.miner:
        raise ConfigError(f"the recipe {chosen.name!r} learns nothing, so masks of frames cannot help it")
    folder = RunFolder(Path(out or Path("runs") / plan.video.name))
    if out is None and not overwrite:
        check_same_video(folder.root, plan.video)
    record = folder.record()
    if not overwrite and record.get("key") == plan.key and is_published(folder, record):
        return shown(result_of(folder, record, reused=True))
    with reporting(progress, plan.video.name) as report:
        return run(plan, Store(folder, plan.keys, report), afresh=overwrite)


def run(plan: Plan, store: Store, *, afresh: bool = False) -> Result:
    """Carry out a plan: every piece of the video by itself, then publish. `afresh` computes every stage again."""
    with collect() as notes, store.writing():
        plan.runtime.apply()
        store.index(plan.video)
        plan.corrections.check(plan.video)
        parts = Parts.build(plan)
        if afresh:
            store.folder.clear_stages()
        pieces = plan.video.pieces(plan.recipe.buffer)
        outcomes = []
        for piece in pieces:
            outcomes.append(boost_or_reuse(piece, plan, parts, store))
            return_memory()
        record = publish(store, plan.video.names, plan.bits, make_record(plan, parts, store, outcomes, notes))
    return shown(result_of(store.folder, record))


def boost_or_reuse(piece: Piece, plan: Plan, parts: Parts, store: Store) -> Outcome:
    """Boost a piece. If only other pieces were corrected, its maps are those of a run without corrections."""
    if not plan.corrections.masks or plan.corrections.inside(piece):
        return boost_piece(piece, parts, store)
    before = Store(store.folder, plan.without_corrections.keys, store.progress, store.total, store.recent)
    before.clock = store.clock
    outcome = boost_piece(piece, parts, before)
    final = before.maps("final", piece)
    store.load_or_compute("final", piece, BATCH, lambda _, numbers: [final[i] for i in numbers])
    return outcome


def boost_piece(piece: Piece, parts: Parts, store: Store) -> Outcome:
    """The method, for frames that one learner sees."""
    target, learning, mapper = parts.target, parts.learning, parts.runtime.mapper
    maps = store.load_or_compute("target", piece, target.batch, parts.target_maps, mapper(target))
    if learning is None:
        return use_baseline(piece, store, "the recipe is the target alone")
    corrected = parts.corrections.inside(piece)
    if not can_move(piece):
        return use_unmoved(piece, store, maps, corrected)

    moving = mapper(learning.flow, learning.motion.saliency)
    motion = store.load_or_compute("motion", piece, BATCH, learning.motion_maps, moving)
    store.progress("mine", piece.start, store.total)
    with store.clock.timed("mine"):
        mining = learning.mine(Evidence(piece, maps, motion, store.features("motion", piece)))
        mining = with_corrections(mining, corrected)
    store.clock.add(learning.steps_of_mining())
    store.progress("mine", piece.stop, store.total)
    if not mining.mined:
        return use_baseline(piece, store, "no frame was trusted enough to learn from", mining.verdicts)
    truths = densify(piece, mining.mined, learning, store)
    why = learnt_from(piece, mining.mined, truths)
    if corrected:
        with store.clock.timed("fill"):
            truths = repeated_and_carried(piece, truths, corrected, learning.flow)
        learning = replace(learning, recipe=thorough(learning.recipe))

    learner = LEARNERS[learning.recipe.learner](piece, learning, store)
    if not store.has("student", piece):
        with store.learning():
            learner.fit(truths)
    student = store.load_or_compute("student", piece, BATCH, learner.predict, mapper(learner))

    if corrected:
        return Outcome(use_corrected(piece, learning, store, maps, motion, student, corrected, why), mining.verdicts)
    return Outcome(choose(piece, learning, store, maps, motion, student, why), mining.verdicts)


def can_move(piece: Piece) -> bool:
    """Whether the piece has two frames of one shot: motion is seen between two."""
    return piece.partner(0) is not None


def densify(piece: Piece, mined: Sequence[Mined], learning: Learning, store: Store) -> Sequence[Mined]:
    """The mined frames, and frames between them if the recipe fills them in."""
    if learning.densifier is None:
        return mined
    with store.clock.timed("fill"):
        return learning.fill(piece, mined)


def learnt_from(piece: Piece, mined: Sequence[Mined], truths: Sequence[Mined]) -> str:
    """How many frames were learnt from, in words."""
    filled = len(truths) - len(mined)
    why = f"learnt from {len(mined)} of {len(piece)} frames"
    return f"{why}, and {filled} filled in between" if filled > 0 else why


def choose(
    piece: Piece, learning: Learning, store: Store, maps: Maps, motion: Maps, student: Maps, why: str
) -> Decision:
    """The final maps are the fused ones; with the gate they may be the target's own."""

    def fuse(piece: Piece, numbers: Sequence[int]) -> list[Map]:
        return [learning.fuse(piece[i], maps[i], motion[i], student[i]) for i in numbers]

    mapper = learning.runtime.mapper(learning.fuser)
    if learning.recipe.gate == "off":
        store.load_or_compute("final", piece, BATCH, fuse, mapper)
        return Decision(piece.start, piece.stop, "boosted", why)

    fused = store.load_or_compute("fused", piece, BATCH, fuse, mapper)
    with store.clock.timed("gate"):
        features = gate.features_of(maps, fused, learning.own_motion(piece, gate.FLOW_SIDE))
    choice, reason = gate.decide(features, learning.recipe.risk)
    store.copy("fused" if choice == "boosted" else "target", "final", piece)
    return Decision(piece.start, piece.stop, choice, f"{why}; {reason}", features)


def use_corrected(
    piece: Piece,
    learning: Learning,
    store: Store,
    maps: Maps,
    motion: Maps,
    student: Maps,
    corrected: Mapping[int, Map],
    why: str,
) -> Decision:
    """The final maps of a corrected piece: the masks, and mixtures in which the student counts more than the target."""

    def final(i: int) -> Map:
        if i in corrected:
            return corrected[i]
        fused, without_target = (learning.fuse(piece[i], own, motion[i], student[i]) for own in (maps[i], student[i]))
        return mixed(student[i], fused, without_target)

    store.load_or_compute("final", piece, BATCH, lambda _, numbers: [final(i) for i in numbers])
    return Decision(piece.start, piece.stop, "boosted", f"{why}, {len(corrected)} of them {BY_HAND}")


def use_unmoved(piece: Piece, store: Store, maps: Maps, corrected: Mapping[int, Map]) -> Outcome:
    """The target's own maps become the final ones, except in corrected frames."""
    store.load_or_compute("final", piece, BATCH, lambda _, numbers: [corrected.get(i, maps[i]) for i in numbers])
    return Outcome(Decision(piece.start, piece.stop, "baseline", "motion needs two frames, and this shot has one"))


def use_baseline(piece: Piece, store: Store, why: str, verdicts: tuple[Verdict, ...] = ()) -> Outcome:
    """The target's own maps become the final ones."""
    store.copy("target", "final", piece)
    return Outcome(Decision(piece.start, piece.stop, "baseline", why), verdicts)
