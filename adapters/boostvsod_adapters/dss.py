"""DSS on VGG-16 and ResNet-101 (the papers' ResDSS), a third party's port of it, and RADF, which grew from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Card, Offer
from boostvsod_adapters.published import CAFFE, DRIVE, IMAGENET, Input, Published

if TYPE_CHECKING:
    from torch import Tensor, nn

AUTHORS, PORT = "https://github.com/Andrew-Qibin/DSS", "https://github.com/AceCoooool/DSS-pytorch"
RADF = "https://github.com/xw-hu/RADF"
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
    *sides, fused = outputs
    return fused, *sides


def mean_of(numbers: tuple[int, ...]) -> Callable[[Any], Tensor]:
    """The mean of some outputs' maps: what the authors call the result."""

    def answer(outputs: Any, numbers: tuple[int, ...] = numbers) -> Tensor:
        chosen = [outputs[i].float().sigmoid() for i in numbers]
        mean: Tensor = sum(chosen[1:], chosen[0]) / len(chosen)
        return mean

    return answer


def published(name: str, title: str, about: Card, form: Input, of: tuple[int, ...], **more: Any) -> Published:
    """`of`: which outputs the result is the mean of."""
    options = {"train_size": 300, "sgd_lr": 1e-8 * 300 * 300, **more}
    return Published(name, title, about, form, fused_first, mean_of(of), **options)


def card(
    paper: str, year: int, page: str, licence: str, file: str, millions: float, net: Callable[[], nn.Module]
) -> Card:
    form = str(SMALL if page == PORT else OWN)
    return Card(
        paper, year, page, licence, page, f"none stated; {DRIVE}", file, millions, form, trainable=True, net=net
    )


DSS = "Hou et al., CVPR 2017 and TPAMI 2019"
VGG = card(DSS, 2019, AUTHORS, "none stated", "dss_model_released.caffemodel", 62.24, vgg)
RESNET = card(DSS, 2019, AUTHORS, "none stated", "dss_resnet.caffemodel", 134.81, resnet)
PORTED = card(DSS, 2019, PORT, "MIT", "final.pth", 62.24, port)
GROWN = card("Hu et al., AAAI 2018", 2018, RADF, "none stated", "RADF.caffemodel", 62.54, radf)
NETS = (
    published("dss", "DSS, VGG-16", VGG, OWN, (2, 3, 4, 6)),
    published("dss-resnet101", "DSS, ResNet-101 (ResDSS)", RESNET, OWN, (1, 2, 3, 5)),
    published(
        "dss-port", "DSS, a third party's port", PORTED, SMALL, (1, 2, 3, 6), train_size=256, stretch=False, lr=1e-6
    ),
    published("radf", "RADF, VGG-16", GROWN, OWN, tuple(range(13))),
)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [net.target() for net in NETS]


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [net.student() for net in NETS]
