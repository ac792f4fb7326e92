"""PWC-Net as a flow backend (weights: NVlabs/PWC-Net, CC BY-NC-SA 4.0, in either of two key conventions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import nn


def build(runtime: Runtime, weights: str = "pwcnet") -> FlowBackend:
    """`weights`: pwc_net.pth.tar of NVlabs, or network-*.pytorch of sniklaus/pytorch-pwc."""
    from boostvsod.weights.files import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, on_bgr, resized

    made = net()
    load_weights(made, weights, rename=CARD.rename)
    return LearntFlow(made, resized(on_bgr(made), 64), runtime)


def net() -> nn.Module:
    from boostvsod_plugins.flow.nets.pwcnet import PWCNet

    return PWCNet()


def rename(key: str) -> str | None:
    from boostvsod_plugins.flow.nets.pwcnet import from_nvlabs

    return from_nvlabs(key.replace("module", "net"))  # both published conventions


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
    net=net,
    rename=rename,
)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("pwcnet", "PWC-Net, 9.4 M parameters; needs weights", build, "CC BY-NC-SA 4.0 weights", CARD)]
