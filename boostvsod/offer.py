"""What a plugin hands over: a name, a line about it, and how to build it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T", covariant=True)

API_VERSION = 1  # rises when a plugin written for the old door would break; a plugin may state its own


def _as_it_is(key: str) -> str:
    return key


@dataclass(frozen=True)
class Card:
    """What is known of a published network, and where its authors keep the weights."""

    paper: str
    year: int
    code: str  # the repository
    code_licence: str
    weights: str  # the page its weights are on
    weights_licence: str
    file: str  # what they are called there
    millions: float  # of parameters
    input: str = ""
    window: int = 1  # frames it looks at for one map
    trainable: bool = False
    url: str = ""  # of the file itself, where there is a link that needs no browser
    net: Callable[[], nn.Module] | None = None  # the network without weights
    rename: Callable[[str], str | None] = _as_it_is  # a key of the published file -> the network's; None: of no use


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
    card: Card | None = None
    weights: str = ""  # of what has no card: "bundled", or nothing where none are needed
