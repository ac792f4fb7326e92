"""Running published networks: pictures in, maps out, each map as large as its picture."""

from __future__ import annotations

import copy
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from boostvsod.kinds import Frame, Map, Rgb, Student, Window
from boostvsod.media.maps import resize_map, stretched
from boostvsod.runtime import Runtime
from boostvsod.training.students import as_batch
from boostvsod.weights.files import load_weights
from boostvsod_adapters.published import Input, Published

BATCH = 4
Embed = Callable[[Tensor], Any]  # a frame 1 3 H W -> the features of this frame alone
ClipLogits = Callable[[nn.Module, list[Tensor]], list[Tensor]]  # T frames B 3 H W -> T logits B 1 H W
Decode = Callable[[Sequence[Any], int, tuple[int, int]], Tensor]  # features, centre, size -> logits 1 1 H W


def to_tensor(pictures: Sequence[Rgb], form: Input, size: tuple[int, int]) -> Tensor:
    """Pictures as one batch in the form that the network takes, B 3 H W."""
    return normalise(as_batch(pictures, *size), form)


def normalise(rgb: Tensor, form: Input) -> Tensor:
    """RGB in [0, 1], B 3 H W, in the channel order and normalisation that the network takes."""
    if form.by_max:
        rgb = rgb / rgb.amax((1, 2, 3), keepdim=True).clamp_min(1e-6)
    x = (rgb.flip(1) if form.bgr else rgb) * form.white
    mean, std = (torch.tensor(v, device=rgb.device)[:, None, None] for v in (form.mean, form.std))
    return (x - mean) / std


def to_picture_size(saliency: np.ndarray, rgb: Rgb, stretch: bool) -> Map:
    """A map at the size of its picture; with `stretch`, its values are stretched to [0, 1] first."""
    if stretch:
        saliency = stretched(saliency, eps=1e-8)
    return resize_map(np.ascontiguousarray(saliency, np.float32), *rgb.shape[:2])


def in_float32(runtime: Runtime) -> Runtime:
    """The same runtime in float32, for networks that bf16 changes too much."""
    return replace(runtime, precision="fp32")


class Trainable(nn.Module):
    """A published network with the interface of a student: RGB in [0, 1] to logits at the same size.

    The picture is resized if the network cannot take its size. The first logits are those of the authors' final map.
    When not training, this map is stretched if the authors do that, so the twin's maps equal the target's.
    """

    def __init__(self, net: nn.Module, published: Published) -> None:
        super().__init__()
        self.net, self.published = net, published
        self.first_is_mean = published.to_map is not None

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        outputs = self.net(normalise(fitting(rgb, self.published.input), self.published.input))
        logits = self.published.final_first(outputs)
        if not self.training:
            logits = logits[:1]
        logits = tuple(at_size(x, rgb) for x in logits)
        return logits if self.training or not self.published.stretch else (stretched_logits(logits[0]),)


class TrainableClip(nn.Module):
    """A published network for clips with the interface of a student: RGB B T 3 S S to logits B*T 1 S S.

    Networks that take one size only have it as `fixed`: height and width.
    """

    def __init__(
        self,
        net: nn.Module,
        form: Input,
        logits: ClipLogits,
        fixed: tuple[int, int] | None = None,
        stretch: bool = False,
    ) -> None:
        super().__init__()
        self.net, self.form, self.logits, self.fixed, self.stretch = net, form, logits, fixed, stretch

    def forward(self, clip: Tensor) -> Tensor:
        frames = [normalise(fitting(frame, self.form, self.fixed), self.form) for frame in clip.unbind(1)]
        logits = at_size(torch.stack(self.logits(self.net, frames), 1).flatten(0, 1), clip)
        return stretched_logits(logits) if self.stretch and not self.training else logits


def fitting(rgb: Tensor, form: Input, fixed: tuple[int, int] | None = None) -> Tensor:
    """Pictures B 3 H W at `fixed` height and width, else at the nearest size that the network takes."""
    height, width = (int(side) for side in rgb.shape[-2:])
    return _resized(rgb, fixed or replace(form, size=None).sides(height, width))


def at_size(logits: Tensor, like: Tensor) -> Tensor:
    """Logits at the height and width of `like`."""
    return _resized(logits, (int(like.shape[-2]), int(like.shape[-1])))


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    return x if x.shape[-2:] == size else nn.functional.interpolate(x, size, mode="bilinear", align_corners=False)


def stretched_logits(logits: Tensor) -> Tensor:
    """The logits of the maps, B 1 H W, after each map is stretched to [0, 1]."""
    maps = logits.float().sigmoid()
    low, high = maps.amin((1, 2, 3), keepdim=True), maps.amax((1, 2, 3), keepdim=True)
    return torch.logit((maps - low) / (high - low + 1e-8), eps=1e-6)


