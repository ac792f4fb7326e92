"""A benchmark: what it compares, that it resumes, survives dying workers, and sums up rightly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import QUICK, write_maps, write_pictures

from boostvsod.bench.arms import Arm, plan_arms, recipe_of
from boostvsod.bench.jobs import Job, Setup, run_job, saved_result
from boostvsod.bench.papers import ablation
from boostvsod.bench.run import Execution, plan_jobs, run_jobs, shard
from boostvsod.bench.summary import bootstrap, overview, summarise
from boostvsod.errors import ConfigError
from boostvsod.media.synthetic import Clip
from boostvsod.metrics.scores import Scores
from boostvsod.runtime import Runtime
from boostvsod.settings import read_toml
from boostvsod.targets import split_label

SETTINGS = (*QUICK, "nr.threshold=1.1", "lite.size=64")


@pytest.fixture
def setup(tmp_path: Path, clip: Clip) -> Setup:
    """Two short videos, with maps of a target that is right here and wrong there."""
    for name, length in (("bear", 6), ("bus", 5)):
        write_pictures(tmp_path / "data" / name / "frames", clip.frames[:length])
        write_maps(tmp_path / "data" / name / "masks", clip.truth[:length])
        maps = 0.9 * clip.truth[:length].astype(np.float32)
        maps[1] = maps[1, ::-1]
        write_maps(tmp_path / "data" / name / "pred", maps)
    return Setup(str(tmp_path / "data"), "", "video", Runtime(), tmp_path / "out")


def target(setup: Setup) -> str:
    return f"mine=maps:{setup.data}/{{video}}/pred"


def falling(folder: Path) -> str:
    """A target that takes its process down the first time it is built."""
    mark = folder / "died"
    code = f"""
