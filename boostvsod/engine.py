"""The method: mine trustworthy frames, take their maps as truth, learn this one video, predict it all.

    video -> target's maps, motion maps -> mined frames -> learner -> maps of every frame

`boost_piece` is the whole of it. The papers' methods are recipes over it: they differ in the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from boostvsod.boosting import gate
from boostvsod.boosting.finetune import Learner
from boostvsod.boosting.parts import Parts
from boostvsod.boosting.plan import Plan, find_recipe
from boostvsod.boosting.propagate import Propagation
from boostvsod.boosting.record import make_record, result_of
from boostvsod.boosting.store import Make, Store
from boostvsod.boosting.warnings import collect
from boostvsod.kinds import Decision, Evidence, Map, Maps, Mined, Outcome, Progress, Result, Verdict, quiet
from boostvsod.media.video import Piece, Video
from boostvsod.recipe import Recipe
from boostvsod.runtime import decide

LEARNERS: dict[str, Callable[..., Make]] = {"fine-tune": Learner, "propagate": Propagation}
BATCH = 8  # frames a stage computes between two looks at the folder


def boost(
    video: Any,
    target: Any = "lite",
    recipe: str | Recipe = "default",
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
    """Boost `target`'s maps of `video`; everything is kept in the folder `out` (default: runs/NAME).

    `video` is a path, a list of picture paths or an array T H W 3; `target` a name as on the command
    line, or an object with `predict`; `settings` are strings like "train.lr=1e-5". The same call again
    reads what stands in `out` instead of computing it.
    """
    runtime = decide(device, precision, seed, threads)
    plan = Plan(Video.open(video), target, find_recipe(recipe, settings), runtime, bits)
    store = Store(Path(out or Path("runs") / plan.video.name), plan.keys, progress)
    if overwrite:
        store.clear()
    elif store.record().get("key") == plan.key:
        return result_of(store, store.record(), reused=True)
    return run(plan, store)


def run(plan: Plan, store: Store) -> Result:
    """Carry a plan out: every piece of the video by itself, then publish."""
    with collect() as notes, store.writing():
        plan.runtime.apply()
        store.index(plan.video)
        parts = Parts(plan)
        pieces = plan.video.pieces(plan.recipe.buffer)
        outcomes = [boost_piece(piece, parts, store) for piece in pieces]
        record = make_record(plan, parts, store, outcomes, notes)
        store.publish(plan.video.names, plan.bits, record)
    return result_of(store, record)


def boost_piece(piece: Piece, parts: Parts, store: Store) -> Outcome:
    """The method, for frames that are adapted to together."""
    maps = store.load_or_compute("target", piece, parts.target.batch, parts.predict)
    if why := reason_to_skip(piece, parts.recipe):
        return use_baseline(piece, store, maps, why)
    motion = store.load_or_compute("motion", piece, BATCH, parts.move)
    with store.timed("mine"):
        mining = parts.miner.mine(Evidence(piece, maps, motion, store.features("motion", piece)))
    if not mining.mined:
        return use_baseline(piece, store, maps, "no frame was trusted enough to learn from", mining.verdicts)
    truths: Sequence[Mined] = mining.mined
    if parts.densifier:
        with store.timed("fill"):
            truths = parts.densifier.fill(piece, truths, parts.flow)
    learner = LEARNERS[parts.recipe.learner](piece, truths, parts, store)
    learnt = store.load_or_compute("student", piece, BATCH, learner)

    def fuse(piece: Piece, numbers: Sequence[int]) -> list[Map]:
        return [parts.fuse(piece[i], maps[i], motion[i], learnt[i]) for i in numbers]

    why = f"learnt from {len(mining.mined)} of {len(piece)} frames"
    if len(truths) > len(mining.mined):
        why += f", and {len(truths) - len(mining.mined)} filled in between"
    if parts.recipe.gate == "off":
        store.load_or_compute("final", piece, BATCH, fuse)
        return Outcome(Decision(piece.start, piece.stop, "boosted", why), mining.verdicts)
    fused = store.load_or_compute("fused", piece, BATCH, fuse)
    return Outcome(pass_gate(piece, store, maps, fused, motion, why), mining.verdicts)


def pass_gate(piece: Piece, store: Store, maps: Maps, fused: Maps, motion: Maps, why: str) -> Decision:
    """The final maps are the fused ones, the target's own, or their mean: whatever is probably best."""
    with store.timed("gate"):
        features = gate.features_of(maps, fused, motion)
    kept, because = gate.judge(gate.expected_gain(features))
    store.load_or_compute(
        "final", piece, BATCH, lambda _, numbers: [gate.chosen(kept, maps[i], fused[i]) for i in numbers]
    )
    return Decision(piece.start, piece.stop, kept, f"{why}; {because}", features)


def reason_to_skip(piece: Piece, recipe: Recipe) -> str:
    """Why nothing can be learnt from this piece; empty if something can."""
    if not recipe.miner:
        return "the recipe is the target alone"
    if piece.partner(0) is None:
        return "motion needs two frames, and this shot has one"
    return ""


def use_baseline(piece: Piece, store: Store, maps: Maps, why: str, verdicts: tuple[Verdict, ...] = ()) -> Outcome:
    """The target's own maps are the final ones."""
    store.load_or_compute("final", piece, BATCH, lambda _, numbers: [maps[i] for i in numbers])
    return Outcome(Decision(piece.start, piece.stop, "baseline", why), verdicts)
