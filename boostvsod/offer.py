"""What a plugin hands over: a name, a line about it, and how to build it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", covariant=True)

API_VERSION = 1  # rises when a plugin written for the old door would break; a plugin may state its own


@dataclass(frozen=True)
class Offer(Generic[T]):
    """One thing a plugin can build.

    Importing the plugin and making the offer must be cheap (no torch, cv2, timm or onnxruntime);
    `build` may take its time. Its keyword arguments are the options users may set; if one of them is
    called `runtime` it is given the run's device, precision, threads and seed.
    """

    name: str
    summary: str
    build: Callable[..., T]
    licence: str = "Apache-2.0"
