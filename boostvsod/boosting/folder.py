"""The run folder: every path in it, who owns it, and the record of the finished run.

OUT/maps/NAME.png           the final maps; the folder appears when all of them are there
OUT/run.json                the record: options, versions, mined frames and reasons, times
OUT/.boostvsod/STAGE-KEY/   maps of one stage in 16 bits; KEY is the hash of all that determines them
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boostvsod.errors import OutputError
from boostvsod.files import WORK, check_writable

FORMAT = 2  # of run.json; it rises when a key of the record changes its name or meaning


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run."""

    root: Path

    @property
    def maps(self) -> Path:
        """The final maps."""
        return self.root / "maps"

    @property
    def record_path(self) -> Path:
        return self.root / "run.json"

    @property
    def work(self) -> Path:
        """Everything that only boostvsod reads."""
        return self.root / WORK

    @property
    def unpublished(self) -> Path:
        """The final maps while they are being written."""
        return self.work / "maps"

    @property
    def replaced(self) -> Path:
        """The maps of an earlier run, on their way out."""
        return self.work / "replaced"

    @property
    def published(self) -> Path:
        """The names of all files that any run put into `maps`."""
        return self.work / "published.json"

    @property
    def costs(self) -> Path:
        """Seconds that each stage took, over all runs in this folder."""
        return self.work / "costs.json"

    def stage(self, name: str) -> Path:
        """The folder of one stage's maps, by its full name STAGE-KEY."""
        return self.work / name

    def index(self, key: str) -> Path:
        """What the scan of the video found."""
        return self.work / f"index-{key}.json"

    def record(self) -> dict[str, Any]:
        """The record of a finished run. Empty if there is none, or if another version of boostvsod wrote it."""
        if not self.maps.is_dir():
            return {}
        try:
            record = json.loads(self.record_path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}  # absent or damaged: the run is done again from the stages that are complete
        return record if isinstance(record, dict) and record.get("format") == FORMAT else {}

    def check_owned(self) -> None:
        """Refuse to touch results of others: they could be the very maps that are to be boosted."""
        for path in (self.maps, self.record_path):
            if path.exists() and not self.work.is_dir():
                raise OutputError(f"{path} exists and was not written by boostvsod; choose another output folder")

    def check_writable(self) -> None:
        """Fail now and not after an hour."""
        check_writable(self.work)

    def clear_stages(self) -> None:
        """Remove every stage, so that a run begins afresh. The maps stay until they are replaced."""
        for path in self.work.glob("*-*"):
            if path.is_dir():
                shutil.rmtree(path)

    def has_stages(self) -> bool:
        """Whether any stage has a map."""
        return any(self.work.glob("*-*/*.png"))

    def remove_work(self) -> None:
        """Remove the stages, and the folder if it is empty then."""
        shutil.rmtree(self.work, ignore_errors=True)
        if self.root.is_dir() and not any(self.root.iterdir()):
            self.root.rmdir()
