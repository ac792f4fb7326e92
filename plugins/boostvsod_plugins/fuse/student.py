"""The student's map as it is: the final step of MQP and of LIM."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map
from boostvsod.offer import Offer


class StudentAlone:
    """What was learnt is the answer."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        return student


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("student", "the student's map alone (MQP, LIM)", StudentAlone)]
