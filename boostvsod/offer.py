"""Offers: what plugins provide. An offer has a name, a summary and a function that builds the part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T", covariant=True)

API_VERSION = 1  # increases when older plugins would break; a plugin may state the version it needs


def _unchanged(key: str) -> str:
    return key


@dataclass(frozen=True)
class Card:
    """Facts about a published network, and where its authors publish the weights."""

    paper: str
    year: int
    code: str  # address of the repository
    code_licence: str
    weights: str  # address of the page with the weights
    weights_licence: str
    file: str  # name of the file on that page
    millions: float  # parameters, in millions
    input: str = ""
    window: int = 1  # frames that one prediction needs
    trainable: bool = False
    url: str = ""  # a direct link to the file, if there is one that works without a browser
    net: Callable[[], nn.Module] | None = None  # builds the network without weights
    rename: Callable[[str], str | None] = (
        _unchanged  # a key of the published file -> the network's key; None: not needed
    )


@dataclass(frozen=True)
class Offer(Generic[T]):
    """One part that a plugin can build.

    Importing the plugin and making the offer must be cheap (no torch, cv2, timm or onnxruntime); `build` may be
    slow. The keyword arguments of `build` are the options that users may set. If one of them is called `runtime`,
    it gets the device, precision, threads and seed of the run.
    """

    name: str
    summary: str
    build: Callable[..., T]
    licence: str = "Apache-2.0"
    card: Card | None = None
    weights: str = ""  # for offers without a card: "bundled", or empty if no weights are needed
