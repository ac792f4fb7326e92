"""Networks that see a frame and its flow: `video-lite`, and the target of MGA."""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from boostvsod import registry
from boostvsod.flow.colour import colour_flow
from boostvsod.flow.pictures import flow_pictures
from boostvsod.flow.tools import check_flow, mirrored_view, shrunk_frame
from boostvsod.kinds import Flow, FlowBackend, Frame, Map, Rgb, Student, View, Window
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map
from boostvsod.runtime import Runtime
from boostvsod.training.students import for_inference, predict_batch, sides_near
from boostvsod.weights.files import load_weights
from boostvsod_adapters.nets.mga import MGANet
from boostvsod_adapters.published import Input
from boostvsod_adapters.running import at_size, fitting, normalise, stretched_logits, to_picture_size, to_tensor


class FrameAndFlow:
    """Motion saliency by a network that sees the frame and two pictures of its flow, B 9 H W."""

    concurrent = True
    any_flow_size = True

    def __init__(self, net: nn.Module, origin: str, size: int, runtime: Runtime) -> None:
        self.student = Student(net, size, origin=origin)
        self.ready, self.runtime = for_inference(self.student, runtime), runtime

    def saliency(self, rgb: Rgb, flow: Flow) -> Map:
        """The map of a frame. The flow may be that of a smaller picture of the frame."""
        return self.saliencies([(rgb, flow)])[0]

    def saliencies(self, views: Sequence[View]) -> list[Map]:
        """The maps of several views of one size. One batch takes less time than one call for each."""
        return [resize_map(m, *rgb.shape[:2]) for m, (rgb, _) in zip(self.small_maps(views), views, strict=True)]

    def small_maps(self, views: Sequence[View]) -> np.ndarray:
        """Maps B H W at the size of the network's input, of frames of one size."""
        sides = sides_near(self.student.size, *views[0][0].shape[:2])
        return predict_batch(self.ready, network_input(views, *sides), self.runtime)


def network_input(views: Sequence[View], height: int, width: int) -> Tensor:
    """Frames and their flow as the network sees them, B 9 `height` `width` in [0, 1]."""
    pixels = np.empty((len(views), height, width, 9), np.float32)
    for own, (rgb, flow) in zip(pixels, views, strict=True):
        np.divide(resize_rgb(rgb, height, width), np.float32(255), out=own[..., :3])
        own[..., 3:] = flow_pictures(flow, height, width)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)  # channels last, as the network wants them


@dataclass
class FlowTarget:
    """`video-lite` as a target. With two views, the flow to the previous frame is seen too, in a mirror."""

    network: FrameAndFlow
    flow: FlowBackend
    views: int
    longer: int
    window = 3
    batch = 4

    @property
    def concurrent(self) -> bool:
        return getattr(self.flow, "concurrent", False)

    @property
    def student(self) -> Student:
        """The network, for the records."""
        return self.network.student

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._predict_one(window) for window in windows]

    def _predict_one(self, window: Window) -> Map:
        rgb = window.frame.rgb
        views = list(zip((rgb, rgb), self._flows(window), strict=False))
        views[1:] = [mirrored_view(*view) for view in views[1:]]
        maps = list(self.network.small_maps(views))
        maps[1:] = [mirrored[:, ::-1] for mirrored in maps[1:]]
        return resize_map(np.mean(maps, axis=0), *rgb.shape[:2])

    def _flows(self, window: Window) -> list[Flow]:
        """The flow of each view, forwards in time. At the ends of a video both views have the same flow."""
        frames = (window.frames[window.centre + step] for step in (0, -1, 1))
        frame, before, after = (shrunk_frame(frame, self.longer) for frame in frames)
        others = [after if after.index != frame.index else before, before if before.index != frame.index else after]
        return [self._estimate(frame, other) for other in others[: self.views]]

    def _estimate(self, frame: Frame, other: Frame) -> Flow:
        flow = check_flow(self.flow.estimate(frame, other), frame.rgb.shape[:2], "flow of video-lite")
        return -flow if other.index < frame.index else flow


@functools.cache
def _backend(name: str, runtime: Runtime) -> FlowBackend:
    """The flow backend of students, which are copied: backends cannot be."""
    return registry.build("flows", name, runtime)


class TrainableMoving(nn.Module):
    """MGA with the interface of a student for clips: RGB B T 3 S S to logits B*T 1 S S. It computes the flow itself."""

    def __init__(self, net: MGANet, form: Input, flow: str, runtime: Runtime) -> None:
        super().__init__()
        self.net, self.form, self.flow, self.runtime = net, form, flow, runtime

    def forward(self, clip: Tensor) -> Tensor:
        motion = torch.stack([self._coloured(one) for one in clip.detach().cpu()]).to(clip.device)
        picture, moving = (
            normalise(fitting(x.flatten(0, 1), self.form), self.form) for x in (clip, motion.to(clip.dtype))
        )
        logits = at_size(self.net(picture, moving)[0], clip)
        return logits if self.training else stretched_logits(logits)

    def _coloured(self, clip: Tensor) -> Tensor:
        """The coloured flow of each frame of a clip T 3 S S, in [0, 1]. The last frame's goes backwards.

        So does that of a frame whose next one is the same: it is repeated at the end of a video.
        """
        frames = [Frame.of(rgb, i) for i, rgb in enumerate((clip * 255).round().byte().permute(0, 2, 3, 1).numpy())]
        coloured = []
        for i, frame in enumerate(frames):
            ends = i + 1 == len(frames) or bool((frames[i + 1].rgb == frame.rgb).all())
            other = frames[max(i - 1, 0)] if ends else frames[i + 1]
            flow = _backend(self.flow, self.runtime).estimate(frame, other)
            coloured.append(colour_flow(check_flow(flow, frame.rgb.shape[:2], "flow of mga")))
        return torch.from_numpy(np.stack(coloured)).permute(0, 3, 1, 2).float() / 255


class MovingTarget:
    """MGA. Its window holds the frame and one neighbour on each side, because the last frame's flow goes backwards."""

    window = 3
    batch = 2

    def __init__(self, weights: str, flow: str, form: Input, size: int, runtime: Runtime) -> None:
        net = MGANet()
        origin = load_weights(net, weights)
        self.net, self.runtime = net.to(runtime.device).eval(), runtime
        self.form = form.at(size)
        side = self.form.sides(0, 0)[0]
        clip = TrainableMoving(net, self.form, flow, runtime)
        self.student = Student(clip, side, lr=1e-5, sgd_lr=1e-4, origin=origin, window=self.window, core=net)
        self.flow = registry.build("flows", flow, runtime)

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._predict_one(window) for window in windows]

    def _predict_one(self, window: Window) -> Map:
        rgb = window.frame.rgb
        size = self.form.sides(*rgb.shape[:2])
        picture, motion = (to_tensor([x], self.form, size).to(self.runtime.device) for x in (rgb, self._motion(window)))
        with torch.inference_mode(), self.runtime.autocast():
            logits, _ = self.net(picture, motion)
        return to_picture_size(torch.sigmoid(logits.float())[0, 0].cpu().numpy(), rgb, stretch=True)

    def _motion(self, window: Window) -> Rgb:
        """The coloured flow to the next frame, or to the previous frame if there is no next one."""
        frame, before, after = window.frame, window.frames[window.centre - 1], window.frames[window.centre + 1]
        other = before if after.index == frame.index else after
        return colour_flow(check_flow(self.flow.estimate(frame, other), frame.rgb.shape[:2], "flow of mga"))

    def twin(self) -> Student:
        """A copy with the same weights: training the copy does not change this target."""
        return copy.deepcopy(self.student)
