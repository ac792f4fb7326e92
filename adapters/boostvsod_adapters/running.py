"""Running published networks: pictures in, maps out, each at its picture's size."""

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
Embed = Callable[[Tensor], Any]  # a frame 1 3 H W -> what the network makes of it alone
ClipLogits = Callable[[nn.Module, list[Tensor]], list[Tensor]]  # T frames B 3 H W -> T logits B 1 H W
Decode = Callable[[Sequence[Any], int, tuple[int, int]], Tensor]  # of a clip, the centre, the size -> logits 1 1 H W


def to_tensor(pictures: Sequence[Rgb], form: Input, size: tuple[int, int]) -> Tensor:
    """Pictures as a batch the network eats, B 3 H W."""
    return normalise(as_batch(pictures, *size), form)


def normalise(rgb: Tensor, form: Input) -> Tensor:
    """RGB in [0, 1] as the network wants it."""
    if form.by_max:
        rgb = rgb / rgb.amax((1, 2, 3), keepdim=True).clamp_min(1e-6)
    x = (rgb.flip(1) if form.bgr else rgb) * form.top
    mean, std = (torch.tensor(v, device=rgb.device)[:, None, None] for v in (form.mean, form.std))
    return (x - mean) / std


def finish(map_: np.ndarray, rgb: Rgb, stretch: bool) -> Map:
    """At the picture's size and, where the authors do so, from 0 to 1."""
    if stretch:
        map_ = stretched(map_, eps=1e-8)
    return resize_map(np.ascontiguousarray(map_, np.float32), *rgb.shape[:2])


def exactly(runtime: Runtime) -> Runtime:
    """The same in float32: for networks that bf16 changes too much."""
    return replace(runtime, precision="fp32")


class Trainable(nn.Module):
    """A published network in the form students have: RGB in [0, 1] to logits at the same size."""

    def __init__(self, net: nn.Module, published: Published) -> None:
        super().__init__()
        self.net, self.published = net, published

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        logits = self.published.logits(self.net(normalise(rgb, self.published.input)))
        if not self.training:
            logits = logits[:1]
        size = rgb.shape[-2:]
        same = [x if x.shape[-2:] == size else nn.functional.interpolate(x, size, mode="bilinear") for x in logits]
        return tuple(same)


class TrainableClip(nn.Module):
    """A published network for clips in the form students have: RGB B T 3 S S to logits B*T 1 S S."""

    def __init__(self, net: nn.Module, form: Input, logits: ClipLogits) -> None:
        super().__init__()
        self.net, self.form, self.logits = net, form, logits

    def forward(self, clip: Tensor) -> Tensor:
        frames = [normalise(frame, self.form) for frame in clip.unbind(1)]
        return torch.stack(self.logits(self.net, frames), 1).flatten(0, 1)


def student_of(published: Published, weights: str, size: int = 0) -> Student:
    """A student with the published weights."""
    net = published.net()
    origin = load_weights(net, weights, rename=published.card.rename)
    wanted = size or published.train_size
    side = published.input.sides(wanted, wanted) if not published.input.size else (wanted, wanted)
    return Student(Trainable(net, published), side[0], published.lr, published.sgd_lr, origin, core=net)


class ImageTarget:
    """A published image network. Its twin is the same network, to be trained."""

    window = 1

    def __init__(self, published: Published, runtime: Runtime, weights: str, size: int) -> None:
        self.published, self.runtime = published, runtime if published.half else exactly(runtime)
        self.form = published.input.at(size)
        self.batch = BATCH
        self.student = student_of(published, weights, size)
        self.net: nn.Module = self.student.net.net.to(runtime.device).eval()  # type: ignore[union-attr]

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        pictures = [window.frame.rgb for window in windows]
        found: list[Map] = []
        for (height, width, _), of_one_size in groupby(pictures, lambda rgb: rgb.shape):  # only they fit in one batch
            same = list(of_one_size)
            maps = self._maps(to_tensor(same, self.form, self.form.sides(height, width)))
            found += [finish(m, rgb, self.published.stretch) for m, rgb in zip(maps, same, strict=True)]
        return found

    def _maps(self, x: Tensor) -> np.ndarray:
        with torch.inference_mode(), self.runtime.autocast():
            outputs = self.net(x.to(self.runtime.device))
            answer = self.published.answer
            maps = answer(outputs) if answer else torch.sigmoid(self.published.logits(outputs)[0].float())
        return maps[:, 0].float().cpu().numpy()

    def twin(self) -> Student:
        """A copy with the same weights: training it leaves this target as it was."""
        return copy.deepcopy(self.student)


class ClipTarget:
    """A network that looks at a window of frames. What it makes of each frame alone is computed once."""

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
        self.runtime = runtime if half else exactly(runtime)
        self.embed, self.decode = embed, decode
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._one(window) for window in windows]

    def _one(self, window: Window) -> Map:
        rgb = window.frame.rgb
        size = self.form.sides(*rgb.shape[:2])
        with torch.inference_mode(), self.runtime.autocast():
            clip = [self._embedded(frame, size) for frame in window.frames]
            logits = self.decode(clip, window.centre, size)
        return finish(torch.sigmoid(logits.float())[0, 0].cpu().numpy(), rgb, self.stretch)

    def _embedded(self, frame: Frame, size: tuple[int, int]) -> Any:
        """Frames are told apart by number and content: the same number may come from another video."""
        key = (frame.index, size, zlib.crc32(frame.rgb[::4, ::4].tobytes()))
        if key not in self._kept:
            self._kept[key] = self.embed(to_tensor([frame.rgb], self.form, size).to(self.runtime.device))
            if len(self._kept) > self.window + self.batch:
                self._kept.popitem(last=False)
        return self._kept[key]


class TrainableClipTarget(ClipTarget):
    """One whose network can be fine-tuned on clips."""

    student: Student

    def twin(self) -> Student:
        """A copy with the same weights: training it leaves this target as it was."""
        return copy.deepcopy(self.student)
