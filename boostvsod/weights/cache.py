"""The cache of weights files. Files are named after their networks, and changes are detected by hashes.

    HOME/weights/NAME.SUFFIX      the file
    HOME/weights/index.json       the hash of each file when it was added, and its source

HOME is the environment variable `BOOSTVSOD_HOME` or, by default, the platform's folder for caches.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from boostvsod.errors import WeightsError
from boostvsod.files import write_atomically, write_json
from boostvsod.stamps import file_stamp

HOME = "BOOSTVSOD_HOME"


@dataclass(frozen=True)
class CachedWeights:
    """One file in the cache."""

    name: str
    file: str
    sha256: str
    source: str


def home() -> Path:
    """The folder for files that should not be downloaded twice."""
    if own := os.environ.get(HOME):
        return Path(own).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "boostvsod"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "boostvsod"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "boostvsod"


def cache_folder() -> Path:
    """The folder of the cached weights."""
    return home() / "weights"


def cached_weights() -> dict[str, CachedWeights]:
    """The cached files: name of the network -> file."""
    index = cache_folder() / "index.json"
    if not index.is_file():
        return {}
    try:
        return {name: CachedWeights(name, **facts) for name, facts in json.loads(index.read_text()).items()}
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{index} is damaged ({error}); delete it, then add the weights again") from error


def add_to_cache(name: str, file: Path, source: str = "") -> CachedWeights:
    """Copy a file into the cache and store its hash. `source` is where it came from; the default is its path."""
    if not file.is_file():
        raise WeightsError(f"{file}: there is no such file")
    path = cache_folder() / f"{name}{''.join(file.suffixes[-1:])}"
    if file.resolve() != path.resolve():
        with write_atomically(path) as temporary:
            shutil.copyfile(file, temporary)
    entry = CachedWeights(name, path.name, file_stamp(path), source or str(file.resolve()))
    entries = {**cached_weights(), name: entry}
    facts = {n: {key: value for key, value in asdict(e).items() if key != "name"} for n, e in sorted(entries.items())}
    write_json(cache_folder() / "index.json", facts)
    return entry


def find_cached(name: str) -> Path | None:
    """The cached file of a network, after a check of its hash; None if there is none."""
    entry = cached_weights().get(name)
    if entry is None:
        return None
    path = cache_folder() / entry.file
    if not path.is_file():
        raise WeightsError(f"{path} was added to the cache but is gone; run: boostvsod weights add {name} FILE")
    if (now := file_stamp(path)) != entry.sha256:
        hashes = f"its sha256 was {entry.sha256[:12]} when it was added and is {now[:12]} now"
        raise WeightsError(f"{path} has changed: {hashes}; if that is intended, add it again")
    return path
