"""The registry: loads all plugins once, finds their offers by name, and builds parts.

A faulty plugin is skipped and reported in one line. The other plugins still load.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import pluggy

from boostvsod import hookspecs
from boostvsod.errors import ConfigError, PluginError
from boostvsod.errors.renamed import warn_renamed
from boostvsod.errors.user_code import user_code
from boostvsod.offer import API_VERSION, Card, Offer
from boostvsod.runtime import Runtime
from boostvsod.settings import Option, options_of

if TYPE_CHECKING:
    from boostvsod.kinds import Densifier, FlowBackend, Fuser, Layout, Miner, MotionSaliency, Proposer, Student, Target
    from boostvsod.recipe import Recipe

GROUP = "boostvsod"  # the entry-point group, and the distribution whose plugins are always enabled
LIMIT = "BOOSTVSOD_PLUGINS"  # if set, only these other plugins are enabled: distributions or entry points

Kind = Literal[
    "targets", "students", "flows", "motion", "miners", "proposals", "densifiers", "fusers", "recipes", "datasets"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
TWIN = "twin"  # as recipe.student: no part, but the target itself learns
LIBRARIES = ("torch", "timm", "opencv-python", "numpy", "onnxruntime-gpu", "onnxruntime")


@dataclass(frozen=True)
class Entry:
    """An offer and the plugin that it comes from."""

    offer: Offer[Any]
    plugin: str  # distribution:entry-point

    @property
    def distribution(self) -> str:
        """The name of the distribution that the plugin belongs to."""
        return self.plugin.partition(":")[0]


@dataclass
class Door:
    """All loaded plugins, the reasons why others failed, and the plugins that the user disabled."""

    manager: pluggy.PluginManager
    broken: dict[str, str] = field(default_factory=dict)  # plugin -> reason
    disabled: list[str] = field(default_factory=list)  # by the user

    @functools.cached_property
    def offered(self) -> dict[str, dict[str, list[Entry]]]:
        """kind -> name -> its offers. Several offers of one name are a clash, which `find` reports."""
        return {kind: self._collect(kind) for kind in KINDS}

    def _collect(self, kind: str) -> dict[str, list[Entry]]:
        """name -> its offers, of one kind. A plugin whose hook fails is added to `broken`."""
        by_name: dict[str, list[Entry]] = {}
        impls = getattr(self.manager.hook, f"offer_{kind}").get_hookimpls()
        for impl in sorted(impls, key=lambda impl: impl.plugin_name):
            try:
                offers = list(impl.function())
            except (Exception, SystemExit) as error:  # a plugin may raise anything; the others must still work
                self.broken[impl.plugin_name] = f"its offer_{kind} failed: {_one_line(error)}"
                continue
            for offer in offers:
                by_name.setdefault(offer.name, []).append(Entry(offer, impl.plugin_name))
        return dict(sorted(by_name.items()))

    def call(self, hook: str, **arguments: object) -> None:
        """Call a hook that returns nothing, of every plugin. A plugin whose hook fails is added to `broken`."""
        for impl in getattr(self.manager.hook, hook).get_hookimpls():
            try:
                impl.function(*(arguments[name] for name in impl.argnames))
            except (Exception, SystemExit) as error:
                self.broken[impl.plugin_name] = f"its {hook} failed: {_one_line(error)}"

    def clashes(self) -> dict[str, str]:
        """The names that several plugins offer: kind/name -> a message."""
        return {
            f"{kind}/{name}": f"offered by {' and by '.join(entry.plugin for entry in entries)}"
            for kind, by_name in self.offered.items()
            for name, entries in by_name.items()
            if len(entries) > 1
        }


@functools.cache
def door() -> Door:
    """Load all entry points of the group, built-in or not, sorted by name."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    opened = Door(manager)
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        distribution = point.dist.name if point.dist else "unknown"
        name = f"{distribution}:{point.name}"  # two distributions may use the same entry-point name
        if not _is_enabled(distribution, point.name):
            opened.disabled.append(name)
        elif not manager.has_plugin(name):  # a distribution may be on sys.path twice
            _load(opened, name, point)
    return opened


def _is_enabled(distribution: str, point: str) -> bool:
    """Whether the user allows a plugin: BOOSTVSOD_PLUGINS is not set, or names it. Built-ins are always allowed."""
    limit = os.environ.get(LIMIT)
    if limit is None or distribution == GROUP:
        return True
    return bool({distribution, point, f"{distribution}:{point}"} & {x.strip() for x in limit.split(",")})


