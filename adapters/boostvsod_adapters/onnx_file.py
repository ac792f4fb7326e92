"""A target for any saliency network in an .onnx file, run by onnxruntime.

The input's size, layout and type come from the file. All else comes from the options, or else from the file's metadata
under the same names, or else it is ImageNet's normalisation and the first output.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostvsod.errors import ConfigError, InputError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.media.form_options import OPTIONS, Fields, fields_of, takes_form
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    import onnxruntime


@takes_form
def build(path: str, runtime: Runtime, form: dict[str, Any]) -> Target:
    """`path` of the .onnx file."""
    file = Path(path).expanduser()
    return open_target(file, runtime, fields_of(form), str(file))


def open_target(file: Path, runtime: Runtime, fields: Fields, who: str) -> Target:
    """The network of a file as a target. `fields` go over what the file's metadata says."""
    from boostvsod.media.forms import Form
    from boostvsod.weights.onnx import open_session
    from boostvsod_adapters.running_onnx import Input, OnnxTarget

    session = open_session(file, runtime)
    entry = Input.of(session, who)
    known = {**_metadata(session, file), **fields}
    if entry.is_bytes and (set(fields) & {"mean", "std", "white", "by_max"}):
        raise ConfigError(f"{who}: it takes bytes from 0 to 255; target.mean, std, range and divide_by_max do nothing")
    target = OnnxTarget(session, entry, Form(**{**known, **entry.fixed}), who)
    logging.getLogger("boostvsod").info("%s: assumed: %s; %s", who, target.form, target.seen)
    return target


def _metadata(session: onnxruntime.InferenceSession, file: Path) -> Fields:
    """What the file says of itself."""
    settings = {k: v for k, v in session.get_modelmeta().custom_metadata_map.items() if k in OPTIONS and v}
    try:
        return fields_of(settings, f"{file}: in its metadata, ")
    except ConfigError as error:
        raise InputError(str(error)) from error


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("onnx", "any network that onnxruntime can run: FILE.onnx", build)]
