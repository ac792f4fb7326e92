"""A new plugin project: templates with the names filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from boostvsod.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from boostvsod.registry import Kind

TEMPLATES, SUFFIX = Path(__file__).parent / "templates", ".tmpl"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40  # characters of a name
NEW: dict[str, tuple[Kind, str]] = {  # kind -> where it is offered, and how the part is used
    "target": ("targets", "boostvsod run clip.mp4 --target {}"),
    "student": ("students", "boostvsod run clip.mp4 --set recipe.student={}"),
    "flow": ("flows", "boostvsod run clip.mp4 --flow {}"),
    "motion": ("motion", "boostvsod run clip.mp4 --set recipe.motion={}"),
    "miner": ("miners", "boostvsod run clip.mp4 --set recipe.miner={}"),
    "fuser": ("fusers", "boostvsod run clip.mp4 --set recipe.fuser={}"),
    "recipe": ("recipes", "boostvsod run clip.mp4 --recipe {}"),
}


def create(name: str, kind: str, folder: Path) -> list[Path]:
    """Write a project for a part of this name and kind into a new folder. Returns its files."""
    name = name.removeprefix("boostvsod-")
    module = f"boostvsod_{name.replace('-', '_')}"
    _check(name, kind, module, folder)
    plural, use = NEW[kind]
    words = {"name": name, "kind": kind, "plural": plural, "module": module, "distribution": f"boostvsod-{name}"}
    words |= {"use": use.format(name), "year": str(date.today().year)}
    written = []
    for path, template in _templates(kind):
        target = folder / path.replace("MODULE", module).replace("dot-", ".")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(template.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
        written.append(target)
    return written


def _templates(kind: str) -> Iterator[tuple[str, Path]]:
    """The path in the project, with placeholders, and the template of every file."""
    for root in (TEMPLATES / "common", TEMPLATES / kind):
        for path in sorted(root.rglob(f"*{SUFFIX}")):
            yield path.relative_to(root).as_posix().removesuffix(SUFFIX), path


def _check(name: str, kind: str, module: str, folder: Path) -> None:
    """Refuse bad or used names, and folders that exist."""
    from boostvsod.registry import entries

    if not NAME.fullmatch(name) or len(name) > LONGEST:
        rule = f"small letters, digits and single hyphens, the first a letter, at most {LONGEST} characters"
        raise ConfigError(f"the name {name!r} cannot be used; expected {rule}, as in my-net")
    used = entries(NEW[kind][0]).get(name)
    if used is not None:
        raise ConfigError(f"a {kind} called {name!r} exists, from {used.distribution}; choose another name")
    if find_spec(module) is not None:
        raise ConfigError(f"a package called {module} is installed; choose another name than {name!r}")
    if folder.exists() or folder.is_symlink():
        raise OutputError(f"{folder} exists; choose another name, or another folder with -o")