def _load(opened: Door, name: str, point: metadata.EntryPoint) -> None:
    """Load one plugin, or add it to `broken` with the reason."""
    try:
        plugin = point.load()
        version = getattr(plugin, "boostvsod_api", API_VERSION)
        if version != API_VERSION:
            raise PluginError(f"written for plugin API {version}, this is {API_VERSION}; update one of the two")
        opened.manager.register(plugin, name=name)
        opened.manager.check_pending()  # raises an error for a misspelt hook
    except (Exception, SystemExit) as error:
        if opened.manager.has_plugin(name):
            opened.manager.unregister(name=name)
        opened.broken[name] = f"{point.value}: {_one_line(error)}"


def _one_line(error: BaseException) -> str:
    """An error and its message in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def entries(kind: Kind) -> dict[str, Entry]:
    """name -> offer and plugin. If several plugins offer a name, it becomes `distribution:name` for each of them."""
    by_name: dict[str, Entry] = {}
    for name, same in _offered(kind).items():
        by_name |= {name if len(same) == 1 else f"{entry.distribution}:{name}": entry for entry in same}
    return by_name


def cards() -> dict[str, Card]:
    """name -> card, for all offered networks that have one."""
    every = (entry.offer for kind in KINDS for entry in entries(kind).values())
    return {offer.name: offer.card for offer in every if offer.card is not None}


def card_of(name: str) -> Card | None:
    """The card of a network; None if it has none or is unknown."""
    return cards().get(name)


def packages() -> list[str]:
    """The top-level packages of the core and of all loaded plugins."""
    plugins = [plugin for _, plugin in door().manager.list_name_plugin()]
    modules = [getattr(plugin, "__name__", None) or type(plugin).__module__ for plugin in plugins]
    return sorted({GROUP, *(module.partition(".")[0] for module in modules)})


def distributions() -> list[str]:
    """The distributions that the loaded plugins belong to."""
    return sorted({name.partition(":")[0] for name, _ in door().manager.list_name_plugin()})


def offers(kind: Kind) -> dict[str, Offer[Any]]:
    """name -> offer, of one kind."""
    return {name: entry.offer for name, entry in entries(kind).items()}


def _offered(kind: str) -> dict[str, list[Entry]]:
    """name -> its offers, of one kind, which is checked."""
    if kind not in KINDS:
        raise ConfigError(f"no kind of plugin is called {kind!r}; {suggestion(kind, KINDS)}")
    return door().offered[kind]


def suggestion(name: str, known: Iterable[str]) -> str:
    """The most similar known name, and all known names, for an error message."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}there are: {', '.join(known) or 'none'}"


def find(kind: Kind, name: str) -> Offer[Any]:
    """The offer of a name; the error for an unknown name suggests a similar one."""
    return entry(kind, name).offer


def entry(kind: Kind, name: str) -> Entry:
    """The offer of a name, and the plugin that it comes from."""
    by_name = entries(kind)
    if name in by_name:
        return by_name[name]
    if name in _offered(kind):
        full_names = ", ".join(f"{entry.distribution}:{name}" for entry in _offered(kind)[name])
        raise PluginError(f"{kind}: several plugins offer {name!r}; use one of: {full_names}")
    for current, each in by_name.items():
        if each.offer.formerly and each.offer.formerly.name == name:
            warn_renamed(f"{kind} {name}", current, each.offer.formerly.until)
            return each
    for plugin, why in door().broken.items():
        if plugin.endswith(f":{name}"):
            raise PluginError(f"plugin {plugin!r} is installed but broken: {why}")
    raise ConfigError(f"{kind}: nothing is called {name!r}; {suggestion(name, by_name)}")


