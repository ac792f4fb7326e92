"""The student's map times the low-level saliency: NR Eq. 9, FS = prediction * LS, LS = MS * CS (Eq. 6)."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map
from boostvsod.offer import Offer


class Product:
    """Only what target, motion and student all see remains; what stands still is lost."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        return target * motion * student


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("product", "student x motion x target (NR Eq. 9)", Product)]
