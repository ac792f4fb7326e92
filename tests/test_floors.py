"""The house has floors, and imports only go down: see docs/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import boostvsod

CORE = Path(boostvsod.__file__).parent
FLOORS = (  # from the ground up; rooms on one floor do not import one another
    "errors offer workers",
    "kinds runtime settings files",
    "media recipe",
    "hookspecs flow report",
    "registry metrics",
    "datasets weights targets",
    "training evaluate",
    "boosting testing",
    "engine",
    "__init__ bench",
    "cli",
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS, 1) for room in rooms.split()}
PUBLIC = "boostvsod"  # the package itself, when somebody imports a public name of it


def modules() -> dict[str, Path]:
    """Every module of the core by its dotted name, as boostvsod.media.images."""
    names = {path: (PUBLIC, *path.relative_to(CORE).with_suffix("").parts) for path in sorted(CORE.rglob("*.py"))}
    return {".".join(part for part in parts if part != "__init__"): path for path, parts in names.items()}


MODULES = modules()


def room(module: str) -> str:
    """The folder or the file at the top of the core that a module is in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imported(path: Path) -> Iterator[str]:
    """The names of all that a file imports: at its top, inside functions, and for types alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not used here"
            assert node.module is not None
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in submodules)


def arrows() -> list[tuple[str, str]]:
    """Every import within the core: who imports, and what."""
    return sorted(
        {(name, seen) for name, path in MODULES.items() for seen in imported(path) if seen in MODULES and seen != name}
    )


def rises(importer: str, seen: str) -> bool:
    """Whether an import goes up or stays on its floor, outside its own room."""
    return room(importer) != room(seen) and FLOOR[room(importer)] <= FLOOR[room(seen)]


def test_every_room_has_a_floor() -> None:
    assert {room(name) for name in MODULES} == set(FLOOR)


def test_no_import_goes_up() -> None:
    assert not [f"{importer} imports {seen}" for importer, seen in arrows() if rises(importer, seen)]


@pytest.mark.parametrize(
    ("importer", "seen", "wrong"),
    [
        ("boostvsod.media.images", "boostvsod.engine", True),
        ("boostvsod.kinds", "boostvsod.runtime", True),
        ("boostvsod.engine", "boostvsod.media.images", False),
        ("boostvsod.media.images", "boostvsod.media.video", False),
    ],
)
def test_what_counts_as_going_up(importer: str, seen: str, wrong: bool) -> None:
    assert rises(importer, seen) == wrong


def test_no_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for importer, seen in arrows():
        graph[importer].add(seen)
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"modules import one another in a circle: {' -> '.join(error.args[1])}")


def test_the_core_imports_no_plugin() -> None:
    plugins = ("boostvsod_adapters", "boostvsod_plugins")
    bad = [f"{name}: {seen}" for name, path in MODULES.items() for seen in imported(path) if seen.startswith(plugins)]
    assert not bad


def test_the_top_stays_small() -> None:
    here = [path for path in CORE.iterdir() if not path.name.startswith("__pycache__")]
    assert len([path for path in here if path.is_dir()]) <= 11
    assert len([path for path in here if path.suffix == ".py"]) <= 16
