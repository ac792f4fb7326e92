"""The fuser motion: the final map is the motion map. It shows how good the motion maps are (NR, Table I)."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map
from boostvsod.offer import Offer


class MotionAlone:
    """A fuser that ignores the maps of the target and the student."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        return motion


def build() -> Fuser:
    return MotionAlone()


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("motion", "the motion map alone", build)]
