"""Targets by name: a spec is parsed once, and builds what it names.

ssav                the target that a plugin offers under this name
maps:DIR            a plugin's target with its first option: here a folder of maps
net.onnx            short for onnx:net.onnx; net.ts and net.torchscript are short for torchscript:FILE
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
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias, cast

from boostvsod import registry
from boostvsod.errors import ConfigError, PluginError
from boostvsod.errors.user_code import in_one_line, user_code
from boostvsod.kinds import Frame, Map, Prepares, Rgb, Target, Window
from boostvsod.media.form_options import OPTIONS, fields_of, form_options, given
from boostvsod.media.maps import check_map
from boostvsod.runtime import Runtime
from boostvsod.settings import options_of
from boostvsod.stamps import content_stamp, files_stamp, fingerprint, is_users, module_files, opened_files
from boostvsod.weights.opened import noted_readers
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
    ready: dict[str, Target] = field(default_factory=dict, compare=False, repr=False)  # built by `stamp`, not yet used

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
        options = dict(options or {})
        if self.made is not None:
            return _as_target(self.made, repr(self.label), runtime, options)
        if self.is_file:
            return self.ready.pop(fingerprint(str(runtime), options), None) or self._build_file(runtime, options)
        target = registry.build("targets", self.name, runtime, **self._offered_options(options))
        return _checked(target, self.text)

    def check(self, options: Options) -> None:
        """Refuse wrong options of an offered target; nothing is built. Those of a file are checked when it is built."""
        if self.made is None and not self.is_file:
            registry.checked_options("targets", self.name, self._offered_options(dict(options)))

    def _build_file(self, runtime: Runtime, options: Options) -> Target:
        """The target of a Python file. Its module is read afresh."""
        builder = load_function(Path(self.name), self.argument or "build")
        own = registry.parameters_of(builder, self.text)
        takes_all = registry.takes_any_option(builder)
        form = {k: v for k, v in options.items() if k in OPTIONS and k not in own and not takes_all}
        built = {k: v for k, v in options.items() if k not in form}
        made = registry.call_builder(builder, self.text, runtime, built, table="target")
        return _as_target(made, self.text, runtime, form)

    def _offered_options(self, options: Options) -> dict[str, Any]:
        """The options, with the argument after the colon as the first option of the builder."""
        if not self.argument:
            return dict(options)
        first = _first_option(self.name)
        if options.get(first, self.argument) != self.argument:
            raise ConfigError(f"{self.text} and {first}={options[first]} name two different {first}; leave one out")
        return {**options, first: self.argument}

    def stamp(self, options: Options, runtime: Runtime) -> list[Any]:
        """What changes when the target does: its options, and the content of every file that it is made of.

        An object may predict something else next time, so it counts as a new target every time. A target of a
        Python file is built to find the modules that it imports and the files that it opens, wherever they are. The
        next `build` with the same options returns it.
        """
        if self.made is not None:
            return [uuid.uuid4().hex]
        if not self.is_file:
            return part_stamp("targets", self.name, self._offered_options(options))
        script = Path(self.name)
        runtime.apply()  # random weights are those that a run draws
        with opened_files() as opened, noted_readers(opened.read):
            self.ready[fingerprint(str(runtime), dict(options))] = self._build_file(runtime, options)
        files, versions = module_files(script)
        files |= {path for path in opened.read if is_users(path)}
        counted = (path for path in files - opened.written if path.is_file())
        contents = files_stamp(counted, script.resolve().parent)
        return [self.argument, dict(options), content_stamp(dict(options)), contents, versions]


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
    return [_checked_map(m, w.frame, who) for m, w in zip(maps, windows, strict=True)]


def _checked_map(saliency: object, frame: Frame, who: str) -> Map:
    with user_code(who, frame.name):  # a tensor that needs gradients, or lies on a GPU, becomes no array
        return check_map(saliency, frame.rgb.shape[:2], who, frame.name)


def split_label(text: str) -> tuple[str, str]:
    """LABEL=SPEC as label and spec; a spec without a label is named by its last part."""
    label, equals, spec = text.partition("=")
    if equals and not {":", "/"} & set(label):
        return label, spec
    return text.replace("{video}", "").rstrip("/").rpartition("/")[2].rpartition(":")[2] or text, text


SUFFIXES = {".onnx": "onnx", ".ts": "torchscript", ".torchscript": "torchscript"}  # of files -> the target's name


def _split(text: str) -> tuple[str, str]:
    name = SUFFIXES.get(Path(text).suffix.lower(), "")
    if name and not text.startswith(f"{name}:"):
        return name, text
    name, _, argument = text.partition(":")
    return name, argument


def _first_option(name: str) -> str:
    parameters = inspect.signature(registry.find("targets", name).build).parameters
    names = [p for p in parameters if p != "runtime"]
    if not names:
        raise ConfigError(f"target {name!r} takes nothing after the colon")
    return names[0]


def load_function(path: Path, name: str) -> Callable[..., object]:
    """A function of a Python file, which is read afresh."""
    if not path.is_file():
        raise ConfigError(f"target {path}:{name}: there is no file {path}")
    module = _import(path)
    function = getattr(module, name, None)
    if not callable(function):
        defined = [key for key, value in vars(module).items() if inspect.isfunction(value) and not key.startswith("_")]
        rest = f"; it has: {', '.join(defined)}; write {path}:{defined[0]}" if defined else ""
        raise PluginError(f"{path} has no function {name!r}{rest}")
    return cast("Callable[..., object]", function)


LOADED: set[str] = set()  # the modules that scripts of targets have imported


def _import(path: Path) -> ModuleType:
    """The module of a Python file, with its neighbours importable, all read afresh: they may have been edited."""
    _forget(path.resolve().parent)
    before, folder = set(sys.modules), path.resolve().parent
    package, root = _package_of(path.resolve())
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # bytecode is trusted by size and time alone
    sys.path[:0] = [str(folder), str(root)]
    try:
        return _executed(path, package)
    except (Exception, SystemExit) as error:
        raise PluginError(f"{path} cannot be imported: {in_one_line(error)}{_hint(error)}") from error
    finally:
        sys.dont_write_bytecode = writes
        for place in (str(folder), str(root)):
            sys.path.remove(place)
            sys.path.append(place)  # at the end it hides nothing; modules that are imported later are found there
        LOADED.update(set(sys.modules) - before)


def _executed(path: Path, package: str) -> ModuleType:
    """The module of a file. In a package it may use relative imports."""
    name = f"{package}.{path.stem}" if package else path.stem
    if package:
        importlib.import_module(package)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a .py file always has a spec"
    assert spec.loader is not None, "a .py file always has a loader"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _package_of(path: Path) -> tuple[str, Path]:
    """The dotted name of the package that a file lies in, and the folder that holds the package."""
    folder, names = path.parent, list[str]()
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        names.insert(0, folder.name)
        folder = folder.parent
    return ".".join(names), folder


def _forget(folder: Path) -> None:
    """Forget the user's modules of a folder, and those that scripts imported from elsewhere."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name == "__main__" or not is_users(Path(os.path.realpath(file))):
            continue
        if name in LOADED or Path(os.path.realpath(file)).parent == folder:
            del sys.modules[name]
    LOADED.clear()


