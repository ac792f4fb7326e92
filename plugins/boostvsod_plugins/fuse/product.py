"""The fuser product: FS = prediction * LS (NR Eq. 9), with the low-level saliency LS = MS * CS (Eq. 6).

The fuser low-level shows LS alone: it is what NR compares its final maps with (Table III).
"""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map
from boostvsod.offer import Offer


class Product:
    """A fuser that shows only what target, motion and student all show. An object that stands still is lost."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        return target * motion * student


class LowLevel:
    """A fuser that ignores the student: LS = MS * CS."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        return target * motion


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [
        Offer("product", "student x motion x target (NR Eq. 9)", Product),
        Offer("low-level", "motion x target, without the student (NR Eq. 6)", LowLevel),
    ]
