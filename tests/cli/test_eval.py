"""`boostvsod eval` and `boostvsod datasets`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from made import write_maps

from boostvsod.cli import main
from boostvsod.datasets.layouts import open_dataset
from boostvsod.evaluate import PROTOCOLS, evaluate
from boostvsod.media.synthetic import Clip


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "csv"])
def test_tables_on_the_command_line(data: Path, form: str) -> None:
    maps = str(data.parent / "maps")
    got = CliRunner().invoke(main, ["eval", maps, f"own_name={maps}", str(data), "--format", form])
    assert got.exit_code == 0, got.output
    assert "own_name" in got.stdout or r"own\_name" in got.stdout
    mae = evaluate(maps, open_dataset(str(data)), PROTOCOLS["video"]).averages.result()["MAE"]
    if form == "csv":
        rows = list(csv.reader(io.StringIO(got.stdout.split("\n\n")[0])))
        assert float(rows[1][rows[0].index("MAE")]) == mae
    else:
        assert f"{mae:.3f}" in got.stdout


def test_json_and_curves_in_files(data: Path, tmp_path: Path) -> None:
    arguments = ["eval", str(data.parent / "maps"), str(data), "--json", "-o", str(tmp_path / "s.json")]
    got = CliRunner().invoke(main, [*arguments, "--pr", str(tmp_path / "pr.svg")])
    assert got.exit_code == 0, got.output
    report = json.loads((tmp_path / "s.json").read_text())
    assert set(["MAE", "maxF", "meanF", "adpF", "S", "maxE", "meanE", "adpE", "wF", "J", "F"]) <= report.keys()
    assert set(report["sequences"]) == {"bear", "bus"}
    assert report["protocol"]["name"] == "video"
    assert (tmp_path / "pr.svg").read_text().count("<polyline") == 1


def test_datasets_command(data: Path) -> None:
    listed = CliRunner().invoke(main, ["datasets"])
    assert "davsod-difficult" in listed.stdout
    assert "https://" in listed.stdout
    described = CliRunner().invoke(main, ["datasets", str(data), "--format", "csv"])
    assert described.stdout.splitlines()[1] == f"{data},folder,frames and masks,2,18,18"


def test_steady_maps_do_not_flicker(data: Path, clip: Clip, tmp_path: Path) -> None:
    """Masks that move with their object flicker less than maps that appear and vanish."""
    for name, length in (("bear", 12), ("bus", 6)):
        write_maps(tmp_path / "steady" / name, clip.truth[:length])
        write_maps(tmp_path / "nervous" / name, clip.truth[:length] * (np.arange(length) % 2)[:, None, None])
    steady, nervous = (
        evaluate(str(tmp_path / kind), open_dataset(str(data)), PROTOCOLS["video"], stability=True).averages.values
        for kind in ("steady", "nervous")
    )
    assert 0 <= steady["flicker"] < 0.5 * nervous["flicker"]
    got = CliRunner().invoke(main, ["eval", str(tmp_path / "steady"), str(data), "--stability"])
    assert "flicker" in got.stdout
