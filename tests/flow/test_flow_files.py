"""Flow comes back from disk as it went, and flow tools do what they say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from made import FORCED, write_pictures

from boostvsod import boost, build
from boostvsod.cli import main
from boostvsod.errors import ConfigError, InputError
from boostvsod.flow.files import read_flow, write_flow
from boostvsod.flow.tools import at_scale, consistent, resize_flow, warp_back
from boostvsod.kinds import Frame
from boostvsod.media.synthetic import Clip, make_clip

FLOW = np.random.default_rng(0).normal(0, 20, (13, 17, 2)).astype(np.float32)


@pytest.mark.parametrize(("kind", "error"), [("flo", 0), ("npy", 0), ("png", 0.5 / 64)])
def test_there_and_back(tmp_path: Path, kind: str, error: float) -> None:
    write_flow(tmp_path / f"a.{kind}", FLOW)
    assert np.abs(read_flow(tmp_path / f"a.{kind}") - FLOW).max() <= error + 1e-6


def test_flo_is_middleburys(tmp_path: Path) -> None:
    write_flow(tmp_path / "a.flo", FLOW)
    data = (tmp_path / "a.flo").read_bytes()
    assert data[:4] == b"PIEH"
    assert np.frombuffer(data, "<i4", 2, 4).tolist() == [17, 13]
    assert np.frombuffer(data, "<f4", 2, 12).tolist() == FLOW[0, 0].tolist()


def test_kitti_is_kittis(tmp_path: Path) -> None:
    flow = np.array([[[1.5, -2.0], [np.nan, 0.0]]], np.float32)
    write_flow(tmp_path / "a.png", flow)
    red_first = cv2.imread(str(tmp_path / "a.png"), -1)[..., ::-1]  # type: ignore[index]
    assert red_first.tolist() == [[[2**15 + 96, 2**15 - 128, 1], [0, 0, 0]]]
    assert np.isnan(read_flow(tmp_path / "a.png")[0, 1]).all()


def test_what_is_no_flow_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.flo").write_bytes(b"PIEHxxxxxxxxxxx")
    (tmp_path / "b.flo").write_bytes(b"nothing of the kind")
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((4, 4), np.uint8))
    for name, said in (("a.flo", "cannot hold"), ("b.flo", "does not begin"), ("c.png", "three 16-bit")):
        with pytest.raises(InputError, match=f"{name} cannot be read as flow: .*{said}"):
            read_flow(tmp_path / name)
    with pytest.raises(ConfigError, match="'exr' is unknown"):
        write_flow(tmp_path / "a.exr", FLOW)


def test_a_smaller_look_gives_flow_of_full_size_and_speed() -> None:
    frames = make_clip(2, 128, 160).frames
    shifted = np.roll(frames[0], 4, axis=1)
    for scale in (1.0, 0.5):
        flow = at_scale(build("flows", "dis"), scale).estimate(Frame.of(frames[0]), Frame.of(shifted, 1))
        assert flow.shape == (128, 160, 2)
        assert np.abs(np.median(flow[20:-20, 20:-20].reshape(-1, 2), 0) - (4, 0)).max() < 0.5


def test_resized_flow_moves_pictures_as_far() -> None:
    flow = np.full((10, 20, 2), (2, 1), np.float32)
    assert np.allclose(resize_flow(flow, 30, 40), (4, 3))


def test_flow_of_a_folder_gives_the_run_of_its_backend(tmp_path: Path, clip: Clip) -> None:
    frames = write_pictures(tmp_path / "walk", clip.frames)
    done = CliRunner().invoke(main, ["flow", str(frames), "-o", str(tmp_path / "flow"), "--format", "npy", "--both"])
    assert done.exit_code == 0, done.output
    settings = {"dis": FORCED, "file": (*FORCED, "recipe.flow=file", f"file.folder={tmp_path / 'flow'}")}
    made = {name: boost(frames, "classic", out=tmp_path / name, settings=how) for name, how in settings.items()}
    assert all(np.array_equal(a, b) for a, b in zip(made["dis"].maps, made["file"].maps, strict=True))


def test_flow_both_ways_is_kept_under_two_names(tmp_path: Path, clip: Clip) -> None:
    frames = write_pictures(tmp_path / "walk", clip.frames)
    done = CliRunner().invoke(main, ["flow", str(frames), "-o", str(tmp_path / "flow"), "--format", "npy", "--both"])
    assert done.exit_code == 0, done.output
    made = sorted(p.name for p in (tmp_path / "flow").glob("*.npy"))
    count = len(clip.frames)
    assert made == sorted([f"{i:05d}.npy" for i in range(count - 1)] + [f"{i:05d}.back.npy" for i in range(1, count)])
    dis, kept = build("flows", "dis"), build("flows", "file", folder=str(tmp_path / "flow"))
    a, b = (Frame.of(clip.frames[i], i) for i in (1, 2))
    for pair in (a, b), (b, a):
        assert np.array_equal(kept.estimate(*pair), dis.estimate(*pair))


def test_a_folder_without_the_last_flow_turns_the_one_before_round(tmp_path: Path) -> None:
    write_flow(tmp_path / "00000.flo", FLOW)
    backend = build("flows", "file", folder=str(tmp_path))
    first, last = (Frame.of(np.zeros((13, 17, 3), np.uint8), i) for i in (0, 1))
    assert np.array_equal(backend.estimate(last, first), -backend.estimate(first, last))
    with pytest.raises(InputError, match=r"has none of the files 00001\.flo, 00001\.png, 00001\.npy"):
        backend.estimate(last, Frame.of(last.rgb, 2))


def test_warping_back_undoes_a_shift() -> None:
    picture = np.random.default_rng(1).random((20, 30)).astype(np.float32)
    later = np.roll(picture, 3, axis=1)
    flow = np.zeros((20, 30, 2), np.float32)
    flow[..., 0] = 3
    assert np.allclose(warp_back(later, flow)[:, :-3], picture[:, :-3], atol=1e-6)


def test_consistency_finds_what_does_not_return() -> None:
    forward, backward = np.zeros((2, 20, 30, 2), np.float32)
    forward[..., 0], backward[..., 0] = 4, -4
    backward[:, 20:] = 3  # what arrives there says it came from elsewhere
    mask = consistent(forward, backward)
    assert mask[:, :15].all()
    assert not mask[:, 17:].any()


def test_the_command_writes_flow_and_a_preview(tmp_path: Path) -> None:
    frames = write_pictures(tmp_path / "walk", make_clip(5, 48, 64).frames)
    words = ["flow", str(frames), "-o", str(tmp_path / "o"), "--format", "png", "--scale", "0.5"]
    done = CliRunner().invoke(main, [*words, "--set", "dis.preset=fast"])
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == [
        *(f"{i:05d}.png" for i in range(4)),
        "00004.back.png",
        "preview.mp4",
    ]
    assert read_flow(tmp_path / "o" / "00004.back.png").shape == (48, 64, 2)
    assert cv2.VideoCapture(str(tmp_path / "o" / "preview.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 5
