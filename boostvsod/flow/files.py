"""Flow files: Middlebury .flo, KITTI's 16-bit .png, and .npy."""

from __future__ import annotations

import io
import math
from pathlib import Path

import cv2
import numpy as np

from boostvsod.errors import ConfigError, InputError
from boostvsod.files import write_atomically
from boostvsod.kinds import Flow, Frame
from boostvsod.media.archive import File

MAGIC = 202021.25  # "PIEH", the first four bytes of a .flo file
STEP, ZERO = 64.0, 2**15  # KITTI: steps per pixel, and the value that means no motion
FORMATS = ("flo", "png", "npy")


def file_name(a: Frame, b: Frame) -> str:
    """The file name, without its suffix, for the flow from frame a to frame b."""
    return f"{a.name}.back" if b.index < a.index else a.name


def write_flow(path: Path, flow: Flow) -> None:
    """Write flow H x W x 2 in the format of the file's suffix, atomically."""
    kind = path.suffix.lstrip(".")
    if kind not in FORMATS:
        raise ConfigError(f"flow format {kind!r} is unknown; there are: {', '.join(FORMATS)}")
    data = {"flo": _flo, "png": _kitti, "npy": _npy}[kind](flow)
    with write_atomically(path) as temporary:
        temporary.write_bytes(data)


def read_flow(path: Path) -> Flow:
    """Read flow H x W x 2 from a file of any of the formats. Where a KITTI file marks it invalid, flow is NaN."""
    kind = path.suffix.lower()
    read = {".npy": _from_npy, ".flo": _from_flo}.get(kind, _from_kitti)
    try:
        return read(File(path).read())
    except (ValueError, EOFError, MemoryError, OverflowError, SyntaxError, cv2.error) as error:
        raise InputError(f"{path} cannot be read as flow: {' '.join(str(error).split())}") from error


def _flo(flow: Flow) -> bytes:
    height, width = flow.shape[:2]
    head = np.array([MAGIC], "<f4").tobytes() + np.array([width, height], "<i4").tobytes()
    return head + flow.astype("<f4").tobytes()


def _from_flo(data: bytes) -> Flow:
    if len(data) < 12 or np.frombuffer(data, "<f4", 1)[0] != MAGIC:
        raise ValueError("it does not begin with the magic number of .flo files")
    width, height = (int(side) for side in np.frombuffer(data, "<i4", 2, 4))
    if min(width, height) < 1 or len(data) != 12 + 8 * width * height:
        raise ValueError(f"{len(data)} bytes cannot hold {width}x{height} vectors")
    return np.frombuffer(data, "<f4", offset=12).reshape(height, width, 2).astype(np.float32)


def _kitti(flow: Flow) -> bytes:
    known = np.isfinite(flow).all(2)
    steps = np.clip(np.rint(np.nan_to_num(flow).astype(np.float64) * STEP + ZERO), 0, 2**16 - 1)
    blue_green_red = np.dstack([known, steps[..., 1] * known, steps[..., 0] * known]).astype(np.uint16)
    return cv2.imencode(".png", blue_green_red)[1].tobytes()


def _from_kitti(data: bytes) -> Flow:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if image is None or image.dtype != np.uint16 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError("expected a PNG of three 16-bit channels")
    flow = (image[..., :0:-1].astype(np.float32) - ZERO) / STEP
    return np.where(image[..., :1] > 0, flow, np.float32(np.nan))


def _from_npy(data: bytes) -> Flow:
    """The array of a .npy file, read as NumPy does; its header is compared with the size of the file first."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = header(file)
    if kind.kind != "f" or len(shape) != 3 or shape[2] != 2 or min(shape) < 1:
        raise ValueError(f"it holds {kind} of shape {shape}; expected floats of shape (height, width, 2)")
    if len(data) - file.tell() != kind.itemsize * math.prod(shape):
        raise ValueError(f"{len(data)} bytes cannot hold an array of shape {shape}")
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False), np.float32)


def _npy(flow: Flow) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, flow.astype(np.float32), allow_pickle=False)
    return buffer.getvalue()
