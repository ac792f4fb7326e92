"""Flow files of three formats."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from boostvsod.errors import ConfigError, InputError
from boostvsod.flow.files import read_flow, write_flow

FLOW = np.random.default_rng(0).normal(0, 20, (13, 17, 2)).astype(np.float32)


@pytest.mark.parametrize(("kind", "error"), [("flo", 0), ("npy", 0), ("png", 0.5 / 64)])
def test_written_flow_is_read_back(tmp_path: Path, kind: str, error: float) -> None:
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


def test_files_that_are_no_flow_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.flo").write_bytes(b"PIEHxxxxxxxxxxx")
    (tmp_path / "b.flo").write_bytes(b"nothing of the kind")
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((4, 4), np.uint8))
    for name, message in (("a.flo", "cannot hold"), ("b.flo", "does not begin"), ("c.png", "three 16-bit")):
        with pytest.raises(InputError, match=f"{name} cannot be read as flow: .*{message}"):
            read_flow(tmp_path / name)
    with pytest.raises(ConfigError, match="'exr' is unknown"):
        write_flow(tmp_path / "a.exr", FLOW)
