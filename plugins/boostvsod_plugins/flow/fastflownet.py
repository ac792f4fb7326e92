"""The flow backend FastFlowNet (weights: ltkong218/FastFlowNet, MIT)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn


def build(runtime: Runtime, weights: str = "fastflownet") -> FlowBackend:
    """`weights`: the authors' fastflownet_*.pth, or cached weights."""
    from boostvsod.weights.files import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, centred, on_bgr, resized

    network = net()
    load_weights(network, weights)

    def run(first: Tensor, second: Tensor) -> Tensor:
        return resized(network, 64, twice=True)(*centred(first, second))

    return LearntFlow(network, on_bgr(run), runtime)


def net() -> nn.Module:
    from boostvsod_plugins.flow.nets.fastflownet import FastFlowNet

    return FastFlowNet()


CARD = Card(
    "Kong, Shen and Yang, ICRA 2021",
    2021,
    "https://github.com/ltkong218/FastFlowNet",
    "MIT",
    "https://github.com/ltkong218/FastFlowNet/tree/main/checkpoints",
    "MIT",
    "fastflownet_ft_mix.pth",
    1.37,
    url="",
    source="https://github.com/ltkong218/FastFlowNet/tree/484108870e4ced569d42ecc33faa32c5a46e5ac8",
    net=net,
)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("fastflownet", "FastFlowNet, 1.4 M parameters; needs weights", build, "MIT weights", CARD)]
