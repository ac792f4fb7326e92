"""Prediction with trainable networks, and `StudentTarget`, which makes a target of one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, groupby

import numpy as np
import torch
from torch import Tensor, nn

from boostvsod.kinds import Map, Rgb, Student, Window
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map
from boostvsod.runtime import Runtime


def predict_batch(student: Student, rgb: Tensor, runtime: Runtime, *, mirror: bool = False) -> np.ndarray:
    """The student's maps in [0, 1] for RGB in [0, 1]: B S S for B 3 S S, or B*T S S for B T 3 S S.

    With `mirror` each map is the mean of the map of the picture and the map of its mirror image.
    """
    if mirror:
        plain, mirrored = (predict_batch(student, x, runtime) for x in (rgb, rgb.flip(-1)))
        return np.asarray((plain + mirrored[..., ::-1]) / 2)
    return _maps_of(_outputs(student, rgb, runtime)[0])


def predict_mean(student: Student, pictures: Sequence[Rgb], runtime: Runtime) -> list[Map]:
    """For each picture the mean of the maps of all outputs of the network (NR Eq. 5), of the picture's size."""
    outputs = _outputs(student, as_batch(pictures, student.size, student.size), runtime, every=True)
    if getattr(student.net, "first_is_mean", False):  # it is made of the others, so it does not count
        outputs = outputs[1:]
    maps = np.mean([_maps_of(logits) for logits in outputs], 0)
    return [resize_map(m, *rgb.shape[:2]) for m, rgb in zip(maps, pictures, strict=True)]


def _outputs(student: Student, rgb: Tensor, runtime: Runtime, *, every: bool = False) -> tuple[Tensor, ...]:
    """The network's logits for RGB in [0, 1]: the final ones, or those of `every` output."""
    net = on_device(student, runtime).eval()
    net.training = every  # the network itself then returns all outputs; its layers stay in evaluation mode
    rgb = rgb.to(runtime.device)
    if student.window == 1:
        rgb = rgb.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), runtime.autocast():
        outputs = net(rgb)
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def _maps_of(logits: Tensor) -> np.ndarray:
    """Maps B H W in [0, 1]."""
    return torch.sigmoid(logits.float())[:, 0].cpu().numpy()


def on_device(student: Student, runtime: Runtime) -> nn.Module:
    """The student's network on the device; in the channels-last layout if it sees single pictures.

    A network that is there is not touched: moving it while another thread predicts with it would crash the process.
    """
    single, device = student.window == 1, torch.device(runtime.device)
    if not all(_is_there(x, device, single) for x in chain(student.net.parameters(), student.net.buffers())):
        layout = {"memory_format": torch.channels_last} if single else {}
        student.net.to(device, **layout)  # type: ignore[call-overload]
    return student.net


def _is_there(x: Tensor, device: torch.device, channels_last: bool) -> bool:
    placed = not channels_last or x.ndim != 4 or x.is_contiguous(memory_format=torch.channels_last)
    return x.device == device and placed


def for_inference(student: Student, runtime: Runtime) -> Student:
    """A copy that predicts faster and cannot be trained: batch norms are fused into the convolutions.

    If torch.fx cannot trace the network (it loops over a tensor, say), the student itself is returned. Either is on
    the device, so that several threads may predict with it.
    """
    from boostvsod.training.fused import fused

    try:
        net = fused(student.net, runtime.device)
    except Exception:  # tracing runs the network's code with placeholders: any exception is possible
        on_device(student, runtime)
        return student
    for part in net.modules():
        if isinstance(part, nn.Conv2d):
            part.to(runtime.dtype)  # done once here; autocast would do it at every call
    ready = replace(student, net=net)
    on_device(ready, runtime)
    return ready


def as_batch(pictures: Sequence[Rgb], height: int, width: int) -> Tensor:
    """Pictures of any sizes as one batch of floats, B 3 H W in [0, 1]."""
    small = np.stack([resize_rgb(rgb, height, width) for rgb in pictures])
    return torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255


def predict(
    student: Student,
    pictures: Sequence[Rgb],
    runtime: Runtime,
    *,
    mirror: bool = False,
    sides: tuple[int, int] | None = None,
) -> list[Map]:
    """One map for each picture, of the picture's size.

    `sides` are height and width of the network's input; the default is a square of `student.size`.
    """
    maps = predict_batch(student, as_batch(pictures, *(sides or (student.size, student.size))), runtime, mirror=mirror)
    return [resize_map(m, *rgb.shape[:2]) for m, rgb in zip(maps, pictures, strict=True)]


def predict_windows(
    student: Student, windows: Sequence[Window], runtime: Runtime, *, mirror: bool = False
) -> list[Map]:
    """The map of each window's centre frame, from a student that sees several frames at once."""
    maps = []
    for window in windows:  # one window at a time, because clips need much memory
        clip = as_batch([frame.rgb for frame in window.frames], student.size, student.size)
        saliency = predict_batch(student, clip[None], runtime, mirror=mirror)[window.centre]
        maps.append(resize_map(saliency, *window.frame.rgb.shape[:2]))
    return maps


def sides_near(size: int, height: int, width: int) -> tuple[int, int]:
    """Height and width, multiples of 32, of a network's input of about `size` x `size` pixels.

    The aspect ratio is the square root of the picture's: pictures are wide, but training used squares.
    """
    half = (width / height) ** 0.25
    return max(1, round(size / half / 32)) * 32, max(1, round(size * half / 32)) * 32


class StudentTarget:
    """A target that predicts with a student's network, and can be fine-tuned because it hands out a `twin`.

    The network's input has about `size` x `size` pixels.
    """

    window = 1
    batch = 4
    concurrent = True

    def __init__(self, student: Student, runtime: Runtime, size: int) -> None:
        self.student, self.runtime, self.size = student, runtime, size
        self.ready = for_inference(student, runtime)

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        maps: list[Map] = []
        for sides, group in groupby((window.frame.rgb for window in windows), self._sides):
            maps += predict(self.ready, list(group), self.runtime, sides=sides)
        return maps

    def _sides(self, rgb: Rgb) -> tuple[int, int]:
        return sides_near(self.size, *rgb.shape[:2])

    def twin(self) -> Student:
        """A copy with the same weights. Training it does not change this target."""
        return copy.deepcopy(self.student)
