"""The process that runs and exports, so that the page stays quick and work can be cancelled at any time.

A cancelled process is killed. The run folder is written so that this harms nothing: the next run continues there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol, TypeAlias

from boostvsod.errors import BoostError
from boostvsod.errors.user_code import in_one_line
from boostvsod.kinds import Progress
from boostvsod.recipe import Recipe
from boostvsod.runtime import Runtime
from boostvsod.workers import WorkerContext


@dataclass(frozen=True)
class Step:
    """Progress of the order: `done` of `total` steps of a stage; 0 in total if that is unknown."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class Ended:
    """The order is done or, with an error, has failed."""

    error: str = ""


@dataclass(frozen=True)
class Died:
    """The process has ended, with this exit code."""

    code: int


Message: TypeAlias = Step | Ended | Died


class Order(Protocol):
    """What the process is asked to do. It holds names and paths only."""

    def carry_out(self, progress: Progress) -> None: ...


@dataclass(frozen=True)
class RunOrder:
    """Boost a video, with the masks in these files: frame number -> path."""

    video: str
    folder: Path
    target: str
    recipe: str | Recipe
    settings: tuple[str, ...]
    runtime: Runtime
    masks: Mapping[int, Path]

    def carry_out(self, progress: Progress) -> None:
        """Run, and write the report, as `boostvsod run` does."""
        from boostvsod.boosting.report import check_run, write_run_report
        from boostvsod.cli.inputs import inputs_of
        from boostvsod.engine import boost
        from boostvsod.files import Outputs
        from boostvsod.media.images import read_map
        from boostvsod.media.video import Video

        video = Video.open(self.video)
        recipe = self.recipe if isinstance(self.recipe, str) else ""
        inputs = inputs_of(video, self.video, self.target, {"recipe": recipe, "settings": self.settings})
        outputs = Outputs(self.folder, inputs=inputs)
        check_run(outputs, video, ["maps"])
        masks = {i: read_map(path) for i, path in self.masks.items()}
        result = boost(
            video, self.target, self.recipe, self.folder, settings=self.settings, masks=masks, progress=progress,
            **asdict(self.runtime),
        )  # fmt: skip
        write_run_report(result, video, progress, outputs)


@dataclass(frozen=True)
class ExportOrder:
    """Make a film of a finished run; `film` is a name of `run --save`."""

    video: str
    folder: Path
    film: str

    def carry_out(self, progress: Progress) -> None:
        """Write the film into the run folder."""
        from boostvsod.boosting.outputs import check_places, check_saves, save
        from boostvsod.boosting.record import read_result
        from boostvsod.files import Outputs
        from boostvsod.media.video import Video

        check_saves([self.film])
        video = Video.open(self.video)
        outputs = Outputs(self.folder, inputs=video.files)
        check_places(outputs, [self.film])
        save(read_result(self.folder), video, [self.film], progress, outputs)


def work(pipe: Connection) -> None:
    """Carry out orders from the pipe until it is closed; answer with messages."""
    while True:
        try:
            order: Order = pipe.recv()
        except EOFError:
            return
        pipe.send(Ended(_error_of(order, lambda *step: pipe.send(Step(*step)))))


def _error_of(order: Order, progress: Progress) -> str:
    """Carry out an order; returns what went wrong, in one line, or nothing."""
    try:
        order.carry_out(progress)
    except BoostError as error:
        return str(error)
    except MemoryError:
        return "out of memory; use a smaller clip"
    except Exception as error:
        return f"internal error: {in_one_line(error)}"
    return ""


class Worker:
    """A process that carries out orders, one after another. It ends with this process.

    One thread lives as long as it does: Linux ends the process when the thread that started it ends.
    """

    def __init__(self, hear: Callable[[Message], None]) -> None:
        self._hear = hear
        self._pipe, self._theirs = Pipe()
        self._process = WorkerContext().Process(target=work, args=(self._theirs,), daemon=True)
        self._started = threading.Event()
        threading.Thread(target=self._live, daemon=True).start()

    def send(self, order: Order) -> None:
        """Give an order. Only one at a time is expected."""
        self._pipe.send(order)

    def kill(self) -> None:
        """End the process at once."""
        self._started.wait()
        if self._process.pid is not None:
            self._process.kill()

    def _live(self) -> None:
        try:
            self._process.start()
            self._theirs.close()
            self._started.set()
            while True:
                self._hear(self._pipe.recv())
        except (EOFError, ConnectionError):
            self._process.join()
        except Exception as error:
            self._hear(Ended(f"internal error: {in_one_line(error)}"))
        finally:
            self._started.set()
        self._hear(Died(self._process.exitcode or 0))
