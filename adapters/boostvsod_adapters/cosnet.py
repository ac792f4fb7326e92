"""COSNet: each frame looks at five others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import CAFFE, DRIVE, Input

if TYPE_CHECKING:
    from torch import nn

REPOSITORY = "https://github.com/carrierlxk/COSNet"
FORM = Input((473, 473), **CAFFE)
REFERENCES = 5


def net() -> nn.Module:
    from boostvsod_adapters.nets.cosnet import COSNetwork

    return COSNetwork()


CARD = Card(
    "Lu et al., CVPR 2019", 2019, REPOSITORY, "none stated", REPOSITORY, f"none stated; {DRIVE}", "co_attention.pth",
    81.24, str(FORM), window=21, net=net,
)  # fmt: skip


def build(runtime: Runtime, weights: str = "cosnet", size: int = 0, window: int = 21) -> Target:
    """`weights`: a file, or those kept; `window`: how far away the five frames it looks at may lie.

    The authors draw them from the whole video, anew each time; here the seed draws them, near the frame.
    """
    import numpy as np
    import torch

    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.cosnet import COSNetwork
    from boostvsod_adapters.running import ClipTarget

    made = COSNetwork()
    load_weights(made, weights)

    def decode(clip, centre, size):  # type: ignore[no-untyped-def]
        others = [i for i in range(len(clip)) if i != centre] or [centre]
        draw = np.random.default_rng(runtime.seed)  # the same places of every window
        chosen = draw.choice(others, min(REFERENCES, len(others)), replace=False)
        maps = [torch.sigmoid(made.attend(clip[centre], clip[i], 1, size).float()) for i in chosen]
        return torch.logit(torch.stack(maps).mean(0), eps=1e-6)

    return ClipTarget(made, FORM.at(size), window, made.encoder.embed, decode, runtime, stretch=False)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("cosnet", "COSNet, five references within a window", build, "none stated (weights)", CARD)]
