"""COSNet: each frame is compared with five reference frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer, Range, SideOrOwn
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
    source=f"{REPOSITORY}/tree/549109db0d60b69fd4f70b400bd48a12d6c83ea7",
)  # fmt: skip


def build(
    runtime: Runtime, weights: str = "cosnet", size: SideOrOwn = 0, window: Annotated[int, Range(1, 101)] = 21
) -> Target:
    """`weights`: a file or cached weights; `window`: the frames from which the five references are drawn.

    The authors draw the references from the whole video, with different ones in each run. Here they come from
    the window around the frame, and the run's seed draws them.
    """
    import numpy as np
    import torch

    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.cosnet import COSNetwork
    from boostvsod_adapters.running import ClipTarget

    network = COSNetwork()
    load_weights(network, weights)

    def decode(clip, centre, size):  # type: ignore[no-untyped-def]
        others = [i for i in range(len(clip)) if i != centre] or [centre]
        generator = np.random.default_rng(runtime.seed)  # draws the same positions in every window
        references = generator.choice(others, min(REFERENCES, len(others)), replace=False)
        maps = [torch.sigmoid(network.attend(clip[centre], clip[i], 1, size).float()) for i in references]
        return torch.logit(torch.stack(maps).mean(0), eps=1e-6)

    return ClipTarget(network, FORM.at(size), window, network.encoder.embed, decode, runtime, stretch=False)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("cosnet", "COSNet, five reference frames", build, "none stated (weights)", CARD)]
