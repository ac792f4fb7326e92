"""PCSA, which sees clips of five frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.offer import Card, Offer, SideOrOwn
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import DRIVE, Input

if TYPE_CHECKING:
    from torch import Tensor, nn

REPOSITORY = "https://github.com/guyuchao/PyramidCSA"
FORM = Input((256, 448), (0.47327, 0.44874, 0.39488), (0.22675, 0.22012, 0.22383))
T = 5


def net() -> nn.Module:
    from boostvsod_adapters.nets.pcsa import PCSANet

    return PCSANet()


CARD = Card(
    "Gu et al., AAAI 2020", 2020, REPOSITORY, "CC BY-NC 3.0", REPOSITORY, f"CC BY-NC 3.0; {DRIVE}", "PCSA.pth", 2.63,
    str(FORM), window=T, trainable=True, net=net,
    source=f"{REPOSITORY}/tree/45025dbfb9e95b832be8a82de281eadf9a2c2e5c",
)  # fmt: skip


def every_frame(network: nn.Module, frames: list[Tensor]) -> list[Tensor]:
    """The logits of every frame of a clip."""
    import torch

    logits: Tensor = network(torch.stack(frames, 1))
    return list(logits.view(-1, len(frames), *logits.shape[1:]).unbind(1))


def build(runtime: Runtime, weights: str = "pcsa", size: SideOrOwn = 0) -> Target:
    """`weights`: a file or cached weights; `size`: height of the frames, 0 for the authors' size."""
    from boostvsod.kinds import Student
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.pcsa import PCSANet
    from boostvsod_adapters.running import TrainableClip, TrainableClipTarget

    network = PCSANet()
    origin = load_weights(network, weights)
    form = FORM.at(size, size * 7 // 4)
    target = TrainableClipTarget(network, form, T, network.embed, network.decode, runtime, stretch=False)
    clip = TrainableClip(network, form, every_frame, fixed=form.size)  # it sees wide frames, whatever the data's side
    target.student = Student(clip, form.sides(0, 0)[1], lr=1e-5, sgd_lr=1e-4, origin=origin, window=T, core=network)
    return target


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("pcsa", "PCSA, clips of 5 frames", build, "CC BY-NC 3.0 (weights)", CARD)]
