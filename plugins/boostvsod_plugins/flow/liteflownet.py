"""LiteFlowNet as a flow backend (weights: twhui/LiteFlowNet, research only)."""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime


def build(weights: str, runtime: Runtime) -> FlowBackend:
    """`weights`: network-*.pytorch of sniklaus/pytorch-liteflownet."""
    from boostvsod.weights import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, on_bgr, resized
    from boostvsod_plugins.flow.nets.liteflownet import LiteFlowNet

    net = LiteFlowNet()
    load_weights(net, weights, rename=lambda key: key.replace("module", "net"))  # as the published files say it
    return LearntFlow(net, resized(on_bgr(net), 32), runtime)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("liteflownet", "LiteFlowNet, 5.4 M parameters; needs weights", build, "research-only weights")]
