"""Opens the plugin door once, and looks things up by name.

Whatever is wrong with one plugin costs that plugin alone, and one line that says so.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import os
import sys
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import pluggy

from boostvsod import hookspecs, registry
from boostvsod.errors import ConfigError, PluginError
from boostvsod.kinds import Densifier, FlowBackend, Fuser, Miner, MotionSaliency, Student, Target
from boostvsod.offer import API_VERSION, Card, Offer
from boostvsod.recipe import Recipe
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.kinds import Densifier, FlowBackend, Fuser, Layout, Miner, MotionSaliency, Proposer, Student, Target
    from boostvsod.recipe import Recipe

GROUP = "boostvsod"  # the entry-point group, and the distribution whose plugins are always let in
LIMIT = "BOOSTVSOD_PLUGINS"  # which other plugins are: names of distributions or of entry points

Kind = Literal[
    "targets", "students", "flows", "motion", "miners", "proposals", "densifiers", "fusers", "recipes", "datasets"
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Entry:
    """An offer and where it came from."""

    offer: Offer[Any]
    plugin: str  # distribution:entry-point

    @property
    def distribution(self) -> str:
        return self.plugin.partition(":")[0]


@dataclass
class Door:
    """Every plugin that came in, and why the others could not."""

    manager: pluggy.PluginManager
    broken: dict[str, str] = field(default_factory=dict)  # plugin -> reason
    kept_out: list[str] = field(default_factory=list)  # by the user's wish

    @functools.cached_property
    def shelves(self) -> dict[str, dict[str, list[Entry]]]:
        """kind -> name -> who offers it. More than one is a clash, settled when the name is asked for."""
        return {kind: self._collect(kind) for kind in KINDS}

    def _collect(self, kind: str) -> dict[str, list[Entry]]:
        shelf: dict[str, list[Entry]] = {}
        impls = getattr(self.manager.hook, f"offer_{kind}").get_hookimpls()
        for impl in sorted(impls, key=lambda impl: impl.plugin_name):
            try:
                offers = list(impl.function())
            except Exception as error:  # a plugin may do anything; it must not take the others down
                self.broken[impl.plugin_name] = f"its offer_{kind} failed: {_told(error)}"
                continue
            for offer in offers:
                shelf.setdefault(offer.name, []).append(Entry(offer, impl.plugin_name))
        return dict(sorted(shelf.items()))

    def clashes(self) -> dict[str, str]:
        """Names that several plugins claim."""
        return {
            f"{kind}/{name}": f"offered by {' and by '.join(entry.plugin for entry in entries)}"
            for kind, shelf in self.shelves.items()
            for name, entries in shelf.items()
            if len(entries) > 1
        }


@functools.cache
def door() -> Door:
    """Load every entry point of the group, built-in or not, in name order."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    opened = Door(manager)
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        distribution = point.dist.name if point.dist else "unknown"
        name = f"{distribution}:{point.name}"  # two distributions may use the same entry-point name
        if not _let_in(distribution, point.name):
            opened.kept_out.append(name)
        elif not manager.has_plugin(name):  # a distribution seen twice on sys.path is still one
            _admit(opened, name, point)
    return opened


def _let_in(distribution: str, point: str) -> bool:
    limit = os.environ.get(LIMIT)
    if limit is None or distribution == GROUP:
        return True
    return bool({distribution, point, f"{distribution}:{point}"} & {x.strip() for x in limit.split(",")})


def _admit(opened: Door, name: str, point: metadata.EntryPoint) -> None:
    try:
        plugin = point.load()
        wants = getattr(plugin, "boostvsod_api", API_VERSION)
        if wants != API_VERSION:
            raise PluginError(f"written for plugin API {wants}, this is {API_VERSION}; update one of the two")
        opened.manager.register(plugin, name=name)
        opened.manager.check_pending()  # a misspelt hook is an error, not silence
    except Exception as error:
        if opened.manager.has_plugin(name):
            opened.manager.unregister(name=name)
        opened.broken[name] = f"{point.value}: {_told(error)}"


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def entries(kind: Kind) -> dict[str, Entry]:
    """What is on offer and from where; a name that several plugins claim is `distribution:name` for each."""
    found: dict[str, Entry] = {}
    for name, claims in _shelf(kind).items():
        found |= {name if len(claims) == 1 else f"{claim.distribution}:{name}": claim for claim in claims}
    return found


def cards() -> dict[str, Card]:
    """The published networks on offer, of every kind, by name."""
    every = (entry.offer for kind in KINDS for entry in entries(kind).values())
    return {offer.name: offer.card for offer in every if offer.card is not None}


def card_of(name: str) -> Card | None:
    """What is known of the network of that name."""
    return cards().get(name)


def distributions() -> list[str]:
    """Where the plugins that were let in come from."""
    return sorted({name.partition(":")[0] for name, _ in door().manager.list_name_plugin()})


def offers(kind: Kind) -> dict[str, Offer[Any]]:
    """What is on offer, by name."""
    return {name: entry.offer for name, entry in entries(kind).items()}


def _shelf(kind: str) -> dict[str, list[Entry]]:
    if kind not in KINDS:
        raise ConfigError(f"no kind of plugin is called {kind!r}; {_near(kind, KINDS)}")
    return door().shelves[kind]


def _near(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}there are: {', '.join(known) or 'none'}"


def find(kind: Kind, name: str) -> Offer[Any]:
    """The offer of that name, or an error that helps."""
    found = offers(kind)
    if name in found:
        return found[name]
    if name in _shelf(kind):
        claims = ", ".join(f"{e.distribution}:{name}" for e in _shelf(kind)[name])
        raise PluginError(f"{kind}: several plugins offer {name!r}; say which: {claims}")
    for plugin, why in door().broken.items():
        if plugin.endswith(f":{name}"):
            raise PluginError(f"plugin {plugin!r} is installed but broken: {why}")
    raise ConfigError(f"{kind}: nothing is called {name!r}; {_near(name, found)}")


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
    """Build what is offered under `name`. Options are the keyword arguments of its builder."""
    return call_builder(find(kind, name).build, name, runtime, options)


def call_builder(builder: Any, name: str, runtime: Runtime | None, options: dict[str, Any]) -> Any:
    """Call a builder with the options it knows; an unknown or missing one is named."""
    known = inspect.signature(builder).parameters
    free = any(p.kind is p.VAR_KEYWORD for p in known.values())
    legal = [p for p in known if p != "runtime" and known[p].kind is not inspect.Parameter.VAR_KEYWORD]
    for option in options:
        if option not in legal and not free:
            raise ConfigError(f"{name} has no option {option!r}; {_near(option, legal)}")
    missing = [p for p in legal if known[p].default is inspect.Parameter.empty and p not in options]
    if missing:
        raise ConfigError(
            f"{name} needs {', '.join(missing)}: write {name}:VALUE for a target, --set {name}.{missing[0]}=VALUE else"
        )
    extra = {"runtime": runtime or Runtime()} if "runtime" in known else {}
    return builder(**options, **extra)


LIBRARIES = ("torch", "timm", "opencv-python", "numpy", "onnxruntime-gpu", "onnxruntime")


def versions() -> dict[str, str]:
    """Of everything that could change a map, plugins included."""
    found = {"python": sys.version.split()[0]}
    for library in (*registry.distributions(), *LIBRARIES):
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = "absent"
    return found
