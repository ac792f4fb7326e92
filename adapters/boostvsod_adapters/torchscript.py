"""A target for any saliency network that was saved by `torch.jit.save`: torchscript:FILE, FILE.ts, FILE.torchscript."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from boostvsod.errors import InputError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.media.form_options import fields_of, takes_form
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime


@takes_form
def build(path: str, runtime: Runtime, form: dict[str, Any]) -> Target:
    """`path` of the file. What TorchScript stores is run by its own interpreter, not by Python."""
    import torch

    from boostvsod.media.forms import Form
    from boostvsod.weights.modules import ModuleTarget

    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(f"{file}: there is no such TorchScript file")
    try:
        with warnings.catch_warnings():
            for kind in (DeprecationWarning, FutureWarning):  # newer versions of torch prefer torch.export
                warnings.simplefilter("ignore", kind)
            net = torch.jit.load(str(file), map_location=runtime.device)  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{file} cannot be loaded as TorchScript: {reason}") from error
    return ModuleTarget(net, runtime, str(file), Form(**fields_of(form)))


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("torchscript", "any network that torch.jit.save wrote: torchscript:FILE or FILE.ts", build)]
