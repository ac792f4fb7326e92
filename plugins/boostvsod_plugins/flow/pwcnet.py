"""The flow backend PWC-Net (weights: NVlabs/PWC-Net, CC BY-NC-SA 4.0, with either of two key conventions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import nn


def build(runtime: Runtime, weights: str = "pwcnet") -> FlowBackend:
    """`weights`: pwc_net.pth.tar of NVlabs, network-*.pytorch of sniklaus/pytorch-pwc, or cached weights."""
    from boostvsod.weights.files import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, on_bgr, resized

    network = net()
    load_weights(network, weights, rename=CARD.rename)
    return LearntFlow(network, resized(on_bgr(network), 64), runtime)


def net() -> nn.Module:
    from boostvsod_plugins.flow.nets.pwcnet import PWCNet

    return PWCNet()


def rename(key: str) -> str | None:
    """The network's key for a key of a published file, in either convention."""
    from boostvsod_plugins.flow.nets.pwcnet import from_nvlabs

    return from_nvlabs(key.replace("module", "net"))


CARD = Card(
    "Sun et al., CVPR 2018",
    2018,
    "https://github.com/NVlabs/PWC-Net",
    "CC BY-NC-SA 4.0",
    "https://github.com/sniklaus/pytorch-pwc",
    "CC BY-NC-SA 4.0",
    "network-default.pytorch",
    9.37,
    url="http://content.sniklaus.com/github/pytorch-pwc/network-default.pytorch",
    source="https://github.com/sniklaus/pytorch-pwc/tree/fc2188815595b9fe3db94c7218c6f051eea0b012",
    net=net,
    rename=rename,
)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("pwcnet", "PWC-Net, 9.4 M parameters; needs weights", build, "CC BY-NC-SA 4.0 weights", CARD)]
