"""The house has floors, and imports only go down: see docs/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import boostvsod
import boostvsod_adapters
import boostvsod_plugins

CORE = Path(boostvsod.__file__).parent
FLOORS = (  # from the ground up; rooms on one floor do not import one another
    "errors offer workers",
    "kinds settings stamps",
    "runtime files",
    "media recipe",
    "hookspecs flow report",
    "registry metrics",
    "datasets weights",
    "targets",
    "training scoring",
    "boosting testing",
    "engine",
    "__init__ bench",
    "cli",
    "__main__",
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS, 1) for room in rooms.split()}
PUBLIC = "boostvsod"  # the package itself, for imports of its public names


def modules(package: ModuleType) -> dict[str, Path]:
    """The files of a package by dotted name, such as boostvsod.media.images."""
    assert package.__file__ is not None
    top = Path(package.__file__).parent
    parts = {path: (top.name, *path.relative_to(top).with_suffix("").parts) for path in sorted(top.rglob("*.py"))}
    return {".".join(part for part in names if part != "__init__"): path for path, names in parts.items()}


MODULES = modules(boostvsod)
PLUGIN_PACKAGES = {package.__name__: modules(package) for package in (boostvsod_adapters, boostvsod_plugins)}


def room(module: str) -> str:
    """The folder or the file at the top of the core that a module is in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imported(path: Path, known: Container[str] = MODULES) -> Iterator[str]:
    """The names of all modules that a file imports: at its top, inside functions, and for types alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not used here"
            assert node.module is not None
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in submodules)


def arrows(package: Mapping[str, Path] = MODULES) -> list[tuple[str, str]]:
    """Every import within a package, as (importer, imported module)."""
    pairs = ((name, module) for name, path in package.items() for module in imported(path, package))
    return sorted({(name, module) for name, module in pairs if module in package and module != name})


def circle(package: Mapping[str, Path]) -> list[str]:
    """Modules of a package that import one another in a circle; empty if there is no circle."""
    graph: dict[str, set[str]] = {name: set() for name in package}
    for importer, module in arrows(package):
        graph[importer].add(module)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def rises(importer: str, module: str) -> bool:
    """Whether an import goes up or stays on its floor, outside its own room."""
    return room(importer) != room(module) and FLOOR[room(importer)] <= FLOOR[room(module)]


def test_every_room_has_a_floor() -> None:
    assert {room(name) for name in MODULES} == set(FLOOR)


def test_no_import_goes_up() -> None:
    assert not [f"{importer} imports {module}" for importer, module in arrows() if rises(importer, module)]


@pytest.mark.parametrize(
    ("importer", "module", "wrong"),
    [
        ("boostvsod.media.images", "boostvsod.engine", True),
        ("boostvsod.kinds", "boostvsod.runtime", True),
        ("boostvsod.engine", "boostvsod.media.images", False),
        ("boostvsod.media.images", "boostvsod.media.video", False),
    ],
)
def test_what_counts_as_going_up(importer: str, module: str, wrong: bool) -> None:
    assert rises(importer, module) == wrong


def test_no_circle() -> None:
    assert not circle(MODULES), "modules import one another in a circle"


@pytest.mark.parametrize("name", PLUGIN_PACKAGES)
def test_no_circle_among_plugins(name: str) -> None:
    assert not circle(PLUGIN_PACKAGES[name]), "modules import one another in a circle"


def test_a_circle_is_found(tmp_path: Path) -> None:
    for name, line in (("a", "import b"), ("b", "def f():\n    from c import x"), ("c", "from a import y"), ("d", "")):
        (tmp_path / f"{name}.py").write_text(line)
    assert set(circle({path.stem: path for path in tmp_path.iterdir()})) == {"a", "b", "c"}


def test_the_core_imports_no_plugin() -> None:
    plugins = ("boostvsod_adapters", "boostvsod_plugins")
    bad = [
        f"{name}: {module}" for name, path in MODULES.items() for module in imported(path) if module.startswith(plugins)
    ]
    assert not bad


@pytest.mark.parametrize(
    ("name", "other"), [("boostvsod_adapters", "boostvsod_plugins"), ("boostvsod_plugins", "boostvsod_adapters")]
)
def test_plugin_packages_do_not_import_each_other(name: str, other: str) -> None:
    paths = PLUGIN_PACKAGES[name].values()
    assert not [f"{path}: {module}" for path in paths for module in imported(path) if module.startswith(other)]


def test_the_top_stays_small() -> None:
    here = [path for path in CORE.iterdir() if not path.name.startswith("__pycache__")]
    assert len([path for path in here if path.is_dir()]) <= 11
    assert len([path for path in here if path.suffix == ".py"]) <= 16
