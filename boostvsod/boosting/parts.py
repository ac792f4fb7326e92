"""The plugins of one run: built once, and everything they return is checked."""

from __future__ import annotations

import copy
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from boostvsod import registry, targets
from boostvsod.boosting.corrections import Corrections
from boostvsod.boosting.motion_views import MotionViews
from boostvsod.boosting.plan import Plan
from boostvsod.errors import PluginError
from boostvsod.errors.user_code import user_code
from boostvsod.flow.camera import own_motion
from boostvsod.flow.tools import AtScale, at_scale, check_flow, estimate_many, scaled_frame, shrunk_frame
from boostvsod.kinds import (
    Densifier,
    Evidence,
    Flow,
    FlowBackend,
    Frame,
    Fuser,
    FusesPictures,
    Judged,
    Map,
    Mined,
    Miner,
    Mining,
    MotionSaliency,
    Student,
    Target,
    TimesSteps,
    Trainable,
)
from boostvsod.media.maps import check_map
from boostvsod.media.video import Piece
from boostvsod.recipe import Recipe
from boostvsod.registry import TWIN
from boostvsod.runtime import Runtime


@dataclass
class Parts:
    """The target, and what learns from its maps: nothing if the recipe is the target alone."""

    target: Target
    target_name: str
    learning: Learning | None
    runtime: Runtime
    corrections: Corrections = field(default_factory=Corrections)

    @classmethod
    def build(cls, plan: Plan) -> Parts:
        """All plugins of a plan. The cheapest come first: a misspelt option is reported at once."""
        recipe, runtime = plan.recipe, plan.runtime
        learning = Learning.build(recipe, runtime) if recipe.miner else None
        target = plan.target.build(runtime, recipe.of("target"))
        targets.prepare(target, plan.video.name, plan.video.names)
        if learning is not None and recipe.student == TWIN and isinstance(target, Trainable):
            learning.trainable = target
        return cls(target, str(plan.target), learning, runtime, plan.corrections)

    def target_maps(self, piece: Piece, numbers: Sequence[int]) -> list[Map]:
        """The target's maps of some frames of a piece."""
        who, windows = f"target {self.target_name}", [piece.window(i, self.target.window) for i in numbers]
        return targets.predict_windows(self.target, windows, who)

    def weights(self) -> dict[str, str]:
        """Part -> where the weights of its network came from. Parts without a network are left out."""
        learning = self.learning
        students = {"target": student_of(self.target)}
        if learning is not None:
            students |= {"motion": student_of(learning.motion.saliency), "student": learning.initial_student}
        return {part: student.origin for part, student in students.items() if student is not None}


