"""The switch that forbids downloads: if the environment variable BOOSTVSOD_OFFLINE is set, nothing is downloaded.

It binds other libraries too: the Hugging Face hub through its own variables, and whatever opens addresses with
urllib (torch.hub and timm do) through an audit hook.
"""

from __future__ import annotations

import functools
import os
import sys

from boostvsod.errors import WeightsError

OFFLINE = "BOOSTVSOD_OFFLINE"
OF_LIBRARIES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")


def is_offline() -> bool:
    """Whether downloads are forbidden. Any value but the empty one forbids them."""
    return bool(os.environ.get(OFFLINE))


def require_online(what: str) -> None:
    """Raise an error if downloads are forbidden; `what` names what would be downloaded."""
    if is_offline():
        raise WeightsError(f"{what} was not downloaded: {OFFLINE} is set")


def bind_libraries() -> None:
    """Forbid downloads to other libraries, if they are forbidden. Libraries read this when they are imported."""
    if is_offline():
        os.environ.update(dict.fromkeys(OF_LIBRARIES, "1"))
        _watch_requests()


@functools.cache
def _watch_requests() -> None:
    """Install the audit hook. It can never be removed, so there is one at most."""
    sys.addaudithook(_refuse_request)


def _refuse_request(event: str, arguments: tuple[object, ...]) -> None:
    if event == "urllib.Request" and str(arguments[0]).startswith(("http://", "https://", "ftp://")):
        require_online(str(arguments[0]))
