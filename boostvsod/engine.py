"""The method: mine trustworthy frames, take their maps as truth, learn this one video, predict every frame.

    video -> target's maps, motion maps -> mined frames -> learner -> maps of every frame

`boost_piece` is the whole method. The published methods are recipes over it: they differ in the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from boostvsod.boosting import gate
from boostvsod.boosting.finetune import FineTuning
from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.outputs import check_same_video
from boostvsod.boosting.parts import Learning, Parts
from boostvsod.boosting.plan import Plan, find_recipe
from boostvsod.boosting.propagate import Propagation
from boostvsod.boosting.publish import is_published, publish
from boostvsod.boosting.record import make_record, result_of
from boostvsod.boosting.store import Store
from boostvsod.boosting.warnings import collect
from boostvsod.kinds import Decision, Evidence, Map, Maps, Mined, Outcome, Progress, Result, Verdict, quiet
from boostvsod.media.video import Piece, Video, VideoInput
from boostvsod.recipe import DEFAULT_RECIPE, DEFAULT_TARGET, Recipe
from boostvsod.runtime import decide
from boostvsod.targets import TargetInput, TargetSpec

BATCH = 8  # frames that a stage computes before it writes their maps


class Learner(Protocol):
    """What learns a piece from its mined frames, and then predicts all of its frames."""

    def fit(self, truths: Sequence[Mined]) -> None: ...
    def predict(self, piece: Piece, numbers: Sequence[int]) -> list[Map]: ...


LEARNERS: dict[str, Callable[[Piece, Learning, Store], Learner]] = {"fine-tune": FineTuning, "propagate": Propagation}


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
    progress: Progress = quiet,
) -> Result:
    """Boost `target`'s maps of `video`; all results are written to the folder `out` (default: runs/NAME).

    `video` is a path, a list of picture paths or an array T H W 3; `target` a name as on the command
    line, or an object with `predict`; `settings` are strings like "train.lr=1e-5". The same call again
    reads the results in `out` and computes nothing.
    """
    runtime = decide(device, precision, seed, threads)
    plan = Plan(Video.open(video), TargetSpec.parse(target), find_recipe(recipe, settings), runtime, bits)
    store = Store(RunFolder(Path(out or Path("runs") / plan.video.name)), plan.keys, progress)
    if out is None and not overwrite:
        check_same_video(store.folder.root, plan.video)
    record = store.folder.record()
    if not overwrite and record.get("key") == plan.key and is_published(store.folder, record):
        return result_of(store.folder, record, reused=True)
    return run(plan, store, afresh=overwrite)


def run(plan: Plan, store: Store, *, afresh: bool = False) -> Result:
    """Carry out a plan: every piece of the video by itself, then publish. `afresh` computes every stage again."""
    with collect() as notes, store.writing():
        plan.runtime.apply()
        store.index(plan.video)
        parts = Parts.build(plan)
        if afresh:
            store.folder.clear_stages()
        pieces = plan.video.pieces(plan.recipe.buffer)
        outcomes = [boost_piece(piece, parts, store) for piece in pieces]
        record = publish(store, plan.video.names, plan.bits, make_record(plan, parts, store, outcomes, notes))
    return result_of(store.folder, record)


def boost_piece(piece: Piece, parts: Parts, store: Store) -> Outcome:
    """The method, for frames that one learner sees."""
    maps = store.load_or_compute("target", piece, parts.target.batch, parts.target_maps)
    learning = parts.learning
    if learning is None:
        return use_baseline(piece, store, maps, "the recipe is the target alone")
    if not can_move(piece):
        return use_baseline(piece, store, maps, "motion needs two frames, and this shot has one")

    motion = store.load_or_compute("motion", piece, BATCH, learning.motion_maps)
    with store.clock.timed("mine"):
        mining = learning.mine(Evidence(piece, maps, motion, store.features("motion", piece)))
    if not mining.mined:
        return use_baseline(piece, store, maps, "no frame was trusted enough to learn from", mining.verdicts)
    truths = densify(piece, mining.mined, learning, store)

    learner = LEARNERS[learning.recipe.learner](piece, learning, store)
    if not store.has("student", piece):
        with store.learning():
            learner.fit(truths)
    student = store.load_or_compute("student", piece, BATCH, learner.predict)

    decision = choose(piece, learning, store, maps, motion, student, learnt_from(piece, mining.mined, truths))
    return Outcome(decision, mining.verdicts)


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

    if learning.recipe.gate == "off":
        store.load_or_compute("final", piece, BATCH, fuse)
        return Decision(piece.start, piece.stop, "boosted", why)

    fused = store.load_or_compute("fused", piece, BATCH, fuse)
    with store.clock.timed("gate"):
        features = gate.features_of(maps, fused, learning.own_motion(piece, gate.FLOW_SIDE))
    choice, reason = gate.decide(features)

    def final(_: Piece, numbers: Sequence[int]) -> list[Map]:
        return [gate.chosen(choice, maps[i], fused[i]) for i in numbers]

    store.load_or_compute("final", piece, BATCH, final)
    return Decision(piece.start, piece.stop, choice, f"{why}; {reason}", features)


def use_baseline(piece: Piece, store: Store, maps: Maps, why: str, verdicts: tuple[Verdict, ...] = ()) -> Outcome:
    """The target's own maps become the final ones."""
    store.load_or_compute("final", piece, BATCH, lambda _, numbers: [maps[i] for i in numbers])
    return Outcome(Decision(piece.start, piece.stop, "baseline", why), verdicts)
