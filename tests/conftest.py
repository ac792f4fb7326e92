"""What many tests need: a small clip, as pictures and with maps."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import write_maps, write_pictures

from boostvsod.media.synthetic import Clip, make_clip


@pytest.fixture(scope="session")
def clip() -> Clip:
    return make_clip(12, 48, 64)


@pytest.fixture
def pictures(tmp_path: Path, clip: Clip) -> Path:
    return write_pictures(tmp_path / "walk", clip.frames)


@pytest.fixture
def maps(tmp_path: Path, clip: Clip) -> Path:
    return write_maps(tmp_path / "maps", clip.truth)
