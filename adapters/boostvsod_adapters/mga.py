"""MGA, which sees a frame and its optical flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer, SideOrOwn
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import DRIVE, IMAGENET, Input

if TYPE_CHECKING:
    from torch import nn

REPOSITORY = "https://github.com/lhaof/Motion-Guided-Attention"
FORM = Input((512, 512), **IMAGENET)


def net() -> nn.Module:
    from boostvsod_adapters.nets.mga import MGANet

    return MGANet()


CARD = Card(
    "Li et al., ICCV 2019", 2019, REPOSITORY, "none stated", REPOSITORY, f"none stated; {DRIVE}", "MGA_trained.pth",
    91.52, f"{FORM}, and coloured flow", window=3, trainable=True, net=net,
    source=f"{REPOSITORY}/tree/b14df6b2ae065217d28f2779b006d60fcb7622dc",
)  # fmt: skip


def build(runtime: Runtime, weights: str = "mga", flow: str = "dis", size: SideOrOwn = 0) -> Target:
    """`weights`: a file or cached weights; `flow`: the flow backend (the authors used FlowNet2)."""
    from boostvsod_adapters.moving import MovingTarget

    return MovingTarget(weights, flow, FORM, size, runtime)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("mga", "MGA, a frame and its flow", build, "none stated (weights)", CARD)]