@dataclass
class Learning:
    """The plugins that find frames to learn from, learn, and fuse."""

    recipe: Recipe
    runtime: Runtime
    miner: Miner
    fuser: Fuser
    densifier: Densifier | None
    flow: FlowBackend
    small_flow: FlowBackend  # for small pictures: the same backend, without the recipe's scale
    motion: MotionViews
    trainable: Trainable | None = None  # the target, if it is to learn itself
    evidence: Evidence | None = field(default=None, repr=False)  # of the piece that was mined last
    initial_student: Student | None = field(default=None, repr=False)  # before any video; built when first needed

    @classmethod
    def build(cls, recipe: Recipe, runtime: Runtime) -> Learning:
        miner: Miner = registry.build("miners", recipe.miner, runtime, **recipe.of(recipe.miner))
        fuser: Fuser = registry.build("fusers", recipe.fuser, runtime, **recipe.of(recipe.fuser))
        filler, densifier = recipe.densifier, None
        if filler:
            densifier = registry.build("densifiers", filler, runtime, **recipe.of(filler))
        flow = registry.build("flows", recipe.flow, runtime, **recipe.of(recipe.flow))
        motion: MotionSaliency = registry.build("motion", recipe.motion, runtime, **recipe.of(recipe.motion))
        views = MotionViews(motion, recipe.motion_views, f"motion {recipe.motion}", recipe.motion_sure)
        return cls(recipe, runtime, miner, fuser, densifier, at_scale(flow, recipe.flow_scale), flow, views)

    def fresh_student(self) -> Student:
        """A copy of the student as it was before any video: nothing is carried from one piece to the next."""
        if self.initial_student is None:
            self.initial_student = self._build_student()
        return copy.deepcopy(self.initial_student)

    def _build_student(self) -> Student:
        recipe = self.recipe
        self.runtime.apply()  # random weights must not depend on what was drawn before
        if self.trainable is not None:
            with user_code(f"target {type(self.trainable).__name__}"):
                return self.trainable.twin()
        name = recipe.stand_in if recipe.student == TWIN else recipe.student
        return registry.build("students", name, self.runtime, **recipe.of(name))

    def mine(self, evidence: Evidence) -> Mining:
        """The frames of a piece to learn from, and a verdict on every frame."""
        self.evidence = evidence
        with user_code(f"miner {self.recipe.miner}"):
            return self.miner.mine(evidence)

    def steps_of_mining(self) -> dict[str, float]:
        """The seconds of each step of mining the last piece, if the miner measures them."""
        seconds = self.miner.seconds if isinstance(self.miner, TimesSteps) else {}
        return {f"mine: {step}": spent for step, spent in seconds.items()}

    def fill(self, piece: Piece, mined: Sequence[Mined]) -> Sequence[Mined]:
        """The mined frames, and frames between them if the recipe fills them in."""
        if self.densifier is None:
            return mined
        with user_code(f"densifier {self.recipe.densifier}"):
            return self.densifier.fill(piece, mined, self.flow)

    def motion_maps(self, piece: Piece, numbers: Sequence[int]) -> list[Map | Judged]:
        """The motion saliency of some frames of a piece, judged if its maker can judge."""
        return self.motion.maps([self.motion.pairs(piece, i) for i in numbers], self.seen_flows)

    def seen_flows(self, pairs: Sequence[tuple[Frame, Frame]]) -> list[Flow]:
        """The flow that the motion saliency sees. If it takes flow of any size, scaled flow is not scaled back."""
        if not (isinstance(self.flow, AtScale) and self.motion.any_flow_size):
            return self.flows(pairs)
        scale = self.flow.scale
        return self.flows([(scaled_frame(a, scale), scaled_frame(b, scale)) for a, b in pairs], self.small_flow)

    def own_motion(self, piece: Piece, side: int) -> Generator[Map]:
        """For each frame a map of what does not move with the camera. Pictures for flow have this longer side."""

        def of_frame(i: int) -> Map:
            a, b = (shrunk_frame(frame, side) for frame in (piece[i], *piece.partners(i, 1)))
            return own_motion(self.flows([(a, b)], self.small_flow)[0])

        return self.runtime.mapper(self.small_flow)(of_frame, range(len(piece)))

    def flows(self, pairs: Sequence[tuple[Frame, Frame]], backend: FlowBackend | None = None) -> list[Flow]:
        """The flow of each pair, checked; by another backend than the recipe's if one is given."""
        who = f"flow {self.recipe.flow}"
        with user_code(who, *(a.name for a, _ in pairs)):
            flows = estimate_many(backend or self.flow, pairs)
        if len(flows) != len(pairs):
            raise PluginError(f"{who}: {len(flows)} flows came back for {len(pairs)} pairs")
        return [check_flow(flow, a.rgb.shape[:2], who) for flow, (a, _) in zip(flows, pairs, strict=True)]

    def fuse(self, frame: Frame, target: Map, motion: Map, student: Map) -> Map:
        """The fused map of a frame."""
        who = f"fuser {self.recipe.fuser}"
        with user_code(who, frame.name):
            if isinstance(self.fuser, FusesPictures):
                fused = self.fuser.fuse_picture(frame.rgb, target, motion, student)
            else:
                fused = self.fuser.fuse(target, motion, student)
        return check_map(fused, target.shape, who, frame.name)


def student_of(part: object) -> Student | None:
    """The network of a part that holds one as `student`."""
    student = getattr(part, "student", None)
    return student if isinstance(student, Student) else None
