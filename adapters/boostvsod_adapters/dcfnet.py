"""DCFNet, which sees clips of four frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer, SideOrOwn
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import BAIDU, IMAGENET, Input

if TYPE_CHECKING:
    from torch import nn

REPOSITORY = "https://github.com/Roudgers/DCFNet"
FORM = Input((448, 448), **IMAGENET, multiple=16)
T = 4


def net() -> nn.Module:
    from boostvsod_adapters.nets.dcfnet import DCFNetwork

    return DCFNetwork()


CARD = Card(
    "Zhang et al., ICCV 2021", 2021, REPOSITORY, "none stated", REPOSITORY,
    f"none stated; {BAIDU}", "DCFNet.pth", 71.66, str(FORM), window=T, trainable=True, net=net,
    source=f"{REPOSITORY}/tree/5dbf4ccceb9e775ad013dce5134933de7612dff2",
)  # fmt: skip


def build(runtime: Runtime, weights: str = "dcfnet", size: SideOrOwn = 0) -> Target:
    """`weights`: a file or cached weights; `size`: side of the frames, 0 for the authors' size."""
    import torch

    from boostvsod.kinds import Student
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.dcfnet import DCFNetwork
    from boostvsod_adapters.running import TrainableClip, TrainableClipTarget

    network = DCFNetwork()
    origin = load_weights(network, weights)

    def decode(clip, centre, size):  # type: ignore[no-untyped-def]
        return network.decode(clip, torch.Size(size))[centre]

    form = FORM.at(size)
    target = TrainableClipTarget(network, form, T, network.backbone, decode, runtime, stretch=False, half=False)
    clip = TrainableClip(network, form, lambda net, frames: net(frames))
    side = form.sides(0, 0)[0]
    target.student = Student(clip, side, lr=1e-5, sgd_lr=1e-4, origin=origin, window=T, core=network)
    return target


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("dcfnet", "DCFNet, clips of 4 frames", build, "none stated (weights)", CARD)]
