"""Targets by name: a spec is parsed once, and builds what it names.

ssav                the target that a plugin offers under this name
maps:DIR            a plugin's target with its first option: here a folder of maps
net.onnx            short for onnx:net.onnx
mymodel.py:build    the object that this function returns: a target, or a function from RGB to a map
mine=maps:DIR       any of these with a label for tables
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias, cast

from boostvsod import registry
from boostvsod.errors import ConfigError, PluginError
from boostvsod.errors.user_code import in_one_line, user_code
from boostvsod.kinds import Map, Prepares, Rgb, Target, Window
from boostvsod.media.maps import check_map
from boostvsod.runtime import Runtime
from boostvsod.stamps import content_stamp, files_stamp, module_files, opened_below
from boostvsod.weights.stamps import part_stamp

Options = Mapping[str, Any]
Saliency: TypeAlias = Callable[[Rgb], Map]  # a picture -> its map


class PerFrame:
    """A plain function from a picture to its map, as a target."""

    window = 1
    batch = 1

    def __init__(self, saliency: Saliency) -> None:
        self.saliency = saliency

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self.saliency(window.frame.rgb) for window in windows]


@dataclass(frozen=True)
class TargetSpec:
    """Which target is meant. `made` holds an object that the caller built; then the other fields only name it."""

    text: str  # as given, without the label
    label: str  # for tables
    name: str  # under which a plugin offers it, or the path of a Python file
    argument: str = ""  # after the colon
    made: Target | Saliency | None = None

    @classmethod
    def parse(cls, given: TargetInput) -> TargetSpec:
        """A spec from its text; a target or a function is taken as it is."""
        if isinstance(given, TargetSpec):
            return given
        if not isinstance(given, str):
            kind = type(given).__name__
            return cls(kind, kind, kind, made=given)
        label, text = split_label(given)
        name, argument = _split(text)
        return cls(text, label, name, argument)

    def __str__(self) -> str:
        return self.text

    @property
    def is_file(self) -> bool:
        """Whether a function in a Python file is meant."""
        return self.made is None and self.name.endswith(".py")

    def build(self, runtime: Runtime, options: Options | None = None) -> Target:
        """The target that is meant, with `options` for its builder."""
        if self.made is not None:
            return _as_target(self.made, repr(self.label))
        options = dict(options or {})
        if self.is_file:
            builder = _function(Path(self.name), self.argument or "build")
            return _as_target(registry.call_builder(builder, self.text, runtime, options), self.text)
        return registry.build("targets", self.name, runtime, **self._offered_options(options))

    def _offered_options(self, options: Options) -> dict[str, Any]:
        """The options, with the argument after the colon as the first option of the builder."""
        return {**options, _first_option(self.name): self.argument} if self.argument else dict(options)

    def stamp(self, options: Options) -> list[Any]:
        """What changes when the target does: its options, and the content of every file that it is made of.

        An object may predict something else next time, so it counts as a new target every time. A target of a
        Python file is built to find the files of its folder that it opens.
        """
        if self.made is not None:
            return [uuid.uuid4().hex]
        if not self.is_file:
            return part_stamp("targets", self.name, self._offered_options(options))
        script = Path(self.name)
        with opened_below(script.resolve().parent) as opened:
            self.build(Runtime(), options)
        files = {path for path in opened | module_files(script) if path.is_file()}
        return [self.argument, dict(options), content_stamp(dict(options)), files_stamp(files, script.resolve().parent)]


TargetInput: TypeAlias = "str | TargetSpec | Target | Saliency"


def open_target(given: TargetInput, runtime: Runtime, options: Options | None = None) -> Target:
    """The target that a spec names, built."""
    return TargetSpec.parse(given).build(runtime, options)


def prepare(target: Target, video: str, names: Sequence[str]) -> None:
    """Tell a target which video and frames come, if it wants to know."""
    if isinstance(target, Prepares):
        with user_code(f"target {type(target).__name__}"):
            target.prepare(video, names)


def predict_windows(target: Target, windows: Sequence[Window], who: str) -> list[Map]:
    """The maps of some windows, checked. `who` names the target in error messages."""
    with user_code(who, *(window.frame.name for window in windows)):
        maps = list(target.predict(windows))
    if len(maps) != len(windows):
        raise PluginError(f"{who}: {len(maps)} maps came back for {len(windows)} frames")
    return [check_map(m, w.frame.rgb.shape[:2], who, w.frame.name) for m, w in zip(maps, windows, strict=True)]


def split_label(text: str) -> tuple[str, str]:
    """LABEL=SPEC as label and spec; a spec without a label is named by its last part."""
    label, equals, spec = text.partition("=")
    if equals and not {":", "/"} & set(label):
        return label, spec
    return text.replace("{video}", "").rstrip("/").rpartition("/")[2].rpartition(":")[2] or text, text


def _split(text: str) -> tuple[str, str]:
    if text.lower().endswith(".onnx") and not text.startswith("onnx:"):
        return "onnx", text
    name, _, argument = text.partition(":")
    return name, argument


def _first_option(name: str) -> str:
    parameters = inspect.signature(registry.find("targets", name).build).parameters
    names = [p for p in parameters if p != "runtime"]
    if not names:
        raise ConfigError(f"target {name!r} takes nothing after the colon")
    return names[0]


def _function(path: Path, name: str) -> Callable[..., object]:
    if not path.is_file():
        raise ConfigError(f"target {path}:{name}: there is no file {path}")
    module = _import(path)
    function = getattr(module, name, None)
    if not callable(function):
        raise PluginError(f"{path} has no function {name!r}")
    return cast("Callable[..., object]", function)


def _import(path: Path) -> ModuleType:
    """The module of a Python file, with its neighbours importable, all read afresh: they may have been edited."""
    folder = str(path.resolve().parent)
    for name in [name for name, module in sys.modules.items() if _is_in(module, folder)]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None, "a .py file always has a spec"
    assert spec.loader is not None, "a .py file always has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, folder)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # bytecode is trusted by size and time alone
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise PluginError(f"{path} cannot be imported: {in_one_line(error)}") from error
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(folder)
        sys.path.append(folder)  # at the end it hides nothing; modules that are imported later are found there
    return module


def _is_in(module: ModuleType, folder: str) -> bool:
    """Whether a module is one of the user's, right in this folder."""
    file = getattr(module, "__file__", None)
    return bool(file) and module.__name__ != "__main__" and os.path.dirname(os.path.realpath(str(file))) == folder


def _as_target(made: object, who: str) -> Target:
    if hasattr(made, "predict"):
        return cast("Target", made)
    if callable(made):
        return PerFrame(made)
    raise PluginError(f"target {who}: {type(made).__name__} is neither a target (predict) nor a function")
