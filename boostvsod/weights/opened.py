"""Notes the files that libraries read natively, not by Python's `open`: safetensors, onnxruntime and OpenCV."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READERS = (  # module, and what opens a file in it
    ("safetensors", "safe_open"),
    ("safetensors.torch", "safe_open"),
    ("onnxruntime", "InferenceSession.__init__"),  # of the class, which code may name in annotations
    ("cv2", "imread"),
    ("cv2.dnn", "readNet"),
    ("cv2.dnn", "readNetFromONNX"),
)
IMPORTED = ("safetensors", "onnxruntime")  # imported first: user code may bind their readers to names of its own


@contextmanager
def noted_readers(opened: set[Path]) -> Iterator[None]:
    """Inside the block, whatever these readers open is added to `opened`."""
    for name in IMPORTED:
        importlib.import_module(name)
    changed = []
    for module_name, path in READERS:
        owner: Any = sys.modules.get(module_name)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part, None)
        if hasattr(owner, name):
            changed.append((owner, name, getattr(owner, name)))
            setattr(owner, name, _noting(getattr(owner, name), opened))
    try:
        yield
    finally:
        for owner, name, original in changed:
            setattr(owner, name, original)


def _noting(reader: Callable[..., Any], opened: set[Path]) -> Callable[..., Any]:
    def read(*arguments: Any, **named: Any) -> Any:
        for value in (*arguments, *named.values()):
            if isinstance(value, (str, os.PathLike)) and os.path.isfile(value):
                opened.add(Path(os.path.realpath(value)))
        return reader(*arguments, **named)

    return read
