"""The packages that the code imports are those that pyproject.toml declares. The image holds what the wheel needs."""

from __future__ import annotations

import ast
import itertools
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from made import ROOT

PACKAGES = ("boostvsod", "adapters/boostvsod_adapters", "plugins/boostvsod_plugins")
OWN = {"boostvsod", "boostvsod_adapters", "boostvsod_plugins"}
pytestmark = pytest.mark.skipif(not (ROOT / "boostvsod").is_dir(), reason="needs the source tree")


def imported() -> Iterator[str]:
    """The top-level names of all modules that the three packages import."""
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def declared() -> set[str]:
    """The distributions that a user gets: the dependencies, and those of the extras whose code is here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = (project["optional-dependencies"][extra] for extra in ("hub", "ray", "studio", "vision"))
    requirements = [*project["dependencies"], *itertools.chain(*extras)]
    return {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}


def test_imported_packages_are_declared() -> None:
    owners = metadata.packages_distributions()
    foreign = {name for name in imported() if name not in OWN and name not in sys.stdlib_module_names}
    assert "torch" in foreign
    assert not [name for name in sorted(foreign) if not declared() & set(owners.get(name, ()))]


def test_declared_packages_are_imported() -> None:
    owners, used = metadata.packages_distributions(), set(imported())
    installed = {name for names in owners.values() for name in names}
    for name in declared() & installed:
        assert used & {module for module, names in owners.items() if name in names}, f"nothing imports {name}"


@pytest.mark.slow
def test_the_image_copies_all_that_the_wheel_is_made_of(tmp_path: Path) -> None:
    """No Docker is needed for this: the paths that the Dockerfile copies are built, as its last step does."""
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        command, *words = line.split()
        if command == "COPY":
            copy_as_docker(words[:-1], tmp_path / words[-1].lstrip("/"))
    wheel = ["pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(tmp_path / "src")]
    subprocess.run([sys.executable, "-m", *wheel], check=True, capture_output=True)
    (built,) = tmp_path.glob("boostvsod-*.whl")
    inside = {name for name in zipfile.ZipFile(built).namelist() if ".dist-info/" not in name}
    needed = {
        str((ROOT / package / path).relative_to((ROOT / package).parent))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == needed


def copy_as_docker(sources: list[str], place: Path) -> None:
    """Copy files into a folder, or the content of one folder to it."""
    for source in sources:
        path = ROOT / source
        if path.is_dir():
            shutil.copytree(path, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