@overload
def build(kind: Literal["targets"], name: str, runtime: Runtime | None = None, **options: Any) -> Target: ...
@overload
def build(kind: Literal["students"], name: str, runtime: Runtime | None = None, **options: Any) -> Student: ...
@overload
def build(kind: Literal["flows"], name: str, runtime: Runtime | None = None, **options: Any) -> FlowBackend: ...
@overload
def build(kind: Literal["motion"], name: str, runtime: Runtime | None = None, **options: Any) -> MotionSaliency: ...
@overload
def build(kind: Literal["miners"], name: str, runtime: Runtime | None = None, **options: Any) -> Miner: ...
@overload
def build(kind: Literal["proposals"], name: str, runtime: Runtime | None = None, **options: Any) -> Proposer: ...
@overload
def build(kind: Literal["densifiers"], name: str, runtime: Runtime | None = None, **options: Any) -> Densifier: ...
@overload
def build(kind: Literal["fusers"], name: str, runtime: Runtime | None = None, **options: Any) -> Fuser: ...
@overload
def build(kind: Literal["recipes"], name: str, runtime: Runtime | None = None, **options: Any) -> Recipe: ...
@overload
def build(kind: Literal["datasets"], name: str, runtime: Runtime | None = None, **options: Any) -> Layout: ...
def build(kind: Kind, name: str, runtime: Runtime | None = None, **options: Any) -> Any:
    """Build the part that is offered as `name`. The options are the keyword arguments of its builder."""
    return call_builder(find(kind, name).build, name, runtime, options, "target" if kind == "targets" else name)


def call_builder(
    builder: Callable[..., Any], name: str, runtime: Runtime | None, options: dict[str, Any], table: str = ""
) -> Any:
    """Call a builder with options. The error for unknown or missing options names them.

    `table` is where users set the options, as in `--set TABLE.OPTION=VALUE`.
    """
    table = table or name
    options = _checked(builder, name, options, table)
    missing = [option.name for option in parameters_of(builder, name).values() if option.is_required]
    missing = [option for option in missing if option not in options]
    if missing:
        raise ConfigError(f"{name} needs {', '.join(missing)}: --set {table}.{missing[0]}=VALUE")
    extra = {"runtime": runtime or Runtime()} if "runtime" in inspect.signature(builder).parameters else {}
    with user_code(name):
        return builder(**options, **extra)


def checked_options(kind: Kind, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options for the part that is offered as `name`, under their current names, after a check of all values."""
    return _checked(find(kind, name).build, name, options, "target" if kind == "targets" else name)


def checked_recipe(recipe: Recipe) -> Recipe:
    """A recipe after a check of all its parts and their options, which get their current names. Nothing is built."""
    kinds: dict[Kind, tuple[str, ...]] = {
        "flows": (recipe.flow,),
        "motion": (recipe.motion,),
        "miners": (recipe.miner,),
        "densifiers": (recipe.densifier,),
        "students": (recipe.student, recipe.stand_in),
        "fusers": (recipe.fuser,),
    }
    options = dict(recipe.options)
    for kind, names in kinds.items():
        for name in names:
            if name not in ("", TWIN):
                options[name] = checked_options(kind, name, recipe.of(name))
    return replace(recipe, options={part: own for part, own in options.items() if own})


def _checked(builder: Callable[..., Any], name: str, options: Mapping[str, Any], table: str) -> dict[str, Any]:
    """Options under their current names. Unknown ones, wrong types and numbers outside their range are refused."""
    legal = parameters_of(builder, name)
    former = {option.formerly.name: option for option in legal.values() if option.formerly}
    checked = {}
    for given, value in options.items():
        option = legal.get(given) or former.get(given)
        if option is None and not takes_any_option(builder):
            raise ConfigError(f"{name} has no option {given!r}; {suggestion(given, legal)}")
        option = option or Option(given, None)
        if option.formerly and given == option.formerly.name:
            warn_renamed(f"{table}.{given}", f"{table}.{option.name}", option.formerly.until)
        option.check(value, table)
        checked[option.name] = value
    return checked


def parameters_of(builder: Callable[..., Any], name: str) -> dict[str, Option]:
    """The options of a builder by name. `name` names the part in the error."""
    try:
        return options_of(builder)
    except (TypeError, ValueError) as error:  # some functions in C
        raise PluginError(f"{name}: its builder has no signature; write a function around it") from error


def takes_any_option(builder: Callable[..., Any]) -> bool:
    """Whether a builder has `**options`, so that it takes options of any name."""
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(builder).parameters.values())


def versions() -> dict[str, str]:
    """The versions of Python, of all libraries that can change a map, and of the distributions of plugins."""
    by_name = {"python": sys.version.split()[0]}
    for library in (*distributions(), *LIBRARIES):
        try:
            by_name[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            by_name[library] = "absent"
    return by_name
