"""What is open in the studio, the job at work, and the process that does it.

All methods may be called from several threads.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boostvsod.boosting.outputs import Output
from boostvsod.cli.inputs import Input
from boostvsod.cli.studio.clip import Clip
from boostvsod.cli.studio.work import Died, Ended, ExportOrder, Message, Order, RunOrder, Step, Worker
from boostvsod.errors import BoostError, ConfigError, InputError
from boostvsod.errors.user_code import in_one_line
from boostvsod.recipe import Recipe
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetSpec

MOST_RUNS = 20  # that the page offers


class Cancelled(BoostError):
    """The user cancelled the opening of a clip."""


class Busy(ConfigError):
    """The studio does one job at a time."""


@dataclass
class Job:
    """Work that takes a while: `open`, `run` or `export`."""

    kind: str
    film: str = ""  # of an export
    stages: dict[str, tuple[int, int]] = field(default_factory=dict)  # stage -> steps done, steps in total
    since: float = field(default_factory=time.monotonic)
    cancelled: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The job as JSON values."""
        stages = [[stage, *steps] for stage, steps in self.stages.items()]
        return {"kind": self.kind, "film": self.film, "stages": stages, "seconds": time.monotonic() - self.since}


class Session:
    """The state of one studio. `root` is the folder of its runs."""

    def __init__(self, root: Path, runtime: Runtime, target: str, recipe: str, settings: tuple[str, ...]) -> None:
        self.root, self.runtime = root, runtime
        self.target, self.recipe, self.settings = target, recipe, settings
        self.backdrop: Path | None = None
        self._clip: Clip | None = None
        self._job: Job | None = None
        self._error, self._version = "", 0
        self._lock = threading.RLock()
        self._worker: Worker | None = None

    @property
    def clip(self) -> Clip:
        """The clip that is open."""
        clip = self._clip
        if clip is None:
            raise InputError("no clip is open")
        return clip

    def state(self) -> dict[str, Any]:
        """All that the page shows, as JSON values, without pictures and scores."""
        with self._lock:
            clip = self._clip
            return {
                "clip": clip.as_dict() if clip else None,
                "job": self._job.as_dict() if self._job else None,
                "error": self._error,
                "result": clip.result_as_dict() if clip else None,
                "corrections": {str(i): version for i, version in sorted(clip.masks.items())} if clip else {},
                "films": list(clip.films) if clip else [],
                "version": self._version,
                "backdrop": self.backdrop.name if self.backdrop else "",
            }

    def runs(self) -> list[str]:
        """The names of the runs in the folder of this studio, the newest first."""
        records = sorted(self.root.glob("*/run.json"), key=lambda path: -path.stat().st_mtime)
        return [path.parent.name for path in records[:MOST_RUNS]]

    def correct(self, i: int, data: bytes) -> None:
        """See `Clip.correct`."""
        with self._lock:
            self.clip.correct(i, data)

    def forget(self, i: int) -> None:
        """See `Clip.forget`."""
        with self._lock:
            self.clip.forget(i)

    def open(self, word: str) -> None:
        """Open a clip or a run folder. Its frames are read in a thread of its own."""
        given = Clip.find(word, self.root)
        job = self._begin(Job("open"))
        threading.Thread(target=self._open, args=(given, job), daemon=True).start()

    def run(self, target: str, recipe: str, effort: str = "") -> None:
        """Run the clip with the corrections. An empty target or recipe is that of the run before."""
        clip = self.clip
        record = clip.result.record if clip.result else {}
        chosen: str | Recipe = recipe or clip.recipe() or self.recipe
        named = (f"recipe.effort={effort}",) if effort else ()
        settings = (*named, *self.settings) if isinstance(chosen, str) else ()
        masks = {i: clip.mask_path(i) for i in sorted(clip.masks)}
        wanted = target or str(record.get("target", self.target))
        if TargetSpec.parse(wanted).is_file and wanted != self.target:  # a stranger may have made this run
            code = f"the target of this run is code, {wanted}"
            raise ConfigError(
                f"{code}; read it, then start the studio with --target {wanted}, or choose another target"
            )
        self._give(Job("run"), RunOrder(clip.word, clip.folder, wanted, chosen, settings, self.runtime, masks))

    def export(self, kind: str) -> None:
        """Make a film, by its name in `run --save`; `replace` puts the uploaded picture or video behind the object."""
        clip = self.clip
        if clip.result is None:
            raise ConfigError("run the clip first; a film is made from its maps")
        if kind.startswith("replace"):
            if self.backdrop is None:
                raise ConfigError("choose a picture or a video for the background first")
            kind = f"{kind}={self.backdrop}"
        self._give(Job("export", Output.parse(kind).place), ExportOrder(clip.word, clip.folder, kind))

    def cancel(self) -> None:
        """Stop the job at work. A run continues where it was when it is started again."""
        with self._lock:
            if self._job is None:
                return
            self._job.cancelled = True
            if self._job.kind != "open" and self._worker is not None:
                self._worker.kill()

    def close(self) -> None:
        """End the process of the studio."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()

    def _begin(self, job: Job) -> Job:
        with self._lock:
            if self._job is not None:
                raise Busy(f"the studio is busy with another job ({self._job.kind}); wait for it or cancel it")
            self._job, self._error = job, ""
            return job

    def _end(self, error: str) -> None:
        with self._lock:
            self._job, self._error = None, error

    def _give(self, job: Job, order: Order) -> None:
        with self._lock:
            self._begin(job)
            self._worker = self._worker or Worker(self._hear)
            self._worker.send(order)

    def _hear(self, message: Message) -> None:
        """What the process says. It is called in the thread of the process."""
        with self._lock:
            if isinstance(message, Died):
                self._died(message.code)
            elif self._job is not None and isinstance(message, Step):
                self._job.stages[message.stage] = message.done, message.total
            elif self._job is not None and isinstance(message, Ended):
                self._finish(self._job, message.error)

    def _finish(self, job: Job, error: str) -> None:
        """The order is done or has failed."""
        clip = self.clip
        try:
            if not error and job.kind == "run":
                clip.ran()
                self._version += 1
        except BoostError as failed:
            error = str(failed)
        if not error and job.kind == "export" and job.film not in clip.films:
            clip.films.append(job.film)
        self._end(error)

    def _died(self, code: int) -> None:
        self._worker = None
        if self._job is not None and self._job.kind != "open":
            died = f"the process ended with {code}; was there too little memory?"
            self._end("" if self._job.cancelled else died)

    def _open(self, given: Input, job: Job) -> None:
        """Read a clip, in a thread of its own."""

        def progress(done: int) -> None:
            job.stages["index"] = done, 0
            if job.cancelled:
                raise Cancelled

        error = ""
        try:
            clip = Clip(given, progress)
            with self._lock:
                self._clip, self._version = clip, self._version + 1
        except BoostError as failed:
            error = str(failed)
        except Exception as failed:
            error = f"internal error: {in_one_line(failed)}"
        self._end(error)
