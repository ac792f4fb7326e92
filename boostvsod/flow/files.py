"""Flow files: Middlebury .flo, KITTI's 16-bit .png, and .npy."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from boostvsod.errors import ConfigError, InputError
from boostvsod.files import write_atomically
from boostvsod.kinds import Flow, Frame

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
    try:
        if path.suffix == ".npy":
            return np.asarray(np.load(path, allow_pickle=False), np.float32)
        return _from_flo(path) if path.suffix == ".flo" else _from_kitti(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as flow: {error}") from error


def _flo(flow: Flow) -> bytes:
    height, width = flow.shape[:2]
    head = np.array([MAGIC], "<f4").tobytes() + np.array([width, height], "<i4").tobytes()
    return head + flow.astype("<f4").tobytes()


def _from_flo(path: Path) -> Flow:
    data = path.read_bytes()
    if len(data) < 12 or np.frombuffer(data, "<f4", 1)[0] != MAGIC:
        raise ValueError("it does not begin with the magic number of .flo files")
    width, height = (int(side) for side in np.frombuffer(data, "<i4", 2, 4))
    if len(data) != 12 + 8 * width * height:
        raise ValueError(f"{len(data)} bytes cannot hold {width}x{height} vectors")
    return np.frombuffer(data, "<f4", offset=12).reshape(height, width, 2).astype(np.float32)


def _kitti(flow: Flow) -> bytes:
    known = np.isfinite(flow).all(2)
    steps = np.clip(np.rint(np.nan_to_num(flow).astype(np.float64) * STEP + ZERO), 0, 2**16 - 1)
    blue_green_red = np.dstack([known, steps[..., 1] * known, steps[..., 0] * known]).astype(np.uint16)
    return cv2.imencode(".png", blue_green_red)[1].tobytes()


def _from_kitti(path: Path) -> Flow:
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.dtype != np.uint16 or image.ndim != 3:
        raise ValueError("expected a PNG of three 16-bit channels")
    flow = (image[..., :0:-1].astype(np.float32) - ZERO) / STEP
    return np.where(image[..., :1] > 0, flow, np.float32(np.nan))


def _npy(flow: Flow) -> bytes:
    import io

    buffer = io.BytesIO()
    np.save(buffer, flow.astype(np.float32), allow_pickle=False)
    return buffer.getvalue()
