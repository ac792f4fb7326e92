"""SSAV and PDB-ConvLSTM, which see clips of three and of five frames. SSAV is PDB-ConvLSTM with an attention head."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer, SideOrOwn
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import CAFFE, DRIVE, Input

if TYPE_CHECKING:
    from torch import Tensor, nn

REPOSITORY = "https://github.com/DengPingFan/DAVSOD"
PDB = "https://github.com/shenjianbing/PDB-ConvLSTM"
SIDE = 473
FORM = Input((SIDE, SIDE), **CAFFE)
T, T_PDB = 3, 5


def net(attention: bool = True) -> nn.Module:
    from boostvsod_adapters.nets.ssav import SSAVNet

    return SSAVNet(attention=attention)


CARD = Card(
    "Fan et al., CVPR 2019", 2019, REPOSITORY, "none stated", REPOSITORY, f"none stated; {DRIVE}", "SSAV.caffemodel",
    61.85, str(FORM), window=T, trainable=True, net=net,
    source=f"{REPOSITORY}/tree/769c91e06c092df5127776758be1a017c2e31dc1",
)  # fmt: skip
PDB_CARD = Card(
    "Song et al., ECCV 2018", 2018, PDB, "none stated", PDB, f"none stated; {DRIVE}", "pdb-convlstm.caffemodel", 61.85,
    str(FORM), window=T_PDB, trainable=True, net=partial(net, False),
)  # fmt: skip


def saliency(network: nn.Module, frames: list[Tensor]) -> list[Tensor]:
    """The logits of saliency of every frame of a clip."""
    return [heads[0] for heads in network(frames)]


def _build(runtime: Runtime, weights: str, attention: bool, length: int, size: int) -> Target:
    from boostvsod.kinds import Student
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.ssav import SSAVNet
    from boostvsod_adapters.running import TrainableClip, TrainableClipTarget

    network = SSAVNet(attention=attention)
    origin, form = load_weights(network, weights), FORM.at(size)

    def decode(clip, centre, size):  # type: ignore[no-untyped-def]
        return network.decode(clip, size)[centre][0]

    target = TrainableClipTarget(network, form, length, network.embed, decode, runtime, stretch=True)
    clip = TrainableClip(network, form, saliency, stretch=True)
    target.student = Student(clip, size or SIDE, lr=1e-5, sgd_lr=1e-4, origin=origin, window=length, core=network)
    return target


def build(runtime: Runtime, weights: str = "ssav", size: SideOrOwn = 0) -> Target:
    """`weights`: a .caffemodel or a file converted from one; `size`: side of the frames, 0 for the authors' size.

    The recurrent weights were learnt at 473 x 473. They are stretched for other sizes.
    """
    return _build(runtime, weights, attention=True, length=T, size=size)


def build_pdb(runtime: Runtime, weights: str = "pdb", size: SideOrOwn = 0) -> Target:
    """`weights`: a .caffemodel or a file converted from one; `size`: side of the frames, 0 for the authors' size.

    The recurrent weights were learnt at 473 x 473. They are stretched for other sizes.
    """
    return _build(runtime, weights, attention=False, length=T_PDB, size=size)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [
        Offer("ssav", "SSAV, clips of 3 frames", build, "none stated (weights)", CARD),
        Offer("pdb", "PDB-ConvLSTM, clips of 5 frames", build_pdb, "none stated (weights)", PDB_CARD),
    ]
