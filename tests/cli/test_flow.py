"""`boostvsod flow`, `bench flow`, and runs with a learnt flow."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from made import FORCED, QUICK, call, sets, visible, write_film, write_pictures

from boostvsod import boost, build
from boostvsod.cli import main
from boostvsod.flow.files import read_flow
from boostvsod.kinds import Frame
from boostvsod.media.synthetic import Clip, make_clip


@pytest.mark.parametrize(
    "words",
    [
        ["--flow", "raft-small", "--weights", "FILE"],
        ["--flow", "raft-small", "--weights", "raft-small=FILE", "--target", "classic"],
    ],
)
def test_run_with_a_flow_and_its_weights(words: list[str], raft_small_file: Path, tmp_path: Path, clip: Clip) -> None:
    folder = write_pictures(tmp_path / "walk", clip.frames[:2])
    given = [word.replace("FILE", str(raft_small_file)) for word in words]
    target = [] if "--target" in words else ["--set", "target.weights=none"]
    done = call("run", "--video", str(folder), *given, *target, "-o", str(tmp_path / "o"), *sets(QUICK))
    assert done.exit_code == 0, done.output
    recipe = (tmp_path / "o" / "run.json").read_text()
    assert '"flow": "raft-small"' in recipe


def test_weights_for_several_networks_must_be_named(raft_small_file: Path, tmp_path: Path, clip: Clip) -> None:
    film = write_film(tmp_path / "walk.mp4", clip.frames[:3])
    words = ["run", "--video", str(film), "--flow", "raft-small", "--target", "lite", "--weights", str(raft_small_file)]
    done = call(*words)
    assert done.exit_code == 2
    assert f"raft-small={raft_small_file}" in done.output


def test_bench_flow(tmp_path: Path) -> None:
    words = ["--backend", "dis", "--backend", "raft-small", "--size", "160x128", "--runs", "1", "--format", "csv"]
    done = call("bench", "flow", *words)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "backend,licence,M parameters,s/pair"
    assert [line.split(",")[0] for line in lines[1:]] == ["dis", "raft-small"]
    assert 0 < float(lines[1].split(",")[-1]) < float(lines[2].split(",")[-1])
    assert call("bench", "flow", "--size", "big").exit_code == 2


def test_flow_from_files_gives_the_maps_of_its_backend(tmp_path: Path, clip: Clip) -> None:
    frames = write_pictures(tmp_path / "walk", clip.frames)
    done = CliRunner().invoke(main, ["flow", str(frames), "-o", str(tmp_path / "flow"), "--format", "npy", "--both"])
    assert done.exit_code == 0, done.output
    full = (*FORCED, "recipe.flow_scale=1.0")  # as `boostvsod flow` computes it
    settings = {"dis": full, "file": (*full, "recipe.flow=file", f"file.folder={tmp_path / 'flow'}")}
    made = {name: boost(frames, "classic", out=tmp_path / name, settings=how) for name, how in settings.items()}
    assert all(np.array_equal(a, b) for a, b in zip(made["dis"].maps, made["file"].maps, strict=True))


def test_flow_in_both_directions_is_saved_under_two_names(tmp_path: Path, clip: Clip) -> None:
    frames = write_pictures(tmp_path / "walk", clip.frames)
    done = CliRunner().invoke(main, ["flow", str(frames), "-o", str(tmp_path / "flow"), "--format", "npy", "--both"])
    assert done.exit_code == 0, done.output
    made = sorted(p.name for p in (tmp_path / "flow").glob("*.npy"))
    count = len(clip.frames)
    assert made == sorted([f"{i:05d}.npy" for i in range(count - 1)] + [f"{i:05d}.back.npy" for i in range(1, count)])
    dis, from_files = build("flows", "dis"), build("flows", "file", folder=str(tmp_path / "flow"))
    a, b = (Frame.of(clip.frames[i], i) for i in (1, 2))
    for pair in (a, b), (b, a):
        assert np.array_equal(from_files.estimate(*pair), dis.estimate(*pair))


def test_the_command_writes_flow_and_a_preview(tmp_path: Path) -> None:
    frames = write_pictures(tmp_path / "walk", make_clip(5, 48, 64).frames)
    words = ["flow", str(frames), "-o", str(tmp_path / "o"), "--format", "png", "--scale", "0.5"]
    done = CliRunner().invoke(main, [*words, "--set", "dis.preset=fast"])
    assert done.exit_code == 0, done.output
    assert visible(tmp_path / "o") == [
        *(f"{i:05d}.png" for i in range(4)),
        "00004.back.png",
        "preview.mp4",
    ]
    assert read_flow(tmp_path / "o" / "00004.back.png").shape == (48, 64, 2)
    assert cv2.VideoCapture(str(tmp_path / "o" / "preview.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 5
