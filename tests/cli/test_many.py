"""Many videos: parts of them, several at a time, and machines that are lost."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from made import call, write_pictures

from boostvsod.media.synthetic import Clip

COMMANDS = {"run": ("--recipe", "none"), "predict": ()}


def folders(tmp_path: Path, clip: Clip, names: str = "abc") -> list[Path]:
    """Videos of six frames, called after the letters."""
    starts = ((name, i % 7) for i, name in enumerate(names))
    return [write_pictures(tmp_path / name / "frames", clip.frames[start : start + 6]) for name, start in starts]


@pytest.mark.parametrize("command", COMMANDS)
def test_shards_are_all_videos(command: str, tmp_path: Path, clip: Clip) -> None:
    out = tmp_path / "o"
    words = [command, *folders(tmp_path, clip), "--target", "classic", *COMMANDS[command], "-o", out]
    assert call(*words, "--shard", "2/2").exit_code == 0
    assert [path.name for path in out.iterdir()] == ["b-frames"]
    assert call(*words, "--shard", "1/2").exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["a-frames", "b-frames", "c-frames"]
    assert call(*words, "--shard", "3/2").exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_several_videos_at_the_same_time(command: str, tmp_path: Path, clip: Clip) -> None:
    """The maps are those of a run after another, and a bad video does not stop the others."""
    videos = folders(tmp_path, clip)
    (videos[1] / "00003.png").write_bytes(b"no picture")
    words = ["--target", "classic", *COMMANDS[command], "-o"]
    done = call(command, *videos, *words, tmp_path / "o", "--jobs", 2)
    assert done.exit_code == 3, done.output
    assert "1 of 3 videos failed" in done.stderr
    assert call(command, videos[2], *words, tmp_path / "alone").exit_code == 0
    maps = "maps" if command == "run" else "."
    for name in ("00000.png", "00005.png"):
        both = [(tmp_path / place / maps / name).read_bytes() for place in ("o/c-frames", "alone")]
        assert both[0] == both[1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # warnings of Ray itself
def test_a_run_on_ray_survives_losing_a_node(tmp_path: Path, clip: Clip, cluster: Any) -> None:
    names = "abcdefghijklmnop"
    videos, out = folders(tmp_path, clip, names), tmp_path / "o"
    words = ["run", *map(str, videos), "--target", "classic", "--recipe", "none", "--threads", "1", "-o", str(out)]
    words += ["--executor", "ray", "--address", cluster.address, "--jobs", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "boostvsod", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while process.poll() is None and len(list(out.glob("*/run.json"))) < 3:
        time.sleep(0.1)
    finished = {path: path.stat().st_mtime_ns for path in out.glob("*/run.json")}
    (node,) = cluster.worker_nodes
    cluster.remove_node(node, allow_graceful=False)
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    assert sorted(path.parent.name for path in out.glob("*/run.json")) == [f"{name}-frames" for name in names]
    assert {path: path.stat().st_mtime_ns for path in finished} == finished, "finished videos are not run again"
