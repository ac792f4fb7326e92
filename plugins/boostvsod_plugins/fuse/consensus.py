"""What target, motion and student say together, after a closer look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map, Rgb
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod_plugins.opinions import CloserLook


class Consensus:
    """The geometric mean of all that see something. Unlike the papers' products it keeps what stands still."""

    def __init__(self, look: CloserLook) -> None:
        self.look = look

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        from boostvsod_plugins.opinions import consensus

        return consensus([target, motion, student])

    def fuse_picture(self, rgb: Rgb, target: Map, motion: Map, student: Map) -> Map:
        from boostvsod_plugins.opinions import consensus

        maps = [target, motion, student]
        return consensus([*maps, self.look(rgb, consensus(maps))])


def build(runtime: Runtime, student: str = "lite", weights: str = "lite", margin: float = 0.25) -> Fuser:
    """`student`, `weights`: who looks closer; `margin` of that look."""
    from boostvsod import registry
    from boostvsod_plugins.opinions import CloserLook

    looker = registry.build("students", student, runtime, weights=weights)
    return Consensus(CloserLook([looker], margin, runtime))


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("consensus", "what all see together, after a closer look", build)]
