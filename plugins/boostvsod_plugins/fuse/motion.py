"""The motion map alone: to see what the flow and its saliency are worth (NR, Table I)."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map
from boostvsod.offer import Offer


class MotionAlone:
    """Neither the target's map nor the student's counts."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        return motion


def build() -> Fuser:
    return MotionAlone()


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("motion", "the motion map alone", build)]
