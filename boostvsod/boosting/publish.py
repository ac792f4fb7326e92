"""Publishing a run: the final maps take their place all at once, then the record says so."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from boostvsod.boosting.store import Store, StoredMaps
from boostvsod.files import write_json
from boostvsod.media.images import write_map

DROPPED = ("index", "target", "motion")  # later stages stay: a sweep over options comes back to them


def publish(store: Store, names: Sequence[str], bits: int, record: dict[str, Any]) -> None:
    """Write the final maps in 8 or 16 bits and the record, and remove the stages of other videos and targets."""
    folder = store.folder
    shutil.rmtree(folder.unpublished, ignore_errors=True)
    for i, (name, saliency) in enumerate(zip(names, StoredMaps(store.stage("final"), names), strict=True)):
        write_map(folder.unpublished / f"{name}.png", saliency, bits)
        store.progress("maps", i + 1, store.total)
    folder.record_path.unlink(missing_ok=True)  # from here on the old record would be wrong
    shutil.rmtree(folder.maps, ignore_errors=True)
    folder.unpublished.rename(folder.maps)
    write_json(folder.record_path, record)
    _drop_stale(store)


def _drop_stale(store: Store) -> None:
    for path in store.folder.work.iterdir():
        stage, dash, key = path.name.removesuffix(".json").rpartition("-")
        if dash and stage in DROPPED and key != store.keys[stage]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
