"""PWC-Net as a flow backend (weights: NVlabs/PWC-Net, CC BY-NC-SA 4.0, in either of two key conventions)."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime


def build(weights: str, runtime: Runtime) -> FlowBackend:
    """`weights`: pwc_net.pth.tar of NVlabs, or network-*.pytorch of sniklaus/pytorch-pwc."""
    from boostvsod.weights import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, on_bgr, resized
    from boostvsod_plugins.flow.nets.pwcnet import PWCNet, from_nvlabs

    net = PWCNet()
    load_weights(net, weights, rename=lambda key: from_nvlabs(key.replace("module", "net")))
    return LearntFlow(net, resized(on_bgr(net), 64), runtime)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("pwcnet", "PWC-Net, 9.4 M parameters; needs weights", build, "CC BY-NC-SA 4.0 weights")]