import os, pathlib
def build():
    mark = pathlib.Path({str(mark)!r})
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return lambda rgb: rgb[..., 0].astype("float32") / 255
"""
    (folder / "falls.py").write_text(code)
    return f"falls={folder}/falls.py:build"


def quiet(job: Job, result: Any, done: int, total: int) -> None:
    assert not isinstance(result, Exception), result


def jobs_of(setup: Setup, arms: list[Arm] | None = None, seeds: int = 1) -> list[Job]:
    return plan_jobs(setup, [target(setup)], arms or plan_arms(["nr"], SETTINGS), seeds)


def test_arms_sweeps_and_controls() -> None:
    arms = plan_arms(["nr"], ["train.batch=2"], ["dis", "farneback"], ["nr.threshold=0.5,0.6"], ["random", "oracle"])
    assert [arm.name for arm in arms] == [
        "baseline",
        *(f"nr {flow} nr.threshold={value}" for flow in ("dis", "farneback") for value in ("0.5", "0.6")),
        "random",
        "oracle",
    ]
    assert recipe_of(arms[4], "d", "v").flow == "farneback"
    assert recipe_of(arms[4], "d", "v").of("nr")["threshold"] == 0.6
    random, oracle = (recipe_of(arm, "data", "bear") for arm in arms[-2:])
    assert random.of("random")["options"]["threshold"] == 0.5, "controls are of the first arm"
    assert (oracle.of("oracle")["data"], oracle.of("oracle")["sequence"]) == ("data", "bear")
    changed = plan_arms(["nr", "none"], ["train.batch=2"], changes=["nr.threshold=0.3", "recipe.fuser=student"])
    assert [arm.name for arm in changed[1:4]] == ["nr", "nr nr.threshold=0.3", "nr recipe.fuser=student"]
    assert changed[3].settings == ("train.batch=2", "recipe.fuser=student")
    assert recipe_of(plan_arms(["nr"])[2], "d", "v").per_frame == 0, "the student alone learns nothing"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"recipes": []}, "at least one recipe"),
        ({"recipes": ["nr"], "controls": ["luck"]}, "no control is called 'luck'"),
        ({"recipes": ["nr"], "sweeps": ["threshold"]}, "expected TABLE.KEY"),
    ],
)
def test_bad_arms_are_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan_arms(**arguments)


def test_targets_have_short_names() -> None:
    assert split_label("csnet=maps:a=b/x") == ("csnet", "maps:a=b/x")
    assert split_label("maps:data.zip/{video}/pred_csnet") == ("pred_csnet", "maps:data.zip/{video}/pred_csnet")
    assert split_label("lite") == ("lite", "lite")


def test_published_tables_fit_their_sweeps() -> None:
    for name in read_toml(Path(str(sys.modules[ablation.__module__].__file__)).with_name("papers.toml")):
        table = ablation(name)
        values = table.sweep.partition("=")[2].split(",")
        assert all(len(numbers) == len(values) for numbers in table.published.values()), name
    rows = ablation("nr-5").rows({"nr nr.threshold=0.6": {"maxF": 0.5, "MAE": 0.1, "meanF": 0.4}})
    assert rows[2] == ["nr.threshold=0.6", 0.793, 0.5, 0.679, 0.4, 0.041, 0.1]
    assert rows[0][2] is None, "not measured"


def test_every_arm_runs_and_scores(setup: Setup, clip: Clip) -> None:
    rows, failures = run_jobs(jobs_of(setup), setup, Execution(workers=1), quiet)
    assert not failures
    assert len(rows) == 2 * 6
    baseline = next(row for row in rows if (row["video"], row["arm"]) == ("bus", "baseline"))
    scores = Scores(stretched=True)
    for i in range(5):
        scores.step((clip.truth[i][::-1] if i == 1 else clip.truth[i]) * 0.9, clip.truth[i])
    assert baseline["scores"]["S"] == pytest.approx(scores.result()["S"], abs=1e-3)
    by_arm = {row["arm"]: row for row in rows if row["video"] == "bear"}
    assert len(by_arm["oracle"]["mined"]) == len(by_arm["random"]["mined"]) == len(by_arm["nr"]["mined"]) == 6
    assert by_arm["nr"]["seconds"] > by_arm["baseline"]["seconds"] > 0
    assert all(row["megabytes"] > 10 for row in rows)
    assert len({json.dumps(row["scores"]) for row in by_arm.values()}) > 3, "arms differ"


def test_the_oracle_takes_the_best_frames(setup: Setup) -> None:
    settings = [*QUICK, "lite.size=64", "nr.threshold=0.75"]
    arms = plan_arms(["nr"], settings, controls=["oracle"])
    rows, _ = run_jobs(jobs_of(setup, arms), setup, Execution(), quiet)
    oracle = next(row for row in rows if (row["video"], row["arm"]) == ("bear", "oracle"))
    ours = next(row for row in rows if (row["video"], row["arm"]) == ("bear", "nr"))
    assert len(oracle["mined"]) == len(ours["mined"]) < 6
    assert "00001" not in oracle["mined"], "its map is upside down"


def test_finished_jobs_are_not_done_again(setup: Setup) -> None:
    jobs, told = jobs_of(setup), []
    first, _ = run_jobs(jobs[:4], setup, Execution(), quiet)
    stamps = {job: job.result_file(setup).stat().st_mtime_ns for job in jobs[:4]}

    def tell(job: Job, result: Any, done: int, total: int) -> None:
        told.append(job)

    both, _ = run_jobs(jobs, setup, Execution(), tell)
    assert told == jobs[4:]
    assert both[:4] == first
    assert {job: job.result_file(setup).stat().st_mtime_ns for job in jobs[:4]} == stamps
    other = replace(setup, protocol="davsod")
    assert saved_result(jobs[0], other) is None, "another protocol is another job"


def test_shards_are_disjoint_and_complete(setup: Setup) -> None:
    jobs = jobs_of(setup, seeds=2)
    parts = [shard(jobs, f"{i}/2") for i in (1, 2)]
    assert sorted(map(str, parts[0] + parts[1])) == sorted(map(str, jobs))
    assert {job.video for job in parts[0]} == {"bear"}
    for wrong in ("3/2", "0/2", "x", "1-2"):
        with pytest.raises(ConfigError, match="I/N"):
            shard(jobs, wrong)


def test_a_dying_worker_costs_one_retry(setup: Setup, tmp_path: Path) -> None:
    jobs = plan_jobs(setup, [falling(tmp_path)], plan_arms(["nr"], SETTINGS, controls=[])[:1], 1)
    rows, failures = run_jobs(jobs, setup, Execution(workers=2), quiet)
    assert not failures
    assert len(rows) == 2


def test_what_cannot_be_done_is_told_and_the_rest_is_done(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "data" / "bus" / "pred" / "00002.png").unlink()
    told = []
    rows, failures = run_jobs(
        jobs_of(setup)[:1] + jobs_of(setup)[6:7], setup, Execution(), lambda *x: told.append(x[1])
    )
    assert [row["video"] for row in rows] == ["bear"]
    assert len(failures) == 1
    assert "bus, mine, baseline" in failures[0]
    assert "00002" in failures[0]


def row(video: str, arm: str, s: float, seed: int = 0, frames: int = 10) -> dict[str, Any]:
    values = {"MAE": 1 - s, "S": s, "wF": s, "adpF": s, "adpE": s, "J": s, "F": s, "MAE_raw": 1 - s}
    curves = {key: [s] * 256 for key in "FEPR"}
    about = {"video": video, "target": "t", "arm": arm, "seed": seed, "frames": frames, "megabytes": 5.0}
    return {**about, "seconds": 0.1, "values": values, "curves": curves, "scores": values, "S": {"0": s}}


def test_summary_by_hand() -> None:
    rows = [row("a", "baseline", 0.8), row("b", "baseline", 0.6), row("c", "baseline", 0.5)]
    rows += [row("a", "nr", 0.7), row("b", "nr", 0.8), row("c", "nr", 0.5005)]
    rows += [row("a", "nr", 0.7, 1), row("b", "nr", 0.9, 1), row("c", "nr", 0.5005, 1)]
    base, nr = summarise(rows)
    assert base.scores["S"] == pytest.approx(1.9 / 3)
    assert nr.each == pytest.approx({"a": 0.7, "b": 0.85, "c": 0.5005})
    assert nr.delta["S"] == pytest.approx((0.7 + 0.85 + 0.5005 - 1.9) / 3)
    assert (nr.wins, nr.ties, nr.losses) == (1, 1, 1)
    assert nr.worst[0] == "a"
    assert nr.worst[1] == pytest.approx(-0.1)
    assert nr.spread == pytest.approx(np.std([2.0005 / 3, 2.1005 / 3]))
    assert nr.interval[0] < nr.delta["S"] < nr.interval[1]
    assert overview([base, nr], "").rows[1][-4] == "-0.100 a"
    alone = [*rows, row("d", "nr", 0.9)]  # whose baseline failed: there is nothing to compare it with
    assert summarise(alone)[1].delta == nr.delta


def test_bootstrap_narrows_with_agreement() -> None:
    wide, narrow = bootstrap(np.array([-0.2, 0.3, 0.1])), bootstrap(np.full(10, 0.1))
    assert wide[0] < 0 < wide[1]
    assert narrow == pytest.approx((0.1, 0.1))


def command(setup: Setup, *more: str) -> list[str]:
    words = ["bench", "--dataset", setup.data, "--target", target(setup), "-o", str(setup.out), "--threads", "1", *more]
    return [sys.executable, "-c", "from boostvsod.cli import main; main()", *words, *(f"--set={s}" for s in SETTINGS)]


@pytest.mark.slow
def test_killed_and_resumed_ends_as_one_that_was_not(setup: Setup, tmp_path: Path) -> None:
    process = subprocess.Popen(command(setup), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None and len(list((setup.out / "jobs").glob("*.json"))) < 3:
        pass
    process.kill()
    process.wait()
    finished = set((setup.out / "jobs").glob("*.json"))
    assert 3 <= len(finished) < 12
    stamps = {path: path.stat().st_mtime_ns for path in finished}
    again = subprocess.run(command(setup), capture_output=True, text=True, check=True)
    assert {path: path.stat().st_mtime_ns for path in finished} == stamps
    whole = replace(setup, out=tmp_path / "whole")
    other = subprocess.run(command(whole), capture_output=True, text=True, check=True)
    ours, theirs = _scores(setup), _scores(whole)
    assert ours.keys() == theirs.keys()
    for job, scores in ours.items():
        assert scores == pytest.approx(theirs[job], abs=1e-9), job  # sums may round by where arrays lie in memory
    assert again.stdout.count("\n") == other.stdout.count("\n") > 10
    assert (setup.out / "report.html").stat().st_size > 20_000


def _scores(setup: Setup) -> dict[str, Any]:
    found = (json.loads(path.read_text()) for path in (setup.out / "jobs").glob("*.json"))
    return {f"{row['video']} {row['arm']}": row["scores"] for row in found}


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A Ray cluster of two nodes in this machine."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_ray_survives_losing_a_worker_and_a_node(setup: Setup, tmp_path: Path, cluster: Any) -> None:
    """The target kills its worker once; a node is taken away in the middle. Results are those of a serial run."""
    arms = plan_arms(["nr"], SETTINGS, controls=["random"])
    jobs = plan_jobs(setup, [falling(tmp_path)], arms, 1)
    nodes = list(cluster.worker_nodes)

    def tell(job: Job, result: Any, done: int, total: int) -> None:
        assert not isinstance(result, Exception), result
        if nodes:
            cluster.remove_node(nodes.pop())

    rows, failures = run_jobs(jobs, setup, Execution("ray", workers=2), tell)
    assert not failures
    assert not nodes
    serial = replace(setup, out=tmp_path / "serial")
    for row, job in zip(rows, jobs, strict=True):
        assert row["scores"] == pytest.approx(run_job(job, serial)["scores"], abs=1e-9)
