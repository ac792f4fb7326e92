"""Opening .onnx files. They run on the requested device; if that is impossible, an error is raised."""

from __future__ import annotations

import logging
from pathlib import Path

import onnxruntime

from boostvsod.errors import DeviceError, InputError
from boostvsod.runtime import Runtime

log = logging.getLogger("boostvsod")


def open_session(file: Path, runtime: Runtime) -> onnxruntime.InferenceSession:
    """An inference session for a network file, on the device of the run."""
    if not file.is_file():
        raise InputError(f"{file}: there is no such ONNX file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.threads
    provider = "CUDAExecutionProvider" if runtime.device.startswith("cuda") else "CPUExecutionProvider"
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=[provider])
    except Exception as error:  # the errors of onnxruntime have no common base class
        raise InputError(f"{file} cannot be loaded as ONNX: {str(error).splitlines()[0]}") from error
    if provider not in session.get_providers():
        raise DeviceError(f"{file}: {provider} was requested, but onnxruntime uses {session.get_providers()}")
    log.info("%s runs on %s", file.name, provider)
    return session
