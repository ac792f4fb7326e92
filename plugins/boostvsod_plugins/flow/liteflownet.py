"""The flow backend LiteFlowNet (weights: twhui/LiteFlowNet, research only)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import nn


def build(runtime: Runtime, weights: str = "liteflownet") -> FlowBackend:
    """`weights`: network-*.pytorch of sniklaus/pytorch-liteflownet, or cached weights."""
    from boostvsod.weights.files import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, on_bgr, resized

    network = net()
    load_weights(network, weights, rename=CARD.rename)
    return LearntFlow(network, resized(on_bgr(network), 32), runtime)


def net() -> nn.Module:
    from boostvsod_plugins.flow.nets.liteflownet import LiteFlowNet

    return LiteFlowNet()


def rename(key: str) -> str | None:
    """The network's key for a key of the published file."""
    return key.replace("module", "net")


CARD = Card(
    "Hui, Tang and Loy, CVPR 2018",
    2018,
    "https://github.com/twhui/LiteFlowNet",
    "research only",
    "https://github.com/sniklaus/pytorch-liteflownet",
    "research only",
    "network-default.pytorch",
    5.38,
    url="http://content.sniklaus.com/github/pytorch-liteflownet/network-default.pytorch",
    source="https://github.com/sniklaus/pytorch-liteflownet/tree/a81ea7b0d23306412b2b96a55ff28dcc1ae076d8",
    net=net,
    rename=rename,
)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("liteflownet", "LiteFlowNet, 5.4 M parameters; needs weights", build, "research-only weights", CARD)]