def student_of(published: Published, weights: str, size: int = 0) -> Student:
    """A student with the published weights; `size` 0 is the size it was trained at."""
    net = published.net()
    origin = load_weights(net, weights, rename=published.card.rename)
    side = size or published.train_size
    if published.input.size is None:  # the network takes any size that its form allows
        side = published.input.sides(side, side)[0]
    return Student(Trainable(net, published), side, published.lr, published.sgd_lr, origin, core=net)


class ImageTarget:
    """A published image network as a target. Its twin is the same network in the form that can be trained."""

    window = 1

    def __init__(self, published: Published, runtime: Runtime, weights: str, size: int) -> None:
        self.published, self.runtime = published, runtime if published.half else in_float32(runtime)
        self.form = published.input.at(size)
        self.batch = BATCH
        self.student = student_of(published, weights, size)
        self.net: nn.Module = self.student.net.net.to(runtime.device).eval()  # type: ignore[union-attr]

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        pictures = [window.frame.rgb for window in windows]
        maps: list[Map] = []
        for (height, width, _), group in groupby(pictures, lambda rgb: rgb.shape):  # one batch has one size
            same = list(group)
            small = self._maps(to_tensor(same, self.form, self.form.sides(height, width)))
            maps += [to_picture_size(m, rgb, self.published.stretch) for m, rgb in zip(small, same, strict=True)]
        return maps

    def _maps(self, x: Tensor) -> np.ndarray:
        with torch.inference_mode(), self.runtime.autocast():
            outputs = self.net(x.to(self.runtime.device))
            to_map = self.published.to_map
            maps = to_map(outputs) if to_map else torch.sigmoid(self.published.logits(outputs)[0].float())
        return maps[:, 0].float().cpu().numpy()

    def twin(self) -> Student:
        """A copy with the same weights: training the copy does not change this target."""
        return copy.deepcopy(self.student)


class ClipTarget:
    """A network that sees a window of frames. The features of each frame alone are computed once."""

    batch = 2

    def __init__(
        self,
        net: nn.Module,
        form: Input,
        window: int,
        embed: Embed,
        decode: Decode,
        runtime: Runtime,
        *,
        stretch: bool,
        half: bool = True,
    ) -> None:
        self.net = net.to(runtime.device).eval()
        self.form, self.window, self.stretch = form, window, stretch
        self.runtime = runtime if half else in_float32(runtime)
        self.embed, self.decode = embed, decode
        self._cache: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._predict_one(window) for window in windows]

    def _predict_one(self, window: Window) -> Map:
        rgb = window.frame.rgb
        size = self.form.sides(*rgb.shape[:2])
        with torch.inference_mode(), self.runtime.autocast():
            frames, centre = self._clip(window)
            logits = self.decode([self._embedded(frame, size) for frame in frames], centre, size)
        return to_picture_size(torch.sigmoid(logits.float())[0, 0].cpu().numpy(), rgb, self.stretch)

    def _clip(self, window: Window) -> tuple[Sequence[Frame], int]:
        """The frames that the network sees, and the position of the frame whose map is asked for."""
        return window.frames, window.centre

    def _embedded(self, frame: Frame, size: tuple[int, int]) -> Any:
        """The cached features of a frame. The key holds its content too: another video has the same numbers."""
        key = (frame.index, size, zlib.crc32(frame.rgb[::4, ::4].tobytes()))
        if key not in self._cache:
            self._cache[key] = self.embed(to_tensor([frame.rgb], self.form, size).to(self.runtime.device))
            if len(self._cache) > self.window + self.batch:
                self._cache.popitem(last=False)
        return self._cache[key]


class TrainableClipTarget(ClipTarget):
    """A clip target whose network can be fine-tuned on clips."""

    student: Student

    def twin(self) -> Student:
        """A copy with the same weights: training the copy does not change this target."""
        return copy.deepcopy(self.student)


class WholeClips(TrainableClipTarget):
    """The same, with clips that follow one another: frames 0 to T-1, T to 2T-1, ...

    Its window reaches T-1 frames to both sides, so that it holds the clip of its centre. At the end of a video the
    last frame is repeated.
    """

    def __init__(self, net: nn.Module, form: Input, length: int, *rest: Any, **options: Any) -> None:
        super().__init__(net, form, 2 * length - 1, *rest, **options)
        self.length = length

    def _clip(self, window: Window) -> tuple[Sequence[Frame], int]:
        place = window.frame.index % self.length
        start = window.centre - place
        return window.frames[start : start + self.length], place
