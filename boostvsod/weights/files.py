"""Weights from files: safe to load, unwrapped, and refused with reasons when they do not fit."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from boostvsod import registry
from boostvsod.errors import WeightsError
from boostvsod.files import sha256
from boostvsod.offer import Card
from boostvsod.weights.cache import find_cached

UNTRAINED = ("none", "random")  # as names of weights: none are loaded
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # keys under which trainers hide the weights


def load_weights(
    net: nn.Module, name: str, shelf: Path | None = None, rename: Callable[[str], str | None] = lambda key: key
) -> str:
    """Load a file, `shelf`/NAME.safetensors or what is kept under NAME into `net`; returns where from, with its hash.

    `rename` turns the file's keys into the network's; None drops a key that is of no use.
    """
    if name in UNTRAINED:
        return "untrained"
    path = find_weights(name, shelf)
    renamed = {rename(key): value for key, value in read_weights(path, net).items()}
    fit_weights(net, {key: value for key, value in renamed.items() if key is not None}, str(path))
    return f"{path.name} sha256:{sha256(path)[:12]}"


def find_weights(name: str, shelf: Path | None = None) -> Path:
    """The path of weights named by file, by bundled name, or by the network they are kept for."""
    bundled = {path.stem: path for path in sorted(shelf.glob("*.safetensors"))} if shelf else {}
    path = Path(name).expanduser()
    if path.is_file() or name in bundled:
        return path if path.is_file() else bundled[name]
    if (found := find_cached(name)) is not None:
        return found
    if (card := registry.card_of(name)) is not None:
        raise WeightsError(f"{name} has no weights here yet.\n{how_to_get(name, card)}")
    known = ", ".join(bundled) or "none"
    raise WeightsError(f"no weights at {name!r}: neither a file nor bundled nor kept; bundled are: {known}")


def how_to_get(name: str, card: Card) -> str:
    """What to do, step by step."""
    fetch = f"  boostvsod weights get {name}" if card.url else f"  1. open {card.weights}\n  2. download {card.file}"
    add = "" if card.url else f"\n  3. boostvsod weights add {name} {card.file}"
    return f"{fetch}{add}\n  (licence of the weights: {card.weights_licence}); or give a file: --weights {name}=FILE"


def read_weights(path: Path, net: nn.Module | None = None) -> dict[str, Tensor]:
    """The tensors of a .safetensors, .pth, .pt or .tar file, without the wrappers trainers add.

    A .caffemodel knows layers and their blobs alone: what they are called depends on the network.

    Pickles are read with `weights_only`: a file that wants to run code is refused.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        if path.suffix == ".caffemodel":
            from boostvsod.weights.caffemodel import read_caffemodel, state_from

            if net is None:
                raise WeightsError(f"{path}: say which network it is of: --network NAME")
            return state_from(read_caffemodel(path), net)
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
        fitting = which_fit(weights)
        hint = f"; they fit {', '.join(fitting)}" if fitting else ""
        raise WeightsError(f"{source} does not fit {type(net).__name__}: {'; '.join(told)}{hint}")
    net.load_state_dict({key: own[key] if key not in weights else weights[key] for key in own})


def save_weights(net: nn.Module, path: Path, *, half: bool = True) -> None:
    """Write a network's weights as safetensors, floats in 16 bits if `half`."""
    save_tensors(net.state_dict(), path, half=half)


def save_tensors(tensors: Mapping[str, Tensor], path: Path, *, half: bool) -> None:
    """Write tensors as safetensors, floats in 16 bits if `half`."""
    from safetensors.torch import save

    from boostvsod.files import write_atomically

    state = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    if half:
        state = {k: v.half() if v.dtype == torch.float32 else v for k, v in state.items()}
    with write_atomically(path) as temporary:
        temporary.write_bytes(save(state))  # its own writer makes files that only their owner can read


def check_fit(name: str, path: Path) -> None:
    """Refuse a file that the network `name` could not be loaded from."""
    card = registry.card_of(name)
    if card is None or card.net is None:
        return
    net = card.net()
    tensors = {card.rename(key): value for key, value in read_weights(path, net).items()}
    fit_weights(net, {key: value for key, value in tensors.items() if key is not None}, str(path))


def which_fit(weights: Mapping[str, Tensor]) -> list[str]:
    """The networks on offer whose keys and shapes these weights have."""
    fitting = []
    for name, card in registry.cards().items():
        renamed = {card.rename(key): value for key, value in weights.items()}
        shapes = {key: tuple(v.shape) for key, v in renamed.items() if key and not key.endswith("num_batches_tracked")}
        if card.net is not None and _shapes(card.net) == shapes:
            fitting.append(name)
    return fitting


def _shapes(build: Callable[[], nn.Module]) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):  # shapes without memory
        state = build().state_dict()
    return {key: tuple(value.shape) for key, value in state.items() if not key.endswith("num_batches_tracked")}
