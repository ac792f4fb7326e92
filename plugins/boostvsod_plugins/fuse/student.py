"""The fuser student: the final map is the student's map, as in MQP and LIM."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map
from boostvsod.offer import Offer


class StudentAlone:
    """A fuser that ignores the maps of the target and the motion."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        return student


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("student", "the student's map alone (MQP, LIM)", StudentAlone)]
