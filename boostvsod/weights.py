"""Weights from files: safe to load, unwrapped, and refused with reasons when they do not fit."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from boostvsod.errors import WeightsError

WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # keys under which trainers hide the weights


def load_weights(
    net: nn.Module, name: str, shelf: Path | None = None, rename: Callable[[str], str | None] = lambda key: key
) -> str:
    """Load a file, or `shelf`/NAME.safetensors, into `net`; returns where from, with its hash.

    `rename` turns the file's keys into the network's; None drops a key that is of no use.
    """
    path = find_weights(name, shelf)
    renamed = {rename(key): value for key, value in read_weights(path).items()}
    fit_weights(net, {key: value for key, value in renamed.items() if key is not None}, str(path))
    return f"{path.name} sha256:{sha256(path)[:12]}"


def find_weights(name: str, shelf: Path | None) -> Path:
    """The path of weights named by file or, where there is a shelf, by bundled name."""
    bundled = {path.stem: path for path in sorted(shelf.glob("*.safetensors"))} if shelf else {}
    path = Path(name).expanduser()
    if path.is_file() or name in bundled:
        return path if path.is_file() else bundled[name]
    known = ", ".join(bundled) or "none"
    raise WeightsError(f"no weights at {name!r}: neither a file nor bundled; bundled are: {known}")


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors, .pth, .pt or .tar file, without the wrappers trainers add.

    Pickles are read with `weights_only`: a file that wants to run code is refused.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        return _unwrap(torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} holds more than tensors and was not opened: loading it could run code "
            f"({str(error).splitlines()[0]}); ask its author for a plain state_dict"
        ) from error
    except WeightsError:
        raise
    except Exception as error:  # each reader has its own ways to say "damaged"
        raise WeightsError(f"{path} cannot be read as weights: {type(error).__name__}: {error}") from error


def _unwrap(value: Any) -> dict[str, Tensor]:
    for wrapper in WRAPPERS:
        if isinstance(value, Mapping) and isinstance(value.get(wrapper), Mapping):
            value = value[wrapper]
    if not isinstance(value, Mapping) or not all(isinstance(v, Tensor) for v in value.values()):
        raise WeightsError(f"expected a dictionary of tensors, found {type(value).__name__}")
    return {key.removeprefix("module."): tensor for key, tensor in value.items()}


def fit_weights(net: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Load strictly, in the network's own precision; differences are listed, the first few of each sort."""
    own = net.state_dict()
    optional = {key for key in own if key.endswith("num_batches_tracked")}  # torch < 0.4.1 had none
    missing = [key for key in own if key not in weights and key not in optional]
    surplus = [key for key in weights if key not in own]
    shapes = [
        f"{key} {tuple(weights[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in weights and weights[key].shape != own[key].shape
    ]
    faults = {"missing": missing, "unknown": surplus, "of another shape": shapes}
    told = [f"{len(x)} {what} ({', '.join(x[:3])}{', ...' if len(x) > 3 else ''})" for what, x in faults.items() if x]
    if told:
        raise WeightsError(f"{source} does not fit {type(net).__name__}: {'; '.join(told)}")
    net.load_state_dict({key: own[key] if key not in weights else weights[key] for key in own})


def save_weights(net: nn.Module, path: Path, *, half: bool = True) -> None:
    """Write a network's weights as safetensors, floats in 16 bits if `half`."""
    from safetensors.torch import save_file

    from boostvsod.files import write_atomically

    state = {key: value.detach().cpu().contiguous() for key, value in net.state_dict().items()}
    if half:
        state = {k: v.half() if v.dtype == torch.float32 else v for k, v in state.items()}
    with write_atomically(path) as temporary:
        save_file(state, temporary)


def sha256(path: Path) -> str:
    """The content's hash."""
    with path.open("rb") as file:
        return (
            hashlib.file_digest(file, "sha256").hexdigest()
            if hasattr(hashlib, "file_digest")
            else (hashlib.sha256(file.read()).hexdigest())
        )
