"""RAFT and RAFT-small as flow backends (weights: princeton-vl/RAFT, BSD-3-Clause)."""

from __future__ import annotations

from functools import partial

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

LEAST = 128  # a pyramid level of one pixel makes the official sampler, and so this one, useless


def build(weights: str, runtime: Runtime, iterations: int = 12, small: bool = False) -> FlowBackend:
    """`weights`: the authors' file (raft-things.pth, raft-small.pth, ...); `iterations`: 12 to 32."""
    from boostvsod.weights import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, padded
    from boostvsod_plugins.flow.nets.raft import RAFT

    net = RAFT(small)
    load_weights(net, weights)
    return LearntFlow(net, padded(partial(net, iterations=iterations), 8, LEAST), runtime)


def build_small(weights: str, runtime: Runtime, iterations: int = 12) -> FlowBackend:
    """The same for RAFT-small."""
    return build(weights, runtime, iterations, small=True)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [
        Offer("raft", "RAFT, 5.3 M parameters; needs weights", build, "BSD-3-Clause weights"),
        Offer("raft-small", "RAFT-small, 1.0 M parameters; needs weights", build_small, "BSD-3-Clause weights"),
    ]
