"""A flow backend that reads flow from a folder with files NAME.flo, NAME.png or NAME.npy."""

from __future__ import annotations

from pathlib import Path

from boostvsod.errors import InputError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, FlowBackend, Frame
from boostvsod.offer import Offer

SUFFIXES = (".flo", ".png", ".npy")


class FlowFolder:
    """A folder of flow files: NAME is the flow from frame NAME to the next frame, NAME.back to the previous frame."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"flow file: there is no folder {folder}")
        self.folder = folder

    def estimate(self, a: Frame, b: Frame) -> Flow:
        from boostvsod.flow.files import file_name, read_flow
        from boostvsod.flow.tools import resize_flow

        name = file_name(a, b)
        if (path := self._path(name)) is not None:
            flow = read_flow(path)
        elif b.index < a.index and (path := self._path(b.name)) is not None:
            flow = -read_flow(path)  # the negative forward flow is close to the backward flow
        else:
            names = ", ".join(f"{name}{suffix}" for suffix in SUFFIXES)
            raise InputError(f"flow file: {self.folder} has none of the files {names}")
        return resize_flow(flow, *a.rgb.shape[:2])

    def _path(self, name: str) -> Path | None:
        paths = (self.folder / f"{name}{suffix}" for suffix in SUFFIXES)
        return next((path for path in paths if path.is_file()), None)


def build(folder: str) -> FlowBackend:
    """`folder`: has a Middlebury .flo, KITTI .png or .npy file NAME for the flow from each frame to the next.

    Files NAME.back for the flow to the previous frame are optional.
    """
    from boostvsod.media.paths import user_path

    return FlowFolder(user_path(folder))


@hookimpl
def offer_flows() -> list[Offer[FlowBackend]]:
    return [Offer("file", "flow read from a folder of .flo, .png or .npy files", build)]
