"""COSNet: each frame is compared with five reference frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer, Range, SideOrOwn
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import CAFFE, DRIVE, Input

if TYPE_CHECKING:
    from torch import Tensor, nn

REPOSITORY = "https://github.com/carrierlxk/COSNet"
FORM = Input((473, 473), **CAFFE)
REFERENCES = 5


def net() -> nn.Module:
    from boostvsod_adapters.nets.cosnet import COSNetwork

    return COSNetwork()


CARD = Card(
    "Lu et al., CVPR 2019", 2019, REPOSITORY, "none stated", REPOSITORY, f"none stated; {DRIVE}", "co_attention.pth",
    81.24, str(FORM), window=21, trainable=True, net=net,
    source=f"{REPOSITORY}/tree/549109db0d60b69fd4f70b400bd48a12d6c83ea7",
)  # fmt: skip


def every_frame(network: nn.Module, frames: list[Tensor]) -> list[Tensor]:
    """The logits of every frame of a clip: of the mean map over all other frames or, while it learns, over the next."""
    import torch

    size = frames[0].shape[-2:]
    embedded = [network.encoder.embed(frame) for frame in frames]  # type: ignore[union-attr, operator]
    count = len(frames)

    def attended(i: int, others: Iterable[int]) -> Tensor:
        maps = [torch.sigmoid(network.attend(embedded[i], embedded[k], 1, size).float()) for k in others]  # type: ignore[operator]
        return torch.logit(torch.stack(maps).mean(0), eps=1e-6)

    if network.training:
        return [network.attend(embedded[i], embedded[(i + 1) % count], 1, size) for i in range(count)]  # type: ignore[operator]
    return [attended(i, (k for k in range(count) if k != i)) for i in range(count)]


def build(
    runtime: Runtime, weights: str = "cosnet", size: SideOrOwn = 0, window: Annotated[int, Range(1, 101)] = 21
) -> Target:
    """`weights`: a file or cached weights; `window`: the frames from which the five references are drawn.

    The authors draw the references from the whole video, with different ones in each run. Here they come from
    the window around the frame, and the run's seed draws them. The twin sees clips of six frames.
    """
    import numpy as np
    import torch

    from boostvsod.kinds import Student
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.cosnet import COSNetwork
    from boostvsod_adapters.running import TrainableClip, TrainableClipTarget

    network = COSNetwork()
    origin, form = load_weights(network, weights), FORM.at(size)

    def decode(clip, centre, size):  # type: ignore[no-untyped-def]
        others = [i for i in range(len(clip)) if i != centre] or [centre]
        generator = np.random.default_rng(runtime.seed)  # draws the same positions in every window
        references = generator.choice(others, min(REFERENCES, len(others)), replace=False)
        maps = [torch.sigmoid(network.attend(clip[centre], clip[i], 1, size).float()) for i in references]
        return torch.logit(torch.stack(maps).mean(0), eps=1e-6)

    target = TrainableClipTarget(network, form, window, network.encoder.embed, decode, runtime, stretch=False)
    clip, side, length = TrainableClip(network, form, every_frame), form.sides(0, 0)[0], REFERENCES + 1
    target.student = Student(clip, side, lr=1e-5, sgd_lr=1e-4, origin=origin, window=length, core=network)
    return target


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("cosnet", "COSNet, five reference frames", build, "none stated (weights)", CARD)]
