"""Publishing a run: the final maps take their place all at once, then the record says so.

The record holds the hash of each published map, so a later run sees whether they are still what was published.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from typing import Any

from boostvsod.boosting.folder import RunFolder
from boostvsod.boosting.store import WRITERS, Store, StoredMaps
from boostvsod.files import write_json
from boostvsod.media.images import write_map
from boostvsod.stamps import file_stamp
from boostvsod.workers import ready_ahead

DROPPED = ("index", "target", "motion")  # later stages stay: a sweep over options comes back to them


def publish(store: Store, names: Sequence[str], bits: int, record: dict[str, Any]) -> dict[str, Any]:
    """Write the final maps in 8 or 16 bits, then the record, and return it with the hashes of the maps.

    The old maps are moved aside in one step and deleted afterwards. A run that ends in between leaves no record,
    so the next run publishes again.
    """
    folder = store.folder
    hashes = _write_maps(store, names, bits)
    _adopt_others(folder, hashes)
    folder.record_path.unlink(missing_ok=True)  # from here on the old record would be wrong
    if folder.maps.exists():
        folder.maps.rename(folder.replaced)
    folder.unpublished.rename(folder.maps)
    record = {**record, "published": hashes}
    write_json(folder.record_path, record)
    shutil.rmtree(folder.replaced, ignore_errors=True)
    _drop_stale(store)
    return record


def _write_maps(store: Store, names: Sequence[str], bits: int) -> dict[str, str]:
    """The final maps beside their place; returns name -> hash."""
    folder, hashes = store.folder, {}
    for path in (folder.unpublished, folder.replaced):
        shutil.rmtree(path, ignore_errors=True)
    maps = StoredMaps(store.stage("final"), names, store.recent)

    def write(i: int) -> str:
        path = folder.unpublished / f"{names[i]}.png"
        write_map(path, maps[i], bits)
        return file_stamp(path)

    for i, stamp in enumerate(ready_ahead(write, range(len(names)), WRITERS)):
        hashes[names[i]] = stamp
        store.progress("maps", i + 1, store.total)
    return hashes


def is_published(folder: RunFolder, record: dict[str, Any]) -> bool:
    """Whether the maps of a record are all there and unchanged."""
    published: dict[str, str] = record.get("published", {})
    paths = {folder.maps / f"{name}.png": stamp for name, stamp in published.items()}
    return all(path.is_file() and file_stamp(path) == stamp for path, stamp in paths.items())


def _adopt_others(folder: RunFolder, hashes: dict[str, str]) -> None:
    """Copy files that somebody else put beside the old maps to the new ones, and remember which are our own."""
    own = {*_published_before(folder), *(f"{name}.png" for name in hashes)}
    for path in folder.maps.iterdir() if folder.maps.is_dir() else ():
        if path.name not in own:
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, folder.unpublished / path.name)
    write_json(folder.published, sorted(own))


def _published_before(folder: RunFolder) -> list[str]:
    try:
        names: list[str] = json.loads(folder.published.read_text())
    except (OSError, ValueError):
        return []
    return names


def _drop_stale(store: Store) -> None:
    """Remove the stages of other videos, targets and versions."""
    for path in store.folder.work.iterdir():
        stage, dash, key = path.name.removesuffix(".json").rpartition("-")
        if dash and stage in DROPPED and key != store.keys[stage]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
