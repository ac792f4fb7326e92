"""A target for any saliency network in an .onnx file, run by onnxruntime.

The input's size and layout come from the input's shape in the file. `mean`, `std`, `range`, `activation` and
`size` come from the options, or else from the file's metadata, or else from `DEFAULTS` (ImageNet's normalisation).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from boostvsod.errors import ConfigError, InputError, PluginError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Map, Rgb, Target, Window
from boostvsod.offer import Offer, Range, SideOrOwn
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime

    from boostvsod.media.forms import Form

log = logging.getLogger("boostvsod")
LARGEST = 4096  # side of the input
DEFAULTS = {"mean": "0.485,0.456,0.406", "std": "0.229,0.224,0.225", "range": "1", "activation": "auto", "size": "320"}


class OnnxTarget:
    """A network that predicts one picture at a time, because exported networks rarely take a batch."""

    window = 1
    batch = 1

    def __init__(self, session: onnxruntime.InferenceSession, form: Form, channels_first: bool, path: Path) -> None:
        self.session, self.path = session, path
        self.form, self.channels_first = form, channels_first
        self.activation = self._activation()

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        from boostvsod.media.forms import to_map

        pictures = [window.frame.rgb for window in windows]
        return [to_map(self.raw(rgb), rgb, self.activation, str(self.path)) for rgb in pictures]

    def raw(self, rgb: Rgb) -> np.ndarray:
        """The network's first output for a picture, at the network's size, H W."""
        import numpy as np

        x: Any = self.form.picture(rgb)
        x = x.transpose(2, 0, 1) if self.channels_first else x
        output = np.asarray(self.session.run(None, {self.session.get_inputs()[0].name: x[None]})[0])
        squeezed = output.squeeze()
        if squeezed.ndim != 2:
            raise PluginError(f"{self.path}: its first output has shape {output.shape}; expected one map")
        return squeezed

    def _activation(self) -> str:
        """What the output still needs. If nobody says so, the network's output for noise decides."""
        if self.form.activation != "auto":
            return self.form.activation
        raw = self.raw(self.form.noise())
        activation = self.form.activation_for(raw, str(self.path))
        log.info("%s: outputs from %.3g to %.3g, so activation is %s", self.path, raw.min(), raw.max(), activation)
        return activation


def build(
    path: str,
    runtime: Runtime,
    size: SideOrOwn = 0,
    mean: str | Sequence[float] = "",
    std: str | Sequence[float] = "",
    range: Annotated[float, Range(1, 65535, or_zero=True)] = 0.0,
    activation: str = "",
) -> Target:
    """`size`: side of the input, if the file does not fix it; `range`: 1 or 255, the value of a white pixel
    before `mean` and `std` (three numbers each); `activation`: none, sigmoid, or auto.
    """
    from boostvsod.weights.onnx import open_session

    file = Path(path).expanduser()
    session = open_session(file, runtime)
    options = {"size": size, "mean": mean, "std": std, "range": range, "activation": activation}
    metadata = {k: v for k, v in session.get_modelmeta().custom_metadata_map.items() if k in DEFAULTS}
    settings = DEFAULTS | metadata | {k: v for k, v in options.items() if v}
    return OnnxTarget(session, *_form(session, settings, file), file)


def _form(session: onnxruntime.InferenceSession, settings: dict[str, Any], file: Path) -> tuple[Form, bool]:
    """The form in which the network takes pictures, and whether channels come first."""
    from boostvsod.media.forms import Form, three_numbers

    shape = session.get_inputs()[0].shape
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise InputError(f"{file}: its input has shape {shape}; expected N 3 H W or N H W 3")
    channels_first = shape[1] == 3
    sides = shape[2:] if channels_first else shape[1:3]
    size = str(settings["size"])
    if not size.isdecimal() or not 1 <= int(size) <= LARGEST:
        raise InputError(f"{file}: size={size!r} in its metadata is not a number from 1 to {LARGEST}")
    height, width = (side if isinstance(side, int) else int(size) for side in sides)
    if settings["activation"] not in ("auto", "none", "sigmoid"):
        raise ConfigError(f"onnx.activation {settings['activation']!r} is unknown; there are: auto, none, sigmoid")
    try:
        white = float(settings["range"])
    except ValueError as error:
        raise InputError(f"{file}: range={settings['range']!r} in its metadata is not a number") from error
    mean, std = (three_numbers(settings[option], f"onnx.{option}") for option in ("mean", "std"))
    return Form(height, width, mean, std, white, settings["activation"]), channels_first


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("onnx", "any network that onnxruntime can run: FILE.onnx", build)]
