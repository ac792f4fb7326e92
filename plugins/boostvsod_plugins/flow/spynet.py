"""The flow backend SPyNet (weights: anuragranj/spynet, non-commercial research only)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn


def build(runtime: Runtime, weights: str = "spynet") -> FlowBackend:
    """`weights`: network-*.pytorch of sniklaus/pytorch-spynet, or cached weights."""
    from boostvsod.weights.files import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, resized

    network = net()
    load_weights(network, weights, rename=CARD.rename)

    def run(first: Tensor, second: Tensor) -> Tensor:
        flow: Tensor = network(first / 255, second / 255)
        return flow

    return LearntFlow(network, resized(run, 32), runtime)


def net() -> nn.Module:
    from boostvsod_plugins.flow.nets.spynet import SPyNet

    return SPyNet()


def rename(key: str) -> str | None:
    """The network's key for a key of the published file."""
    return key.replace("module", "net")


CARD = Card(
    "Ranjan and Black, CVPR 2017",
    2017,
    "https://github.com/sniklaus/pytorch-spynet",
    "GPL-3.0",
    "https://github.com/sniklaus/pytorch-spynet",
    "non-commercial research",
    "network-sintel-final.pytorch",
    1.44,
    url="http://content.sniklaus.com/github/pytorch-spynet/network-sintel-final.pytorch",
    source="https://github.com/sniklaus/pytorch-spynet/tree/690689db9938d724c76423524c757384280cc4e2",
    net=net,
    rename=rename,
)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("spynet", "SPyNet, 1.4 M parameters; needs weights", build, "non-commercial weights", CARD)]
