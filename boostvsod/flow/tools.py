"""Scaling, warping, comparing and checking flow fields, from any backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import PluginError
from boostvsod.flow.colour import colour_flow
from boostvsod.kinds import EstimatesMany, Flow, FlowBackend, Frame, Rgb, View
from boostvsod.media.images import resize_rgb

LEAST = 16  # pixels per side; no backend gets smaller pictures


class AtScale:
    """A backend that gets scaled pictures. Its flow is scaled back to the size and the pixels of the originals."""

    def __init__(self, backend: FlowBackend, scale: float) -> None:
        self.backend, self.scale = backend, scale
        self.concurrent = getattr(backend, "concurrent", False)

    def estimate(self, a: Frame, b: Frame) -> Flow:
        return self.estimate_many([(a, b)])[0]

    def estimate_many(self, pairs: Sequence[tuple[Frame, Frame]]) -> list[Flow]:
        small = [(scaled_frame(a, self.scale), scaled_frame(b, self.scale)) for a, b in pairs]
        flows = estimate_many(self.backend, small)
        return [resize_flow(flow, *a.rgb.shape[:2]) for flow, (a, _) in zip(flows, pairs, strict=True)]


def shrunk_frame(frame: Frame, longer: int) -> Frame:
    """A frame with a longer side of at most `longer` pixels."""
    scale = longer / max(frame.rgb.shape[:2])
    return frame if scale >= 1 else scaled_frame(frame, scale)


def scaled_frame(frame: Frame, scale: float) -> Frame:
    """A frame at another size, of at least `LEAST` pixels a side."""
    sides = (max(LEAST, round(side * scale)) for side in frame.rgb.shape[:2])
    return replace(frame, rgb=resize_rgb(frame.rgb, *sides))


def estimate_many(backend: FlowBackend, pairs: Sequence[tuple[Frame, Frame]]) -> list[Flow]:
    """The flow of each pair, in one call if the backend supports it."""
    if isinstance(backend, EstimatesMany):
        return list(backend.estimate_many(pairs))
    return [backend.estimate(a, b) for a, b in pairs]


def resize_flow(flow: Flow, height: int, width: int) -> Flow:
    """Flow at another size; its vectors are scaled accordingly."""
    old_height, old_width = flow.shape[:2]
    resized = np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return resized * np.array([width / old_width, height / old_height], np.float32)


def at_scale(backend: FlowBackend, scale: float) -> FlowBackend:
    """A backend that gets scaled pictures; at scale 1 the backend itself."""
    return backend if scale == 1 else AtScale(backend, scale)


def colour_at(flow: Flow, side: int) -> Rgb:
    """Flow as the motion networks take it: resized to side x side and colour-coded.

    Vectors keep their length in the original pixels. That changes no colour, because the largest speed of the
    field is shown at full saturation.
    """
    small = np.asarray(cv2.resize(flow, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    return colour_flow(small)


def warp_back(image: np.ndarray, flow: Flow, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """The second picture (or map, or flow) warped to the first: out(p) = image(p + flow(p))."""
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    there_x, there_y = (np.asarray(here + flow[..., i], np.float32) for i, here in enumerate((x, y)))
    return np.asarray(cv2.remap(image, there_x, there_y, cv2.INTER_LINEAR, borderMode=border))


def consistent(forward: Flow, backward: Flow, share: float = 0.01, slack: float = 0.5) -> NDArray[np.bool_]:
    """Where forward and backward flow agree: |f + b|^2 < share (|f|^2 + |b|^2) + slack. Booleans H x W.

    Sundaram, Brox and Keutzer, ECCV 2010. Pixels that are occluded in the second picture or leave it are False.
    """
    back = warp_back(backward, forward)
    y, x = np.mgrid[: forward.shape[0], : forward.shape[1]]
    there_x, there_y = x + forward[..., 0], y + forward[..., 1]
    height, width = forward.shape[:2]
    inside = (there_x >= 0) & (there_x <= width - 1) & (there_y >= 0) & (there_y <= height - 1)
    gap = ((forward + back) ** 2).sum(2)
    near: NDArray[np.bool_] = inside & (gap < share * ((forward**2).sum(2) + (back**2).sum(2)) + slack)
    return near


def check_flow(value: object, shape: tuple[int, int], who: str) -> Flow:
    """The one check for flow fields: floats H x W x 2, all finite. `who` names the plugin in error messages."""
    array = np.asarray(value)
    if array.dtype.kind != "f" or array.shape != (*shape, 2):
        returned = f"{array.dtype} of shape {array.shape}"
        raise PluginError(f"{who}: returned {returned}, expected floats of shape {(*shape, 2)}")
    if not np.isfinite(array).all():
        raise PluginError(f"{who}: returned flow that is NaN or infinite")
    return array.astype(np.float32, copy=False)


def mirrored_view(rgb: Rgb, flow: Flow) -> View:
    """The mirror image of a frame, and of its flow."""
    return np.ascontiguousarray(rgb[:, ::-1]), flow[:, ::-1] * np.array([-1, 1], np.float32)
