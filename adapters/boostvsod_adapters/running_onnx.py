"""Running a network of an .onnx file: pictures in the type and layout that it takes, one of its outputs back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from boostvsod.errors import InputError
from boostvsod.kinds import Rgb
from boostvsod.media.forms import Form, NetTarget, chosen_output
from boostvsod.media.images import resize_rgb

TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


@dataclass(frozen=True)
class Input:
    """The input of a network file: its type, its layout, and the sizes that it fixes."""

    name: str
    dtype: Any
    batch: int
    channels_first: bool
    fixed: dict[str, int]  # height and width, as far as the file fixes them

    @classmethod
    def of(cls, session: onnxruntime.InferenceSession, who: str) -> Input:
        """The one input of a session, which takes pictures."""
        inputs = session.get_inputs()
        if len(inputs) != 1:
            raise InputError(f"{who}: it has {len(inputs)} inputs, {', '.join(x.name for x in inputs)}; expected one")
        shape, kind = inputs[0].shape, inputs[0].type
        if kind not in TYPES:
            raise InputError(f"{who}: its input is a {kind}; expected one of: {', '.join(TYPES)}")
        if len(shape) != 4 or not _takes_colours(shape):
            raise InputError(f"{who}: its input has shape {shape}; expected N 3 H W or N H W 3")
        channels_first = shape[1] == 3 or shape[3] != 3  # unknown channels come first, as torch exports them
        sides = zip(("height", "width"), shape[2:] if channels_first else shape[1:3], strict=True)
        fixed = {side: length for side, length in sides if isinstance(length, int)}
        batch = shape[0] if isinstance(shape[0], int) else 1
        return cls(inputs[0].name, TYPES[kind], max(batch, 1), channels_first, fixed)

    @property
    def is_bytes(self) -> bool:
        """Whether the network takes pixels as they are."""
        return self.dtype is np.uint8

    def array(self, rgb: Rgb, form: Form) -> np.ndarray:
        """A picture as the network takes it, with the batch in front."""
        x: np.ndarray = resize_rgb(rgb, form.height, form.width) if self.is_bytes else form.picture(rgb)
        x = x.transpose(2, 0, 1) if self.channels_first else x
        return np.ascontiguousarray(np.repeat(x[None], self.batch, 0), self.dtype)


def _takes_colours(shape: list[Any]) -> bool:
    """Whether one axis has three channels, or may have them because the file leaves it open."""
    return 3 in (shape[1], shape[3]) or not isinstance(shape[1], int)


class OnnxTarget(NetTarget):
    """A network that predicts one picture at a time, because exported networks rarely take a batch."""

    def __init__(self, session: onnxruntime.InferenceSession, entry: Input, form: Form, who: str) -> None:
        self.session, self.entry = session, entry
        self.names = [output.name for output in session.get_outputs()]
        self.wanted = chosen_output({name: np.array(name) for name in self.names}, form.output, who).item()
        super().__init__(form, who)

    def raw(self, rgb: Rgb) -> np.ndarray:
        """The chosen output of the network for a picture. Of a fixed batch, it is that of the first picture."""
        output = np.asarray(self.session.run([self.wanted], {self.entry.name: self.entry.array(rgb, self.form)})[0])
        return output[:1] if self.entry.batch > 1 else output
