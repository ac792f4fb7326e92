"""DSS on VGG-16 and ResNet-101 (the papers' ResDSS), a third party's port of DSS, and RADF, which extends DSS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Card, Offer
from boostvsod_adapters import offering
from boostvsod_adapters.published import CAFFE, DRIVE, IMAGENET, Input, Published

if TYPE_CHECKING:
    from torch import Tensor, nn

AUTHORS, PORT = "https://github.com/Andrew-Qibin/DSS", "https://github.com/AceCoooool/DSS-pytorch"
RADF = "https://github.com/xw-hu/RADF"
COMMITS = {
    AUTHORS: "5dc7e1ceb768f1c9887f9c77a92b567fa4eeed1c",
    PORT: "0f6dd915a7f68349f547a6ecb6281145899bdd9b",
    RADF: "45260277e37ade029c78ff492efdfdb445f45a1b",
}
Make = Callable[[], "nn.Module"]
OWN = Input(None, **CAFFE)
SMALL = Input((256, 256), **IMAGENET, multiple=32)


def vgg() -> nn.Module:
    from boostvsod_adapters.nets.dss_caffe import DSSVGG

    return DSSVGG()


def resnet() -> nn.Module:
    from boostvsod_adapters.nets.dss_caffe import DSSResNet

    return DSSResNet()


def port() -> nn.Module:
    from boostvsod_adapters.nets.dss import DSSPort

    return DSSPort()


def radf() -> nn.Module:
    from boostvsod_adapters.nets.radf import RADFNet

    return RADFNet()


def fused_first(outputs: Any) -> tuple[Tensor, ...]:
    """The outputs with the fused logits first."""
    *sides, fused = outputs
    return fused, *sides


def mean_of(numbers: tuple[int, ...]) -> Callable[[Any], Tensor]:
    """A function from outputs to the mean map of the outputs with these numbers, which is the authors' final map."""

    def to_map(outputs: Any, numbers: tuple[int, ...] = numbers) -> Tensor:
        maps = [outputs[i].float().sigmoid() for i in numbers]
        mean: Tensor = sum(maps[1:], maps[0]) / len(maps)
        return mean

    return to_map


def published(name: str, title: str, about: Card, form: Input, averaged: tuple[int, ...], **more: Any) -> Published:
    """`averaged`: the numbers of the outputs whose mean is the final map."""
    options = {"train_size": 300, "sgd_lr": 1e-8 * 300 * 300, **more}
    return Published(name, title, about, form, fused_first, mean_of(averaged), **options)


def card(
    paper: str, year: int, page: str, licence: str, file: str, millions: float, net: Callable[[], nn.Module]
) -> Card:
    form = str(SMALL if page == PORT else OWN)
    return Card(
        paper, year, page, licence, page, f"none stated; {DRIVE}", file, millions, form, trainable=True,
        source=f"{page}/tree/{COMMITS[page]}", net=net,
    )  # fmt: skip


DSS = "Hou et al., CVPR 2017 and TPAMI 2019"
VGG = card(DSS, 2019, AUTHORS, "none stated", "dss_model_released.caffemodel", 62.24, vgg)
RESNET = card(DSS, 2019, AUTHORS, "none stated", "dss_resnet.caffemodel", 134.81, resnet)
PORTED = card(DSS, 2019, PORT, "MIT", "final.pth", 62.24, port)
EXTENDED = card("Hu et al., AAAI 2018", 2018, RADF, "none stated", "RADF.caffemodel", 62.54, radf)
NETS = (
    published("dss", "DSS, VGG-16", VGG, OWN, (2, 3, 4, 6)),
    published("dss-resnet101", "DSS, ResNet-101 (ResDSS)", RESNET, OWN, (1, 2, 3, 5)),
    published(
        "dss-port", "DSS, a third party's port", PORTED, SMALL, (1, 2, 3, 6), train_size=256, stretch=False, lr=1e-6
    ),
    published("radf", "RADF, VGG-16", EXTENDED, OWN, tuple(range(13))),
)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [offering.target(net) for net in NETS]


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [offering.student(net) for net in NETS]
