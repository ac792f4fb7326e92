"""boostvsod: better saliency maps of a video, from the maps of any saliency network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boostvsod.errors import BoostError, ConfigError, DeviceError, InputError, OutputError, PluginError, WeightsError
from boostvsod.hookspecs import hookimpl
from boostvsod.offer import Offer
from boostvsod.registry import build, offers
from boostvsod.weights.offline import bind_libraries

if TYPE_CHECKING:
    from boostvsod.boosting.predicting import predict
    from boostvsod.engine import boost
    from boostvsod.kinds import Frame, Result, Student, Window
    from boostvsod.media.video import Video
    from boostvsod.runtime import Runtime
    from boostvsod.scoring import evaluate

bind_libraries()  # before any of them is imported

__version__ = "0.1.0"
__all__ = [
    "BoostError",
    "ConfigError",
    "DeviceError",
    "Frame",
    "InputError",
    "Offer",
    "OutputError",
    "PluginError",
    "Result",
    "Runtime",
    "Student",
    "Video",
    "WeightsError",
    "Window",
    "boost",
    "build",
    "evaluate",
    "hookimpl",
    "offers",
    "predict",
]

LAZY = {  # imported on first use, so that a plugin which only needs `Offer` and `hookimpl` imports quickly
    "Frame": "kinds",
    "Result": "kinds",
    "Runtime": "runtime",
    "Student": "kinds",
    "Video": "media.video",
    "Window": "kinds",
    "boost": "engine",
    "evaluate": "scoring",
    "predict": "boosting.predicting",
}


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module 'boostvsod' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"boostvsod.{LAZY[name]}"), name)
