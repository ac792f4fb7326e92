"""The fuser product: FS = prediction * LS (NR Eq. 9), with the low-level saliency LS = MS * CS (Eq. 6)."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Fuser, Map
from boostvsod.offer import Offer


class Product:
    """A fuser that shows only what target, motion and student all show. An object that stands still is lost."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map:
        return target * motion * student


@hookimpl
def offer_fusers() -> list[Offer[Fuser]]:
    return [Offer("product", "student x motion x target (NR Eq. 9)", Product)]
