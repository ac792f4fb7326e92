"""The lock of a run folder: one process writes at a time. Another one gets an error that names it."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from boostvsod.errors import OutputError
from boostvsod.files import write_json

LOCK, OWNER = "lock", "lock.json"
OWNER_TRIES = 20  # a second in all


@contextmanager
def locked(work: Path, root: Path) -> Iterator[None]:
    """Hold the lock in the folder `work` of the run `root`.

    The operating system releases the lock when its process ends, however it ends. So the lock of a killed run is
    taken over at once, and the file that names its owner is overwritten.
    """
    work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        owner = _owner(work / OWNER)
        raise OutputError(f"{root} is in use by {owner}; wait for it, or choose another output folder") from None
    try:
        write_json(work / OWNER, _this_process())
        yield
        (work / OWNER).unlink(missing_ok=True)
    finally:
        lock.release()


def _this_process() -> dict[str, str | int]:
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"host": platform.node(), "process": os.getpid(), "since": since, "command": command}


def _owner(path: Path) -> str:
    """Who holds the lock. The owner writes it down just after it has got the lock."""
    for _ in range(OWNER_TRIES):
        try:
            owner = json.loads(path.read_text())
            return f"process {owner['process']} on {owner['host']} since {owner['since']} ({owner['command']})"
        except (OSError, ValueError, KeyError):
            time.sleep(0.05)
    return "another process"
