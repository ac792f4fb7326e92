"""RCRNet, which sees one frame, and its recurrent version, which sees clips of four frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Card, Offer, SideOrOwn
from boostvsod.runtime import Runtime
from boostvsod_adapters import offering
from boostvsod_adapters.published import DRIVE, IMAGENET, Input, Published, first

if TYPE_CHECKING:
    from torch import nn

REPOSITORY = "https://github.com/Kinpzz/RCRNet-Pytorch"
SOURCE = f"{REPOSITORY}/tree/8d9f0fe0c7ad651db7578b2d96741de11036ef82"
PAPER = ("Yan et al., ICCV 2019", 2019, REPOSITORY, "MIT", REPOSITORY, f"MIT; {DRIVE}")
FORM = Input((448, 448), **IMAGENET)
T = 4


def image() -> nn.Module:
    from boostvsod_adapters.nets.rcrnet import ImageModel

    return ImageModel()


def video() -> nn.Module:
    from boostvsod_adapters.nets.rcrnet import VideoModel

    return VideoModel()


IMAGE = Published(
    "rcrnet",
    "RCRNet, one frame at a time",
    Card(*PAPER, "image_pretrained_model.pth", 45.27, str(FORM), trainable=True, source=SOURCE, net=image),
    FORM,
    first,
    stretch=False,
    train_size=448,
)
VIDEO = Card(*PAPER, "video_best_model.pth", 53.79, str(FORM), window=T, trainable=True, source=SOURCE, net=video)


def build_video(
    runtime: Runtime, weights: str = "rcrnet-ner", size: SideOrOwn = 0, parts: str = "Re", whole_clips: bool = False
) -> Target:
    """`weights`: a file or cached weights; `size`: side of the frames, 0 for the authors' size; `parts`: Ra to Re of
    the paper's Table 3; `whole_clips`: clips of four frames follow one another, as in the paper, instead of a clip
    around every frame.
    """
    from boostvsod.errors import ConfigError
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.rcrnet import PARTS, VideoModel
    from boostvsod_adapters.running import TrainableClip, TrainableClipTarget, WholeClips

    if parts not in PARTS:
        raise ConfigError(f"target.parts {parts!r} is unknown; there are: {', '.join(PARTS)}")
    net = VideoModel(parts)
    origin = load_weights(net, weights)

    def decode(clip, centre, size):  # type: ignore[no-untyped-def]
        deep = net.mix_in_time([deep for deep, _ in clip])
        return net.backbone.decode(deep[centre], clip[centre][1], size)

    form = FORM.at(size)
    kind = WholeClips if whole_clips else TrainableClipTarget
    target = kind(net, form, T, net.backbone.features, decode, runtime, stretch=False, half=False)
    side = form.sides(448, 448)[0]
    clip = TrainableClip(net, form, lambda net, frames: net(frames))
    target.student = Student(clip, side, lr=1e-5, sgd_lr=1e-4, origin=origin, window=T, core=net)
    return target


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    video = Offer("rcrnet-ner", "RCRNet with NER, clips of 4 frames", build_video, "MIT (weights)", VIDEO)
    return [offering.target(IMAGE), video]


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [offering.student(IMAGE)]
