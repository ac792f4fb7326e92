"""CPD on VGG-16 and on ResNet-50, and the spatial network of MQP, which is CPD on VGG-16."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Card, Offer
from boostvsod_adapters import offering
from boostvsod_adapters.published import BAIDU, DRIVE, IMAGENET, Input, Published

if TYPE_CHECKING:
    from torch import Tensor, nn

REPOSITORY = "https://github.com/wuzhe71/CPD"
SOURCE = f"{REPOSITORY}/tree/e7373b45d9dd213ea5c9ae71f9de9f03b3cbe6c9"
PAPER = ("Wu, Su and Huang, CVPR 2019", 2019, REPOSITORY, "none stated", REPOSITORY, f"none stated; {DRIVE}")


def vgg() -> nn.Module:
    from boostvsod_adapters.nets.cpd import CPDVGG

    return CPDVGG()


def resnet() -> nn.Module:
    from boostvsod_adapters.nets.cpd import CPDResNet

    return CPDResNet()


def detection_first(outputs: Any) -> tuple[Tensor, ...]:
    """CPD's outputs with the logits of the final map first."""
    attention, detection = outputs
    return detection, attention


FORM = Input((352, 352), **IMAGENET, multiple=32)
MQP = "https://github.com/qduOliver/MQP"
CPDS = (
    Published(
        "cpd",
        "CPD, VGG-16",
        Card(*PAPER, "CPD.pth", 29.23, str(FORM), trainable=True, source=SOURCE, net=vgg),
        FORM,
        detection_first,
    ),
    Published(
        "cpd-resnet",
        "CPD, ResNet-50",
        Card(*PAPER, "CPD-R.pth", 47.85, str(FORM), trainable=True, source=SOURCE, net=resnet),
        FORM,
        detection_first,
    ),
    Published(
        "mqp",
        "MQP's spatial network (CPD, VGG-16)",
        Card(
            "Chen et al., TCSVT 2021", 2021, MQP, "none stated", MQP, f"none stated; {BAIDU}",
            "vgg_10.pth", 29.23, str(FORM), trainable=True, net=vgg,
            source=f"{MQP}/tree/197bd02f7b79071df412002bbacbae6a720dcdda",
        ),
        FORM,
        detection_first,
    ),
)  # fmt: skip


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [offering.target(cpd) for cpd in CPDS]


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [offering.student(cpd) for cpd in CPDS]
