"""Editing the program or what is bundled with it gives every run and benchmark job another key."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made import write_maps, write_pictures
from test_stamps import flipped, same_size_and_time

import boostvsod
import boostvsod_adapters
import boostvsod_plugins
from boostvsod.media.synthetic import make_clip

KEYS = """
import sys
from pathlib import Path
from boostvsod.bench.arms import Arm
from boostvsod.bench.jobs import Job, Setup
from boostvsod.boosting.plan import Plan, find_recipe
from boostvsod.media.video import Video
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetSpec

data = sys.argv[1]
video = Video.open(data + "/clip/frames")
print(Plan(video, TargetSpec.parse("lite"), find_recipe("default"), Runtime()).key)
print(Job("clip", "lite", "lite", Arm("default", "default"), 0).key(Setup(data, "", "video", Runtime(), Path("out"))))
"""
EDITS = (  # file, a text in it, another one of the same length
    ("boostvsod/media/images.py", '"""', "'''"),
    ("boostvsod_adapters/lite.py", "TARGET_SIZE = 288", "TARGET_SIZE = 320"),
    ("boostvsod_plugins/mining/trust.py", "AROUND = 10", "AROUND = 11"),
)
BUNDLED = "boostvsod_adapters/weights/lite.safetensors"


@pytest.mark.slow
def test_edits_of_the_program(tmp_path: Path) -> None:
    tree, data = tmp_path / "tree", tmp_path / "data"
    for package in (boostvsod, boostvsod_adapters, boostvsod_plugins):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(str(package.__file__)).parent, tree / package.__name__, ignore=ignored)
    clip = make_clip(3, 16, 24)
    write_pictures(data / "clip" / "frames", clip.frames)
    write_maps(data / "clip" / "masks", clip.truth)

    def keys() -> list[str]:
        around = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", KEYS, str(data)]
        done = subprocess.run(command, env=around, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.split()

    seen = [keys()]
    assert keys() == seen[0], "nothing changed"
    for name, old, new in EDITS:
        content = (tree / name).read_bytes()
        assert old.encode() in content, f"{name} has another text now"
        same_size_and_time(tree / name, content.replace(old.encode(), new.encode(), 2))
        seen.append(keys())
    flipped(tree / BUNDLED)
    seen.append(keys())
    for each in zip(*seen, strict=True):
        assert len(set(each)) == len(seen)
