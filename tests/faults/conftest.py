"""A small run that passes through every stage, and its maps when nothing goes wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from made import FORCED, call, sets, write_maps, write_pictures
from processes import FRAMES, Run, bits_of, mount

from boostvsod.media.synthetic import make_clip

CHEAP = ("recipe.motion_views=1", "recipe.mirror=false", "contrast.grid=16", "contrast.radius=4", "train.size=32")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder are faults."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    clip = make_clip(FRAMES, 64, 80)
    pictures = write_pictures(folder / "walk", clip.frames)
    maps = write_maps(folder / "given", clip.truth)
    settings = (*FORCED, "recipe.gate=on", "recipe.densifier=warp", *CHEAP)
    words = ("run", "--video", str(pictures), "--target", f"maps:{maps}", *sets(settings), "--threads", "1")
    done = call(*words, "-o", folder / "out")
    assert done.exit_code == 0, done.output
    return Run(words, bits_of(folder / "out"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system in memory. The test is skipped where nobody may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)):
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
