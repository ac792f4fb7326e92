"""Any saliency network in an .onnx file, run by onnxruntime.

What the file says is believed: the input's size and layout from its shape, and `mean`, `std`, `range`,
`activation`, `size` from its metadata. Options go over that; what is left is ImageNet's usual.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostvsod.errors import ConfigError, InputError, PluginError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Map, Rgb, Target, Window
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime

log = logging.getLogger("boostvsod")
USUAL = {"mean": "0.485,0.456,0.406", "std": "0.229,0.224,0.225", "range": "1", "activation": "auto", "size": "320"}


@dataclass(frozen=True)
class Contract:
    """How the network wants its pictures, and what it makes of them."""

    height: int
    width: int
    channels_first: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    top: float  # the value of white before mean and std
    activation: str


class OnnxTarget:
    """One picture at a time: exported networks seldom take a batch."""

    window = 1
    batch = 1

    def __init__(self, session: onnxruntime.InferenceSession, contract: Contract, path: Path) -> None:
        self.session, self.path = session, path
        self.contract = _settled(contract, self)

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._map(window.frame.rgb) for window in windows]

    def _map(self, rgb: Rgb) -> Map:
        import numpy as np

        from boostvsod.media.maps import resize_map

        raw = self.raw(rgb)
        saliency = 1 / (1 + np.exp(-raw)) if self.contract.activation == "sigmoid" else raw
        return resize_map(saliency.astype(np.float32), *rgb.shape[:2])

    def raw(self, rgb: Rgb) -> np.ndarray:
        """The first output for a picture, H W, as the network gives it."""
        import numpy as np

        from boostvsod.media.images import resize_rgb

        how = self.contract
        x: Any = resize_rgb(rgb, how.height, how.width).astype(np.float32) * np.float32(how.top / 255)
        x = (x - np.array(how.mean, np.float32)) / np.array(how.std, np.float32)
        x = x.transpose(2, 0, 1) if how.channels_first else x
        output = np.asarray(self.session.run(None, {self.session.get_inputs()[0].name: x[None]})[0])
        squeezed = output.squeeze()
        if squeezed.ndim != 2:
            raise PluginError(f"{self.path}: its first output has shape {output.shape}; expected one map")
        return squeezed


def _settled(contract: Contract, target: OnnxTarget) -> Contract:
    """Where nobody says whether a sigmoid is missing, one look at noise tells, and is told."""
    from dataclasses import replace

    import numpy as np

    if contract.activation != "auto":
        return contract
    target.contract = contract
    raw = target.raw(np.random.default_rng(0).integers(0, 256, (contract.height, contract.width, 3), np.uint8))
    activation = "none" if raw.min() >= 0 and raw.max() <= 1 else "sigmoid"
    log.info("%s: outputs from %.3g to %.3g, so activation is %s", target.path, raw.min(), raw.max(), activation)
    return replace(contract, activation=activation)


def build(
    path: str,
    runtime: Runtime,
    size: int = 0,
    mean: str | Sequence[float] = "",
    std: str | Sequence[float] = "",
    range: float = 0.0,
    activation: str = "",
) -> Target:
    """`size`: side of the input where the file leaves it open; `range`: 1 or 255, the value of white
    before `mean` and `std` (three numbers each); `activation`: none, sigmoid, or auto.
    """
    from boostvsod.weights.onnx import open_session

    file = Path(path).expanduser()
    session = open_session(file, runtime)
    given = {"size": size, "mean": mean, "std": std, "range": range, "activation": activation}
    said = {k: v for k, v in session.get_modelmeta().custom_metadata_map.items() if k in USUAL}
    settings = USUAL | said | {k: v for k, v in given.items() if v}
    return OnnxTarget(session, _contract(session, settings, file), file)


def _contract(session: onnxruntime.InferenceSession, settings: dict[str, Any], file: Path) -> Contract:
    shape = session.get_inputs()[0].shape
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise InputError(f"{file}: its input has shape {shape}; expected N 3 H W or N H W 3")
    first = shape[1] == 3
    sides = shape[2:] if first else shape[1:3]
    height, width = (side if isinstance(side, int) else int(settings["size"]) for side in sides)
    if settings["activation"] not in ("auto", "none", "sigmoid"):
        raise ConfigError(f"onnx.activation {settings['activation']!r}: there are: auto, none, sigmoid")
    mean, std = (_three(settings[key], key) for key in ("mean", "std"))
    return Contract(height, width, first, mean, std, float(settings["range"]), settings["activation"])


def _three(value: str | Sequence[float], what: str) -> tuple[float, ...]:
    numbers = value.strip("[]() ").split(",") if isinstance(value, str) else value
    try:
        three = tuple(float(x) for x in numbers)
    except ValueError:
        three = ()
    if len(three) != 3:
        raise ConfigError(f"onnx.{what}={value!r}: expected three numbers, as in 0.485,0.456,0.406")
    return three


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("onnx", "FILE.onnx, any network that onnxruntime can run", build)]
