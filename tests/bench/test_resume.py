"""A benchmark survives dying workers, lost nodes and a kill."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench_setup import SETTINGS, dying_target, must_succeed, target

from boostvsod.bench.arms import plan_arms
from boostvsod.bench.execution import Execution
from boostvsod.bench.jobs import Job, Setup, run_job
from boostvsod.bench.run import plan_jobs, run_jobs


def test_the_job_of_a_dead_worker_is_tried_again(setup: Setup, tmp_path: Path) -> None:
    jobs = plan_jobs(setup, [dying_target(tmp_path)], plan_arms(["nr"], SETTINGS, controls=[])[:1], 1)
    rows, failures = run_jobs(jobs, setup, Execution(workers=2), must_succeed)
    assert not failures
    assert len(rows) == 2


def command(setup: Setup, *more: str) -> list[str]:
    words = ["bench", "--dataset", setup.data, "--target", target(setup), "-o", str(setup.out), "--threads", "1", *more]
    return [sys.executable, "-c", "from boostvsod.cli import main; main()", *words, *(f"--set={s}" for s in SETTINGS)]


@pytest.mark.slow
def test_a_killed_benchmark_resumes_to_the_same_scores(setup: Setup, tmp_path: Path) -> None:
    process = subprocess.Popen(command(setup), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None and len(list((setup.out / "jobs").glob("[!.]*.json"))) < 3:
        pass
    process.kill()
    process.wait()
    saved = set((setup.out / "jobs").glob("[!.]*.json"))
    assert 3 <= len(saved) < 12
    stamps = {path: path.stat().st_mtime_ns for path in saved}
    again = subprocess.run(command(setup), capture_output=True, text=True, check=True)
    assert {path: path.stat().st_mtime_ns for path in saved} == stamps
    whole = replace(setup, out=tmp_path / "whole")
    other = subprocess.run(command(whole), capture_output=True, text=True, check=True)
    ours, theirs = _scores(setup), _scores(whole)
    assert ours.keys() == theirs.keys()
    for job, scores in ours.items():
        assert scores == pytest.approx(theirs[job], abs=1e-9), job  # the rounding of sums depends on memory alignment
    assert again.stdout.count("\n") == other.stdout.count("\n") > 10
    assert (setup.out / "report.html").stat().st_size > 20_000


def _scores(setup: Setup) -> dict[str, Any]:
    found = (json.loads(path.read_text()) for path in (setup.out / "jobs").glob("[!.]*.json"))
    return {f"{row['video']} {row['arm']}": row["scores"] for row in found}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # warnings of Ray itself
def test_ray_survives_losing_a_worker_and_a_node(setup: Setup, tmp_path: Path, cluster: Any) -> None:
    """The target kills its worker once, and one node is removed. The results are those of a serial run."""
    arms = plan_arms(["nr"], SETTINGS, controls=["random"])
    jobs = plan_jobs(setup, [dying_target(tmp_path)], arms, 1)
    nodes = list(cluster.worker_nodes)

    def report(job: Job, result: Any, done: int, total: int) -> None:
        assert not isinstance(result, Exception), result
        if nodes:
            cluster.remove_node(nodes.pop())

    rows, failures = run_jobs(jobs, setup, Execution("ray", workers=2), report)
    assert not failures
    assert not nodes
    serial = replace(setup, out=tmp_path / "serial")
    for row, job in zip(rows, jobs, strict=True):
        assert row["scores"] == pytest.approx(run_job(job, serial)["scores"], abs=1e-9)
