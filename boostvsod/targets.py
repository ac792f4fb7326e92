"""How a target is named: an offered name, `NAME:ARGUMENT`, a network file, or a function in a file.

ssav                a plugin's target
maps:DIR            a plugin's target with its first option: here a folder of maps
net.onnx            short for onnx:net.onnx
mymodel.py:build    whatever that function returns: a target, or a function from RGB to a map
"""

from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from boostvsod import registry
from boostvsod.errors import ConfigError, PluginError
from boostvsod.files import path_stamp
from boostvsod.kinds import Map, Prepares, Rgb, Target, Window
from boostvsod.runtime import Runtime


class PerFrame:
    """A plain function from a picture to its map, as a target."""

    window = 1
    batch = 1

    def __init__(self, saliency: Callable[[Rgb], Map]) -> None:
        self.saliency = saliency

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self.saliency(window.frame.rgb) for window in windows]


def open_target(spec: Any, runtime: Runtime, options: dict[str, Any] | None = None) -> Target:
    """Build what `spec` names; a target or function that is already there is taken as it is."""
    if not isinstance(spec, str):
        return _as_target(spec, repr(type(spec).__name__))
    name, _, argument = _split(spec)
    options = dict(options or {})
    if name.endswith(".py"):
        builder = _function(Path(name), argument or "build")
        return _as_target(registry.call_builder(builder, spec, runtime, options), spec)
    if argument:
        options[_first_option(name)] = argument
    return registry.build("targets", name, runtime, **options)


def prepare(target: Target, video: str, names: Sequence[str]) -> None:
    """Tell a target what is coming, if it wants to know."""
    if isinstance(target, Prepares):
        target.prepare(video, names)


def stamp(spec: Any, options: dict[str, Any]) -> list[Any]:
    """What changes when the target does: its name, options, and every file or folder they name.

    Nobody can tell whether an object still predicts what it did, so it is another target every time.
    """
    if not isinstance(spec, str):
        return [uuid.uuid4().hex]
    name, _, argument = _split(spec)
    return [spec, options, [path_stamp(value) for value in (name, argument, *options.values())]]


def _split(spec: str) -> tuple[str, str, str]:
    if spec.lower().endswith(".onnx") and not spec.startswith("onnx:"):
        return "onnx", ":", spec
    return spec.partition(":")


def _first_option(name: str) -> str:
    import inspect

    parameters = inspect.signature(registry.find("targets", name).build).parameters
    names = [p for p in parameters if p != "runtime"]
    if not names:
        raise ConfigError(f"target {name!r} takes nothing after the colon")
    return names[0]


def _function(path: Path, name: str) -> Any:
    if not path.is_file():
        raise ConfigError(f"target {path}:{name}: there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None, "a .py file always has a loader"
    assert spec.loader is not None, "so it has"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(getattr(module, name, None)):
        raise PluginError(f"{path} has no function {name!r}")
    return getattr(module, name)


def _as_target(made: Any, spec: str) -> Target:
    if hasattr(made, "predict"):
        return made  # type: ignore[no-any-return]
    if callable(made):
        return PerFrame(made)
    raise PluginError(f"target {spec}: {type(made).__name__} is neither a target (predict) nor a function")


def named(target: str) -> tuple[str, str]:
    """NAME=SPEC, or a spec that is named by its last part."""
    name, equals, spec = target.partition("=")
    if equals and not {":", "/"} & set(name):
        return name, spec
    return target.replace("{video}", "").rstrip("/").rpartition("/")[2].rpartition(":")[2] or target, target