def _hint(error: BaseException) -> str:
    """What to do about a module that is not found."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"; install {error.name.partition('.')[0]}, or put it beside the file"
    if isinstance(error, ImportError) and "relative import" in str(error):
        return "; a relative import needs an __init__.py in the folder of the file"
    return ""


def _as_target(made: object, who: str, runtime: Runtime, form: Options) -> Target:
    """A target from what a builder returned: a target, a torch network, or a function from RGB to a map.

    `form` holds the options of a network: how it takes pictures, and which output is the map.
    """
    torch = sys.modules.get("torch")
    is_network = torch is not None and isinstance(made, torch.nn.Module) and not hasattr(made, "predict")
    if is_network:
        return _network(made, who, runtime, form)
    if form:
        raise ConfigError(f"target {who}: {', '.join(form)}: only a torch network that is returned has these options")
    if callable(getattr(made, "predict", None)):
        return _checked(made, who)
    if inspect.isclass(made):
        raise PluginError(
            f"target {who}: the class {made.__name__} came back; return an object of it: {made.__name__}()"
        )
    if callable(made):
        return PerFrame(made)
    hint = "; did the function forget to return it?" if made is None else ""
    raise PluginError(
        f"target {who}: {type(made).__name__} is neither a target (predict), nor a torch network, nor a function{hint}"
    )


def _network(net: Any, who: str, runtime: Runtime, form: Options) -> Target:
    from boostvsod.media.forms import Form
    from boostvsod.weights.modules import ModuleTarget

    known = options_of(form_options)
    for option, value in form.items():
        if option not in known:
            raise ConfigError(f"target {who} has no option {option!r}; there are: {', '.join(known)}")
        known[option].check(value, "target")
    with user_code(f"target {who}"):
        return ModuleTarget(net, runtime, f"target {who}", Form(**fields_of(given(form))))


def _checked(made: object, who: str) -> Target:
    """A target, if it has what the contract wants: `predict`, and `window` and `batch` of at least 1."""
    if not callable(getattr(made, "predict", None)):
        raise PluginError(f"target {who}: {type(made).__name__} has no method predict(windows)")
    for name in ("window", "batch"):
        value = getattr(made, name, None)
        if not isinstance(value, int) or value < 1:
            seen = "it has none" if value is None else f"it is {value!r}"
            raise PluginError(
                f"target {who}: {type(made).__name__}.{name} must be a number of frames, {seen}: "
                f"write `{name} = 1` in the class"
            )
    return cast("Target", made)
