"""The FlowNet2 family as flow backends (weights: Freiburg's FlowNet2 models, research only)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn

KINDS = {
    "flownet2": "FlowNet2, 163 M parameters",
    "flownet2-c": "FlowNet2-C, 39 M parameters",
    "flownet2-s": "FlowNet2-S, 39 M parameters",
    "flownet2-sd": "FlowNet2-SD, 45 M parameters",
    "flownet2-cs": "FlowNet2-CS, 78 M parameters",
    "flownet2-css": "FlowNet2-CSS, 117 M parameters",
}


def make(kind: str) -> tuple[nn.Module, nn.Module]:
    """The network the weights belong to, and the one that gives flow at full size."""
    from boostvsod_plugins.flow.nets import flownet2 as nets

    stacks = {"flownet2": (2, True), "flownet2-cs": (1, False), "flownet2-css": (2, False)}
    if kind in stacks:
        whole = nets.FlowNet2(*stacks[kind])
        return whole, whole
    alone: nn.Module = {"c": nets.FlowNetC, "s": nets.FlowNetS, "sd": nets.FlowNetSD}[kind.rpartition("-")[2]]()
    return alone, nets.Alone(alone)


def normalised(net: nn.Module, first: Tensor, second: Tensor) -> Tensor:
    """RGB in [0, 255], less the mean of both pictures, as one input."""
    import torch

    from boostvsod_plugins.flow.learnt import centred

    flow: Tensor = net(torch.cat(centred(first, second), 1) / 255)
    return flow


def build(weights: str, runtime: Runtime, *, kind: str) -> FlowBackend:
    """`weights`: FlowNet2*_checkpoint.pth.tar of NVIDIA/flownet2-pytorch.

    The authors crop to multiples of 64; pictures are stretched to them here, so that no border is lost.
    """
    from boostvsod.weights import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, resized

    holder, net = make(kind)
    load_weights(holder, weights)
    return LearntFlow(net, resized(partial(normalised, net), 64), runtime)


def builder(kind: str) -> partial[FlowBackend]:
    return partial(build, kind=kind)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [
        Offer(kind, f"{what}; needs weights", builder(kind), "research-only weights") for kind, what in KINDS.items()
    ]
