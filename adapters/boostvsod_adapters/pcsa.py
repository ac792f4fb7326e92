"""PCSA, which sees clips of five frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer, SideOrOwn
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import DRIVE, Input

if TYPE_CHECKING:
    from torch import nn

REPOSITORY = "https://github.com/guyuchao/PyramidCSA"
FORM = Input((256, 448), (0.47327, 0.44874, 0.39488), (0.22675, 0.22012, 0.22383))
T = 5


def net() -> nn.Module:
    from boostvsod_adapters.nets.pcsa import PCSANet

    return PCSANet()


CARD = Card(
    "Gu et al., AAAI 2020", 2020, REPOSITORY, "CC BY-NC 3.0", REPOSITORY, f"CC BY-NC 3.0; {DRIVE}", "PCSA.pth", 2.63,
    str(FORM), window=T, net=net,
)  # fmt: skip


def build(runtime: Runtime, weights: str = "pcsa", size: SideOrOwn = 0) -> Target:
    """`weights`: a file or cached weights; `size`: height of the frames, 0 for the authors' size."""
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.pcsa import PCSANet
    from boostvsod_adapters.running import ClipTarget

    network = PCSANet()
    load_weights(network, weights)
    form = FORM.at(size, size * 7 // 4)
    return ClipTarget(network, form, T, network.embed, network.decode, runtime, stretch=False)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("pcsa", "PCSA, clips of 5 frames", build, "CC BY-NC 3.0 (weights)", CARD)]
