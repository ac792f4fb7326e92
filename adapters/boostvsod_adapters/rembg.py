"""The networks that rembg keeps on disk: its ONNX files, with their published preprocessing. Nothing is downloaded.

`FILES` are facts of rembg 2.0 (github.com/danielgatis/rembg, MIT): every picture is resized to a square, divided by its
brightest value and normalised; the first output is stretched to [0, 1]. rembg resizes by Lanczos, boostvsod by areas,
so maps differ a little. ISNet's numbers are its authors' (github.com/xuebinqin/DIS), as in rembg 2.0.86.
BEN2's are those of its own script for ONNX (huggingface.co/PramaLLC/BEN2), which divides by 255.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from boostvsod.errors import ConfigError, WeightsError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.media.form_options import fields_of, takes_form
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

Settings = Mapping[str, Any]  # options of a network's form
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
COMMON = {"divide_by_max": True, "output": 0, "channel": 0, "activation": "none", "stretch": True}
U2NET: Settings = MappingProxyType({**COMMON, **IMAGENET, "size": 320})
BRIA: Settings = MappingProxyType({**COMMON, **IMAGENET, "size": 1024})
BIREFNET: Settings = MappingProxyType({**BRIA, "activation": "sigmoid"})
ISNET: Settings = MappingProxyType({**COMMON, "size": 1024, "mean": (0.5,) * 3, "std": (1.0,) * 3})
ANIME: Settings = MappingProxyType({**ISNET, "mean": IMAGENET["mean"]})
BEN2: Settings = MappingProxyType({**ISNET, "mean": (0.0,) * 3, "divide_by_max": False})

FILES: Mapping[str, Settings] = {  # name of the file without its suffix -> how the network is used
    "u2net": U2NET,
    "u2netp": U2NET,
    "u2net_human_seg": U2NET,
    "silueta": U2NET,
    "isnet-general-use": ISNET,
    "isnet-anime": ANIME,
    "birefnet-general": BIREFNET,
    "birefnet-general-fp16": BIREFNET,
    "birefnet-general-lite": BIREFNET,
    "birefnet-portrait": BIREFNET,
    "birefnet-dis": BIREFNET,
    "birefnet-hrsod": BIREFNET,
    "birefnet-cod": BIREFNET,
    "birefnet-massive": BIREFNET,
    "bria-rmbg": BRIA,
    "BEN2_Base": BEN2,
}
ALIASES = {"ben2": "BEN2_Base"}


@takes_form
def build(network: str, runtime: Runtime, form: dict[str, Any]) -> Target:
    """`network`: its name, as rembg calls it."""
    from boostvsod_adapters.onnx_file import open_target

    file, fields = file_of(network), {**fields_of(_settings(network)), **fields_of(form)}
    return open_target(file, runtime, fields, f"rembg:{network}")


def file_of(name: str) -> Path:
    """The file of a network: where rembg looks for it, in the same order."""
    _settings(name)  # tells if there is no such network
    places = _places(ALIASES.get(name, name))
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise WeightsError(
            f"rembg:{name}: there is no file {places[-1]}, nor {', '.join(map(str, places[:-1]))}; boostvsod does not "
            "download it: put it there, let rembg do it, or name another folder by U2NET_HOME"
        )
    return found


def _settings(name: str) -> Settings:
    settings = FILES.get(ALIASES.get(name, name))
    if settings is None:
        raise ConfigError(f"rembg:{name}: no such network is known; there are: {', '.join([*FILES, *ALIASES])}")
    return settings


def _places(stem: str) -> list[Path]:
    """The folder of each network in rembg's newer home, then the flat folder of older versions."""
    data = os.environ.get("XDG_DATA_HOME")
    old = os.environ.get("U2NET_HOME") or f"{data or '~'}/.u2net"
    new = os.environ.get("U2NET_HOME") or os.environ.get("REMBG_HOME") or (f"{data}/rembg" if data else "~/.rembg")
    return [Path(new).expanduser() / "models" / stem / f"{stem}.onnx", Path(old).expanduser() / f"{stem}.onnx"]


def made_of(network: str, **options: Any) -> list[str]:
    """The file counts into the key of a run."""
    return [str(file_of(network))]


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("rembg", "a network in rembg's cache: rembg:NAME, as in rembg:u2netp", build, made_of=made_of)]
