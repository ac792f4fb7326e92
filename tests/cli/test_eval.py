"""`boostvsod eval` and `boostvsod datasets`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from made import call, write_maps

from boostvsod.cli import main
from boostvsod.datasets.layouts import open_dataset
from boostvsod.media.synthetic import Clip
from boostvsod.scoring import PROTOCOLS, evaluate


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


def test_two_plain_folders(data: Path, tmp_path: Path) -> None:
    """A folder of maps and a folder of masks, and all sequences' masks without their frames, also by links."""
    alone = scores_of("eval", tmp_path / "maps" / "bear", data / "bear" / "masks")
    whole = scores_of("eval", tmp_path / "maps", data)
    assert alone["S"] == whole["sequences"]["bear"]["S"]
    for name in ("bear", "bus"):
        (tmp_path / "linked").mkdir(exist_ok=True)
        (tmp_path / "linked" / name).symlink_to(data / name / "masks")
    (tmp_path / "linked" / "up").symlink_to(tmp_path)
    masks = scores_of("eval", tmp_path / "maps", tmp_path / "linked")
    assert masks["sequences"] == whole["sequences"]
    assert "all 18 pictures count as masks" in masks["notes"][0]
    refused = call("eval", tmp_path / "maps", tmp_path / "linked", "--stability")
    assert refused.exit_code == 2
    assert "holds only masks" in refused.stderr


def scores_of(*words: object) -> dict[str, Any]:
    done = call(*words, "--json")
    assert done.exit_code == 0, done.output
    scores: dict[str, Any] = json.loads(done.stdout)
    return scores


def test_several_methods_and_data_sets(data: Path, tmp_path: Path) -> None:
    """One table: a row a method, the data sets side by side, the best in bold. And every frame in a CSV."""
    write_maps(tmp_path / "worse" / "own" / "maps" / "bus", np.zeros((6, 48, 64), np.uint8))
    (tmp_path / "fine" / "own").mkdir(parents=True)
    (tmp_path / "fine" / "own" / "maps").symlink_to(tmp_path / "maps")
    own, bus = ("--gt", f"own={data}"), ("--gt", f"small={data / 'bus'}")
    maps = [f"{tmp_path}/fine/own/maps", f"{tmp_path}/worse/own/maps"]
    files = ["--per-frame", tmp_path / "frames.csv", "--f", tmp_path / "f.svg", "--e", tmp_path / "e.svg"]
    words = ["eval", *maps, *bus, *own, "--allow-missing", "--measures", "MAE,S", "--format", "markdown"]
    done = call(*words, *files)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[2] == "| method | small MAE | small S | own MAE | own S |"
    better, worse = lines[4].split("|")[1:-1], lines[5].split("|")[1:-1]
    assert (better[0].strip(), worse[0].strip()) == ("fine/own/maps", "worse/own/maps")
    assert "**" in better[2]
    assert "**" not in worse[2]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "frames.csv").read_text())))
    assert len(rows) == 6 + 6 + 18 + 6
    assert {"data", "method", "sequence", "frame", "S", "MAE"} <= rows[0].keys()
    assert (tmp_path / "f.svg").read_text().count("<polyline") == 4


def test_data_in_a_path_is_the_data_set(data: Path, tmp_path: Path) -> None:
    write_maps(tmp_path / "method" / "first" / "bus", np.ones((6, 48, 64), np.uint8))
    done = call("eval", f"{tmp_path}/method/{{data}}", "--gt", f"first={data / 'bus'}", "--measures", "S")
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["method", "method"], "a head and a row"
