"""The flow backends of the FlowNet2 family (weights: Freiburg's FlowNet2 models, research only)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn

KINDS = {  # name: title, millions of parameters
    "flownet2": ("FlowNet2", 162.52),
    "flownet2-c": ("FlowNet2-C", 39.18),
    "flownet2-s": ("FlowNet2-S", 38.68),
    "flownet2-sd": ("FlowNet2-SD", 45.37),
    "flownet2-cs": ("FlowNet2-CS", 77.87),
    "flownet2-css": ("FlowNet2-CSS", 116.57),
}
PAGE = "https://github.com/NVIDIA/flownet2-pytorch"
SOURCE = f"{PAGE}/tree/bce69c881ad2b11bef1e6ce9fd0dfd45bd8a1756"
ABOUT = (
    "Ilg et al., CVPR 2017",
    2017,
    PAGE,
    "Apache-2.0",
    f"{PAGE}#converted-caffe-pre-trained-models",
    "research only",
)


def make(kind: str) -> tuple[nn.Module, nn.Module]:
    """The network that the weights fit, and the network that returns flow at full size."""
    from boostvsod_plugins.flow.nets import flownet2 as nets

    stacks = {"flownet2": (2, True), "flownet2-cs": (1, False), "flownet2-css": (2, False)}
    if kind in stacks:
        whole = nets.FlowNet2(*stacks[kind])
        return whole, whole
    alone: nn.Module = {"c": nets.FlowNetC, "s": nets.FlowNetS, "sd": nets.FlowNetSD}[kind.rpartition("-")[2]]()
    return alone, nets.Alone(alone)


def normalised(net: nn.Module, first: Tensor, second: Tensor) -> Tensor:
    """The flow of two pictures, RGB in [0, 255]. The network sees both minus their mean colour, as one input."""
    import torch

    from boostvsod_plugins.flow.learnt import centred

    flow: Tensor = net(torch.cat(centred(first, second), 1) / 255)
    return flow


def build(runtime: Runtime, weights: str, *, kind: str) -> FlowBackend:
    """`weights`: FlowNet2*_checkpoint.pth.tar of NVIDIA/flownet2-pytorch.

    The authors crop the pictures to sides that are multiples of 64. Here the pictures are resized to such sides, so
    that no border is lost.
    """
    from boostvsod.weights.files import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, resized

    holder, net = make(kind)
    load_weights(holder, weights)
    return LearntFlow(net, resized(partial(normalised, net), 64), runtime)


def builder(kind: str) -> Callable[..., FlowBackend]:
    """`build` for one network of the family, with its cached weights as the default."""

    def build_kind(runtime: Runtime, weights: str = kind) -> FlowBackend:
        return build(runtime, weights, kind=kind)

    return build_kind


def card(kind: str, title: str, millions: float) -> Card:
    return Card(*ABOUT, f"{title}_checkpoint.pth.tar", millions, source=SOURCE, net=lambda: make(kind)[0])


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [
        Offer(
            kind,
            f"{title}, {millions:.0f} M parameters; needs weights",
            builder(kind),
            "research-only weights",
            card(kind, title, millions),
        )
        for kind, (title, millions) in KINDS.items()
    ]
