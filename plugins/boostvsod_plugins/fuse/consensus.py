"""The fuser consensus: what target, motion and student have in common, refined by a closer look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map, Rgb
from boostvsod.offer import Offer, Range
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod_plugins.opinions import CloserLook


class Consensus:
    """A fuser that weighs three maps and increases the contrast of their sum.

    One half is the consensus of all maps with a closer look at the object. The other half is the consensus of the
    motion map and the closer look. Unlike with the products of the papers, an object that stands still is not lost.
    """

    concurrent = True

    def __init__(self, closer_look: CloserLook, contrast: float) -> None:
        self.closer_look, self.contrast = closer_look, contrast

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        from boostvsod_plugins.opinions import consensus

        return consensus([target, motion, student])

    def fuse_picture(self, rgb: Rgb, target: Map, motion: Map, student: Map) -> Map:
        import numpy as np

        from boostvsod.media.maps import stretched
        from boostvsod_plugins.opinions import consensus, object_of, sharpened

        maps = [target, motion, student]
        # outside the box the map of the object remains, so that a misplaced box does not cut off the object
        closer = self.closer_look(rgb, object_of(maps, motion), copy_outside=True)
        mixed = (consensus([*maps, closer]) + consensus([motion, closer])) / 2
        return sharpened(stretched(np.asarray(mixed, np.float32)), self.contrast)


def build(
    runtime: Runtime,
    student: str = "lite",
    weights: str = "lite",
    margin: Annotated[float, Range(0, 10)] = 0.25,
    contrast: Annotated[float, Range(0.01, 100)] = 1.5,
) -> Fuser:
    """`student`, `weights`: the network of the closer look; `margin`: around the object, as a share of its box;
    `contrast`: 1 changes nothing.
    """
    from boostvsod_plugins.opinions import closer_look

    return Consensus(closer_look(student, weights, margin, runtime), contrast)


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("consensus", "what all maps have in common, refined by a closer look at the object", build)]
