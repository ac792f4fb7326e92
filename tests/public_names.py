"""The names that third parties may use.

After a change: python tests/public_names.py, from the root of the repository.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

RECORDED = Path(__file__).with_name("public_names.txt")
WHOLE = ("errors", "hookspecs", "kinds", "offer", "recipe", "runtime", "testing")  # every name without an underscore
LISTED = ("", "datasets", "weights", "metrics")  # the names in `__all__`
SINGLE = (
    "media.synthetic.make_clip(frames, height, width, seed, still)",
    "registry.build(kind, name, runtime, options)",
    "registry.entries(kind)",
    "registry.find(kind, name)",
    "registry.offers(kind)",
    "targets.open_target(given, runtime, options)",
)


def public_names() -> list[str]:
    """Every public name, with the parameters of functions and the public members of classes."""
    names = [name for module in LISTED for name in _listed(f"boostvsod.{module}".rstrip("."))]
    names += [name for module in WHOLE for name in _defined(f"boostvsod.{module}")]
    names += [name for single in SINGLE if (name := f"boostvsod.{single}") in set(_defined(_module_of(name)))]
    return sorted(names)


def _module_of(name: str) -> str:
    return name.partition("(")[0].rpartition(".")[0]


def _listed(module: str) -> Iterator[str]:
    yield from (f"{module}.{name}" for name in import_module(module).__all__)


def _defined(module: str) -> Iterator[str]:
    """What a module defines at its top, in the order of the file."""
    file = import_module(module).__file__
    assert file is not None
    yield from _names_in(ast.parse(Path(file).read_text()).body, module)


def _names_in(body: list[ast.stmt], where: str) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) if not name.startswith("_"):
                yield f"{where}.{name}({_parameters(node)})"
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield f"{where}.{name}"
                yield from _names_in(node.body, f"{where}.{name}")
            case ast.Assign(targets=targets):
                names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
                yield from (f"{where}.{name}" for name in names if not name.startswith("_"))
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                yield f"{where}.{name}"


def _parameters(node: ast.FunctionDef) -> str:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    return ", ".join(each.arg for each in every if each is not None and each.arg not in ("self", "cls"))


if __name__ == "__main__":
    RECORDED.write_text("\n".join(public_names()) + "\n")
