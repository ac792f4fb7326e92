"""The flow backends RAFT and RAFT-small (weights: princeton-vl/RAFT, BSD-3-Clause)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import FlowBackend
from boostvsod.offer import Card, Offer, Range
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import nn

LEAST = 128  # smaller pictures have a pyramid level of one pixel, which the official sampler cannot read


def build(
    runtime: Runtime, weights: str = "raft", iterations: Annotated[int, Range(1, 1000)] = 12, padding: str = "sintel"
) -> FlowBackend:
    """`weights`: the authors' file (raft-things.pth, ...); `iterations`: 12 to 32; `padding`: sintel or kitti."""
    return _backend(net(), weights, iterations, padding, runtime, half=True)


def build_small(
    runtime: Runtime,
    weights: str = "raft-small",
    iterations: Annotated[int, Range(1, 1000)] = 12,
    padding: str = "sintel",
) -> FlowBackend:
    """The same for RAFT-small, which always runs in float32 because bf16 makes it slower."""
    return _backend(small_net(), weights, iterations, padding, runtime, half=False)


def _backend(
    net: nn.Module, weights: str, iterations: int, padding: str, runtime: Runtime, *, half: bool
) -> FlowBackend:
    from boostvsod.errors import ConfigError
    from boostvsod.weights.files import load_weights
    from boostvsod_plugins.flow.learnt import LearntFlow, padded

    if padding not in ("sintel", "kitti"):
        raise ConfigError(f"padding {padding!r} is unknown; there are: sintel, kitti")
    load_weights(net, weights)
    run = padded(partial(net, iterations=iterations), 8, LEAST, below=padding == "kitti")
    return LearntFlow(net, run, runtime, half=half)


def net() -> nn.Module:
    from boostvsod_plugins.flow.nets.raft import RAFT

    return RAFT(False)


def small_net() -> nn.Module:
    from boostvsod_plugins.flow.nets.raft import RAFT

    return RAFT(True)


PAGE = "https://github.com/princeton-vl/RAFT"
SOURCE = f"{PAGE}/tree/2888e15a51fa41140771d3f498ed8023cff098d1"
SMALL_SHA256 = "c7d41b9cc88442bb8aa911dbb33086dac55a226394b142937ff22d5578717332"
ABOUT = ("Teed and Deng, ECCV 2020", 2020, PAGE, "BSD-3-Clause", f"{PAGE}#demos (models.zip)", "BSD-3-Clause")
CARD = Card(*ABOUT, "raft-things.pth", 5.26, source=SOURCE, net=net)
SMALL = Card(*ABOUT, "raft-small.pth", 0.99, sha256=SMALL_SHA256, source=SOURCE, net=small_net)


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [
        Offer("raft", "RAFT, 5.3 M parameters; needs weights", build, "BSD-3-Clause weights", CARD),
        Offer("raft-small", "RAFT-small, 1.0 M parameters; needs weights", build_small, "BSD-3-Clause weights", SMALL),
    ]
