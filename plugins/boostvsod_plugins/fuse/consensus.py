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
    """What all see, the geometric mean, is sure; what the student and the closer look see is whole.

    Half of the one and a quarter of each of the others, then more contrast. Unlike the papers' products it
    keeps what stands still.
    """

    def __init__(self, look: CloserLook, contrast: float) -> None:
        self.look, self.contrast = look, contrast

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        from boostvsod_plugins.opinions import consensus

        return consensus([target, motion, student])

    def fuse_picture(self, rgb: Rgb, target: Map, motion: Map, student: Map) -> Map:
        import numpy as np

        from boostvsod.media.maps import stretched
        from boostvsod_plugins.opinions import consensus, sharpened

        maps = [target, motion, student]
        closer = self.look(rgb, consensus(maps), keep=True)  # a box in the wrong place must not cut the object
        mixed = consensus([*maps, closer]) / 2 + stretched(student) / 4 + stretched(closer) / 4
        return sharpened(stretched(np.asarray(mixed, np.float32)), self.contrast)


def build(
    runtime: Runtime, student: str = "lite", weights: str = "lite", margin: float = 0.25, contrast: float = 1.5
) -> Fuser:
    """`student`, `weights`: who looks closer; `margin` of that look; `contrast`: 1 leaves the map as it is."""
    from boostvsod import registry
    from boostvsod_plugins.opinions import CloserLook

    looker = registry.build("students", student, runtime, weights=weights)
    return Consensus(CloserLook([looker], margin, runtime), contrast)


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("consensus", "what all see together, after a closer look", build)]
