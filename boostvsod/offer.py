"""Offers: what plugins provide. An offer has a name, a summary and a function that builds the part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T", covariant=True)

API_VERSION = 1  # increases when older plugins would break; a plugin may state the version it needs


@dataclass(frozen=True)
class Range:
    """The allowed values of a number: from `least` to `most`, both included, and 0 too if `or_zero`.

    Annotate an option of a builder or a field of settings with it: `size: Annotated[int, Range(32, 4096)] = 320`.
    Every value is then checked before the builder is called. Numbers without a range must be finite and at most
    2**31 - 1 in size.
    """

    least: float
    most: float
    or_zero: bool = False

    def __contains__(self, value: float) -> bool:
        return self.least <= value <= self.most or (self.or_zero and value == 0)  # false for nan

    def __str__(self) -> str:
        return f"a number from {self.least:.12g} to {self.most:.12g}{', or 0' if self.or_zero else ''}"


@dataclass(frozen=True)
class Formerly:
    """An earlier name, which still works with a warning. The version `until` no longer has it.

    For an offer: `Offer("new", ..., formerly=Formerly("old", until="0.3"))`. For an option, in its annotation:
    `size: Annotated[int, Range(32, 4096), Formerly("side", until="0.3")] = 320`.
    """

    name: str
    until: str


ANY_NUMBER = Range(-(2**31 - 1), 2**31 - 1)
Share: TypeAlias = Annotated[float, Range(0, 1)]
Positive: TypeAlias = Annotated[float, Range(1e-9, 1e6)]
Count: TypeAlias = Annotated[int, Range(1, 100_000)]
CountOrZero: TypeAlias = Annotated[int, Range(0, 100_000)]
Side: TypeAlias = Annotated[int, Range(16, 4096)]  # of pictures, in pixels
Width: TypeAlias = Annotated[int, Range(1, 2048)]  # channels of a network
SideOrOwn: TypeAlias = Annotated[int, Range(16, 4096, or_zero=True)]  # 0: the network's own side


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
    sha256: str = ""  # of the file; if it is unknown, the file is not downloaded over plain http
    source: str = ""  # address of the code at the commit whose outputs the network here was compared with
    net: Callable[[], nn.Module] | None = None  # builds the network without weights
    rename: Callable[[str], str | None] = (
        _unchanged  # a key of the published file -> the network's key; None: not needed
    )


@dataclass(frozen=True)
class Offer(Generic[T]):
    """One part that a plugin can build.

    Importing the plugin and making the offer must be cheap (no torch, cv2, timm or onnxruntime); `build` may be
    slow. The keyword arguments of `build` are the options that users may set; a `Range` in an annotation limits
    a number. If one of them is called `runtime`, it gets the device, precision, threads and seed of the run.
    """

    name: str
    summary: str
    build: Callable[..., T]
    licence: str = "Apache-2.0"
    card: Card | None = None
    weights: str = ""  # for offers without a card: "bundled", or empty if no weights are needed
    formerly: Formerly | None = None  # the earlier name of this offer
    made_of: Callable[..., list[str]] | None = None  # its options -> files, folders and versions that also change it
