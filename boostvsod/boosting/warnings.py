"""Warnings that are logged during a run become notes in its record."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("boostvsod")


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.notes: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() not in self.notes:
            self.notes.append(record.getMessage())


@contextmanager
def collect() -> Iterator[list[str]]:
    """The list of warnings that are logged inside, each once."""
    collector = _Collector()
    log.addHandler(collector)
    try:
        yield collector.notes
    finally:
        log.removeHandler(collector)
