"""Jobs of a benchmark: every arm is run and scored once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench_setup import jobs_of, must_succeed
from made import QUICK

from boostvsod.bench.arms import plan_arms
from boostvsod.bench.execution import Execution
from boostvsod.bench.jobs import Job, Setup, known_result
from boostvsod.bench.run import run_jobs, shard
from boostvsod.errors import ConfigError
from boostvsod.media.synthetic import Clip
from boostvsod.metrics.scores import Scores


def test_every_arm_runs_and_scores(setup: Setup, clip: Clip) -> None:
    rows, failures = run_jobs(jobs_of(setup), setup, Execution(workers=1), must_succeed)
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
    rows, _ = run_jobs(jobs_of(setup, arms), setup, Execution(), must_succeed)
    oracle = next(row for row in rows if (row["video"], row["arm"]) == ("bear", "oracle"))
    ours = next(row for row in rows if (row["video"], row["arm"]) == ("bear", "nr"))
    assert len(oracle["mined"]) == len(ours["mined"]) < 6
    assert "00001" not in oracle["mined"], "its map is upside down"


def test_saved_jobs_are_not_run_again(setup: Setup) -> None:
    jobs, reported = jobs_of(setup), []
    first, _ = run_jobs(jobs[:4], setup, Execution(), must_succeed)
    stamps = {job: job.result_file(setup).stat().st_mtime_ns for job in jobs[:4]}

    def report(job: Job, result: Any, done: int, total: int) -> None:
        reported.append(job)

    both, _ = run_jobs(jobs, setup, Execution(), report)
    assert reported == jobs[4:]
    assert both[:4] == first
    assert {job: job.result_file(setup).stat().st_mtime_ns for job in jobs[:4]} == stamps
    other = replace(setup, protocol="davsod")
    assert known_result(jobs[0], other) is None, "another protocol is another job"


def test_shards_are_disjoint_and_complete(setup: Setup) -> None:
    jobs = jobs_of(setup, seeds=2)
    parts = [shard(jobs, f"{i}/2") for i in (1, 2)]
    assert sorted(map(str, parts[0] + parts[1])) == sorted(map(str, jobs))
    assert {job.video for job in parts[0]} == {"bear"}
    for wrong in ("3/2", "0/2", "x", "1-2"):
        with pytest.raises(ConfigError, match="I/N"):
            shard(jobs, wrong)


def test_a_failed_job_is_reported_and_the_others_are_run(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "data" / "bus" / "pred" / "00002.png").unlink()
    reported = []
    rows, failures = run_jobs(
        jobs_of(setup)[:1] + jobs_of(setup)[6:7], setup, Execution(), lambda *x: reported.append(x[1])
    )
    assert [row["video"] for row in rows] == ["bear"]
    assert len(failures) == 1
    assert "bus, mine, baseline" in failures[0]
    assert "00002" in failures[0]
