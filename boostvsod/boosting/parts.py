"""The plugins of one run: built, and what they return, checked."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property

from boostvsod import registry, targets
from boostvsod.boosting.motion_views import MotionViews
from boostvsod.boosting.plan import Plan
from boostvsod.errors import PluginError
from boostvsod.flow.tools import at_scale, check_flow, estimate_many
from boostvsod.kinds import (
    Densifier,
    Flow,
    FlowBackend,
    Frame,
    Fuser,
    FusesPictures,
    Judged,
    Map,
    Miner,
    MotionSaliency,
    Student,
    Target,
    Trainable,
)
from boostvsod.media.maps import check_map
from boostvsod.media.video import Piece


class Parts:
    """The plugins of one run, built, and what they return, checked."""

    def __init__(self, plan: Plan) -> None:
        recipe, runtime = plan.recipe, plan.runtime
        self.recipe, self.runtime = recipe, runtime
        self.target_name = str(plan.target) if isinstance(plan.target, str) else type(plan.target).__name__
        if recipe.miner:  # the cheapest parts first: a misspelt option is told at once
            self.miner: Miner = registry.build("miners", recipe.miner, runtime, **recipe.of(recipe.miner))
            self.fuser: Fuser = registry.build("fusers", recipe.fuser, runtime, **recipe.of(recipe.fuser))
            self.densifier: Densifier | None = self._densifier()
            flow = registry.build("flows", recipe.flow, runtime, **recipe.of(recipe.flow))
            self.flow: FlowBackend = at_scale(flow, recipe.flow_scale)
            self.motion: MotionSaliency = registry.build("motion", recipe.motion, runtime, **recipe.of(recipe.motion))
            self.motion_views = MotionViews(self.motion, recipe.motion_views, f"motion {recipe.motion}")
        self.target: Target = targets.open_target(plan.target, runtime, recipe.of("target"))
        targets.prepare(self.target, plan.video.name, plan.video.names)

    def _densifier(self) -> Densifier | None:
        name = self.recipe.densifier
        return registry.build("densifiers", name, self.runtime, **self.recipe.of(name)) if name else None

    @cached_property
    def _student(self) -> Student:
        recipe = self.recipe
        self.runtime.apply()  # random weights, where there are any, must not hang on what was drawn before
        if recipe.student == "twin" and isinstance(self.target, Trainable):
            return self.target.twin()
        name = recipe.stand_in if recipe.student == "twin" else recipe.student
        return registry.build("students", name, self.runtime, **recipe.of(name))

    def weights(self) -> dict[str, str]:
        """Where the weights of the networks that were used came from, as far as they say."""
        students = {part: getattr(getattr(self, part, None), "student", None) for part in ("target", "motion")}
        students["student"] = vars(self).get("_student")  # only if one was needed
        return {part: student.origin for part, student in students.items() if isinstance(student, Student)}

    def fresh_student(self) -> Student:
        """A student as it was before any video: nothing is carried from one piece to the next."""
        return copy.deepcopy(self._student)

    def predict(self, piece: Piece, numbers: Sequence[int]) -> list[Map]:
        """The target's maps of some frames of a piece."""
        windows = [piece.window(i, self.target.window) for i in numbers]
        maps = list(self.target.predict(windows))
        if len(maps) != len(windows):
            raise PluginError(f"target {self.target_name}: {len(maps)} maps came back for {len(windows)} frames")
        who = f"target {self.target_name}"
        return [check_map(m, w.frame.rgb.shape[:2], who, w.frame.name) for m, w in zip(maps, windows, strict=True)]

    def move(self, piece: Piece, numbers: Sequence[int]) -> list[Map | Judged]:
        """The motion saliency of some frames of a piece, judged if its maker can."""
        pairs = [self.motion_views.pairs(piece, i) for i in numbers]
        flows = iter(self._flows([pair for of in pairs for pair in of]))
        return [self.motion_views.see(of, [next(flows) for _ in of]) for of in pairs]

    def _flows(self, pairs: Sequence[tuple[Frame, Frame]]) -> list[Flow]:
        who, flows = f"flow {self.recipe.flow}", estimate_many(self.flow, pairs)
        if len(flows) != len(pairs):
            raise PluginError(f"{who}: {len(flows)} flows came back for {len(pairs)} pairs")
        return [check_flow(flow, a.rgb.shape[:2], who) for flow, (a, _) in zip(flows, pairs, strict=True)]

    def fuse(self, frame: Frame, target: Map, motion: Map, student: Map) -> Map:
        """What is made of a frame's maps."""
        if isinstance(self.fuser, FusesPictures):
            fused = self.fuser.fuse_picture(frame.rgb, target, motion, student)
        else:
            fused = self.fuser.fuse(target, motion, student)
        return check_map(fused, target.shape, f"fuser {self.recipe.fuser}", frame.name)
