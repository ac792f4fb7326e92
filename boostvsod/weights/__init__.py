"""Weights of networks.

files        safe loading, checking and saving: `load_weights`
cache        the user's cache of weights files
download     resumable downloads, only when the user asks
caffemodel   reading .caffemodel files
onnx         opening .onnx files
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boostvsod.weights.files import load_weights, save_weights

__all__ = ["load_weights", "save_weights"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use: importing this package stays cheap."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from boostvsod.weights import files

    return getattr(files, name)
