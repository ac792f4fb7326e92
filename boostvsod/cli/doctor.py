"""`boostvsod doctor`: what this installation is made of, and what is wrong with it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib import metadata

import click

CV2_WHEELS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
ORT_WHEELS = ("onnxruntime", "onnxruntime-gpu")


@click.command("doctor")
def command() -> None:
    """Say versions, devices, providers and plugins; end with 1 if something is wrong."""
    for what, seen in facts():
        click.echo(f"{what:14} {seen}")
    wrong = list(faults())
    for fault in wrong:
        click.echo(f"wrong          {fault}")
    sys.exit(1 if wrong else 0)


def facts() -> Iterator[tuple[str, str]]:
    """What there is."""
    import onnxruntime
    import torch

    from boostvsod.registry import door, versions
    from boostvsod.runtime import decide

    yield from versions().items()
    yield "runtime", str(decide("auto"))
    yield "cuda", torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    yield "onnxruntime", f"{onnxruntime.__version__}, {', '.join(onnxruntime.get_available_providers())}"
    yield "cache folder", f"{torch.hub.get_dir()} (pretrained backbones, only when asked for)"
    yield "ffmpeg", shutil.which("ffmpeg") or "none (only needed for audio and H.264)"
    yield "plugins", str(len(door().manager.list_name_plugin()))
    yield "disabled", ", ".join(door().disabled) or "none"


def faults() -> Iterator[str]:
    """What should not be."""
    from boostvsod.registry import door

    for wheels, package in ((CV2_WHEELS, "cv2"), (ORT_WHEELS, "onnxruntime")):
        present = [wheel for wheel in wheels if _installed(wheel)]
        if len(present) > 1:
            yield f"{' and '.join(present)} overwrite each other's {package}; uninstall both, install one"
    clashes = door().clashes()
    yield from (f"plugin {plugin}: {why}" for plugin, why in door().broken.items())
    yield from (f"plugins: {name} {why}" for name, why in clashes.items())


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
