"""SSAV, which sees clips of three frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import CAFFE, DRIVE, Input

if TYPE_CHECKING:
    from torch import nn

REPOSITORY = "https://github.com/DengPingFan/DAVSOD"
FORM = Input((473, 473), **CAFFE)
T = 3


def net() -> nn.Module:
    from boostvsod_adapters.nets.ssav import SSAVNet

    return SSAVNet()


CARD = Card(
    "Fan et al., CVPR 2019", 2019, REPOSITORY, "none stated", REPOSITORY, f"none stated; {DRIVE}", "SSAV.caffemodel",
    61.85, str(FORM), window=T, net=net,
)  # fmt: skip


def build(runtime: Runtime, weights: str = "ssav") -> Target:
    """`weights`: a .caffemodel or a file converted from one. The recurrent weights fit inputs of 473 x 473 only."""
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.ssav import SSAVNet
    from boostvsod_adapters.running import ClipTarget

    network = SSAVNet()
    load_weights(network, weights)

    def decode(clip, centre, size):  # type: ignore[no-untyped-def]
        return network.decode(clip, size)[centre][0]

    return ClipTarget(network, FORM, T, network.embed, decode, runtime, stretch=True)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("ssav", "SSAV, clips of 3 frames", build, "none stated (weights)", CARD)]
