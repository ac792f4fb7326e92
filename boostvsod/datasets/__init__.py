"""Annotated data on disk.

layouts   where a data set has its frames and masks: `open_dataset`, for evaluation
pairs     pairs of picture and mask: `Pairs`, for training
masks     reading mask files, for both
maps      finding the computed maps of one video
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boostvsod.kinds import Layout

if TYPE_CHECKING:
    from boostvsod.datasets.layouts import Dataset, Sequence, open_dataset

__all__ = ["Dataset", "Layout", "Sequence", "open_dataset"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use: importing this package stays cheap."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from boostvsod.datasets import layouts

    return getattr(layouts, name)
