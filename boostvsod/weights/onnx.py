"""Opening .onnx files: where they run is said, and never silently somewhere else."""

from __future__ import annotations

import logging
from pathlib import Path

import onnxruntime

from boostvsod.errors import DeviceError, InputError
from boostvsod.runtime import Runtime

log = logging.getLogger("boostvsod")


def open_session(file: Path, runtime: Runtime) -> onnxruntime.InferenceSession:
    """A network file, ready to run on the run's device."""
    if not file.is_file():
        raise InputError(f"{file}: there is no such ONNX file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.threads
    wanted = "CUDAExecutionProvider" if runtime.device.startswith("cuda") else "CPUExecutionProvider"
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=[wanted])
    except Exception as error:  # onnxruntime's errors share no base class
        raise InputError(f"{file} cannot be loaded as ONNX: {str(error).splitlines()[0]}") from error
    if wanted not in session.get_providers():
        raise DeviceError(f"{file}: {wanted} was asked for, onnxruntime took {session.get_providers()}")
    log.info("%s runs on %s", file.name, wanted)
    return session
