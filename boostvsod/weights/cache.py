"""Weights kept for later, by the name of the network they belong to, and never changed unnoticed.

    HOME/weights/NAME.SUFFIX      the file
    HOME/weights/index.json       its hash when it came, and where it came from

HOME is `BOOSTVSOD_HOME` or the platform's folder for caches.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from boostvsod.errors import WeightsError
from boostvsod.files import sha256, write_atomically, write_json

HOME = "BOOSTVSOD_HOME"


@dataclass(frozen=True)
class CachedWeights:
    """One file on the shelf."""

    name: str
    file: str
    sha256: str
    source: str


def home() -> Path:
    """Where this program keeps what it should not fetch twice."""
    if own := os.environ.get(HOME):
        return Path(own).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "boostvsod"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "boostvsod"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "boostvsod"


def cache_folder() -> Path:
    return home() / "weights"


def cached_weights() -> dict[str, CachedWeights]:
    """What is on the shelf, by network."""
    index = cache_folder() / "index.json"
    if not index.is_file():
        return {}
    try:
        return {name: CachedWeights(name, **facts) for name, facts in json.loads(index.read_text()).items()}
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{index} is damaged ({error}); delete it and add the weights again") from error


def add_to_cache(name: str, file: Path, source: str = "") -> CachedWeights:
    """Put a copy of a file on the shelf, and remember its hash."""
    if not file.is_file():
        raise WeightsError(f"{file}: there is no such file")
    place = cache_folder() / f"{name}{''.join(file.suffixes[-1:])}"
    if file.resolve() != place.resolve():
        with write_atomically(place) as temporary:
            shutil.copyfile(file, temporary)
    entry = CachedWeights(name, place.name, sha256(place), source or str(file.resolve()))
    entries = {**cached_weights(), name: entry}
    facts = {n: {key: value for key, value in asdict(e).items() if key != "name"} for n, e in sorted(entries.items())}
    write_json(cache_folder() / "index.json", facts)
    return entry


def find_cached(name: str) -> Path | None:
    """The file kept under a name, after a look at its hash; None if there is none."""
    entry = cached_weights().get(name)
    if entry is None:
        return None
    path = cache_folder() / entry.file
    if not path.is_file():
        raise WeightsError(f"{path} was there and is gone; boostvsod weights add {name} FILE")
    if (found := sha256(path)) != entry.sha256:
        was = f"its sha256 was {entry.sha256[:12]} when it came and is {found[:12]} now"
        raise WeightsError(f"{path} has changed: {was}; add it again if that is right")
    return path
