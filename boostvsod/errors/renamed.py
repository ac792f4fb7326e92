"""Names that changed: the old one works for one more version, and whoever uses it is told the new one."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

log = logging.getLogger("boostvsod")
MOVED: dict[str, tuple[str, str]] = {}  # every old name of a loaded module -> its new place, and the version without it


@cache
def warn_renamed(old: str, new: str, until: str) -> None:
    """Tell a user of the program, once, that a name or an option has another name now."""
    log.warning("%s is now called %s; the old name works until boostvsod %s", old, new, until)


def old_names(module: str, names: Mapping[str, tuple[str, str]]) -> Callable[[str], Any]:
    """A `__getattr__` for a module whose public names have moved: old name -> (new place, the version without it).

    The place is "boostvsod.media.maps.check_map", for example. Whoever imports an old name gets the object from
    there, and a DeprecationWarning.
    """
    MOVED.update({f"{module}.{name}": moved for name, moved in names.items()})

    def __getattr__(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        place, until = names[name]
        home, _, new = place.rpartition(".")
        message = f"{module}.{name} is now {place}; the old name works until boostvsod {until}"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(import_module(home), new)

    return __getattr__
