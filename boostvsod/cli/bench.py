"""`boostvsod bench`: boosted against baseline, over data sets."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import device_options, format_option, say
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.bench.jobs import Job, Setup
    from boostvsod.bench.summary import ArmSummary
    from boostvsod.report.tables import Table

many: dict[str, Any] = {"multiple": True}


@click.group("bench", invoke_without_command=True)
@click.option("--dataset", "data", help="Folder or zip of frames and masks.")
@click.option("--layout", default="", help="Of the data set; default: found out.")
@click.option("--target", "targets", **many, default=["lite"], help="As for run, or NAME=TARGET; {video} is the video.")
@click.option("--recipe", "recipes", **many, help="Default: default.")
@click.option("--flow", "flows", **many, help="Every recipe with each of these.")
@click.option("--sweep", "sweeps", **many, help="TABLE.KEY=V1,V2,...: every recipe with each of these.")
@click.option("--change", "changes", **many, help="TABLE.KEY=VALUE: every recipe once more with this alone changed.")
@click.option("--paper", help="A published ablation: its recipe and sweep, its numbers beside ours. See papers.toml.")
@click.option("--explain", type=click.Choice(["quality"]), help="quality: are trusted frames better than others?")
@click.option("--control", "controls", **many, help="student, random, propagate, oracle or none. Default: all four.")
@click.option("--video", "videos", **many, help="Only these.")
@click.option("--set", "settings", **many, help="TABLE.KEY=VALUE over every recipe.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True)
@click.option("--protocol", default="video", show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Worker processes.")
@click.option("--devices", default="", help="Comma-separated; workers take turns. Default: --device.")
@click.option("--executor", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option("--address", default="", help="Of a Ray cluster; default: one on this machine.")
@click.option("--gpus", default=0.0, help="Of each Ray worker; may be a fraction.")
@click.option("--shard", default="", help="I/N: only this part of the jobs; no report.")
@format_option
@click.option("-o", "--output", type=click.Path(path_type=Path))
@device_options
def command(data: str | None, runtime: Runtime, output: Path | None, shard: str, form: str, **options: Any) -> None:
    """Compare recipes with the baseline and with controls, and write tables and a report into OUTPUT.

    Finished jobs are kept: the same command goes on where it was stopped, whoever ran the other jobs.
    """
    from boostvsod.bench.jobs import Setup
    from boostvsod.bench.run import plan_jobs, run_jobs
    from boostvsod.bench.run import shard as part_of
    from boostvsod.evaluate import protocol_called

    if click.get_current_context().invoked_subcommand:
        return
    if data is None or output is None:
        raise click.UsageError("--dataset and --output are needed")
    say(str(runtime))
    setup = Setup(data, options["layout"], protocol_called(options["protocol"]).name, runtime, output)
    jobs = plan_jobs(setup, options["targets"], _arms(options), options["seeds"], options["videos"])
    if shard:
        jobs = part_of(jobs, shard)
    say(f"{len(jobs)} jobs")
    rows, failures = run_jobs(jobs, setup, _execution(options, runtime), _tell)
    if rows and not shard:
        _report(rows, setup, options, form)
    if failures:
        from boostvsod.errors import PluginError

        raise PluginError(f"{len(failures)} of {len(jobs)} jobs failed:\n" + "\n".join(failures))


def _arms(options: dict[str, Any]) -> Any:
    from boostvsod.bench.arms import CONTROLS, plan_arms
    from boostvsod.bench.papers import ablation

    recipes, sweeps = list(options["recipes"]) or ["default"], list(options["sweeps"])
    controls = [c for c in options["controls"] if c != "none"] if options["controls"] else CONTROLS
    if options["paper"]:
        published = ablation(options["paper"])
        recipes, sweeps, controls = [published.recipe], [published.sweep], []
    return plan_arms(recipes, options["settings"], options["flows"], sweeps, controls, options["changes"])


def _execution(options: dict[str, Any], runtime: Runtime) -> Any:
    from boostvsod.bench.run import Execution

    devices = tuple(options["devices"].split(",")) if options["devices"] else (runtime.device,)
    return Execution(options["executor"], options["jobs"], devices, options["address"], options["gpus"])


def _tell(job: Job, result: dict[str, Any] | Exception, done: int, total: int) -> None:
    told = f"failed: {result}" if isinstance(result, Exception) else f"S {result['scores']['S']:.3f}"
    say(f"[{done}/{total}] {job.video}, {job.target}, {job.arm.name}, seed {job.seed}: {told}")


def _report(rows: list[dict[str, Any]], setup: Setup, options: dict[str, Any], form: str) -> None:
    from boostvsod.bench.report import write_report
    from boostvsod.bench.summary import summarise
    from boostvsod.evaluate import protocol_called
    from boostvsod.files import write_json

    rules = protocol_called(setup.protocol)
    summaries = summarise(rows, rules.by_sequence)
    caption = f"{setup.data}; protocol {rules.name}: {rules.summary}; {options['seeds']} seed(s); {setup.runtime}"
    tables = _tables(summaries, options, caption)
    if options["explain"]:
        from boostvsod.bench.quality import quality_tables

        tables += quality_tables(rows, setup)
    click.echo("\n\n".join(table.render(form) for table in tables))
    about = {"about": caption, "command": shlex.join(["boostvsod", *sys.argv[1:]])}
    write_json(setup.out / "bench.json", {**about, "arms": [_plain(summary) for summary in summaries]})
    say(f"report: {write_report(rows, summaries, tables, setup, caption)}")


def _plain(summary: ArmSummary) -> dict[str, Any]:
    return {key: value for key, value in asdict(summary).items() if key != "averages"}


def _tables(summaries: list[ArmSummary], options: dict[str, Any], caption: str) -> list[Table]:
    from boostvsod.bench.papers import ablation
    from boostvsod.bench.summary import overview, per_video
    from boostvsod.report.tables import Table

    tables = [overview(summaries, caption)]
    tables += [per_video(summaries, target) for target in dict.fromkeys(s.target for s in summaries)]
    if options["paper"]:
        published = ablation(options["paper"])
        for target in dict.fromkeys(s.target for s in summaries):
            measured = {s.arm: s.scores for s in summaries if s.target == target}
            tables.append(Table(published.columns(), published.rows(measured), f"{published.title}; here: {target}"))
    return tables


@command.command("flow")
@click.option("--backend", "names", multiple=True, help="Default: all.")
@click.option("--size", default="854x480", show_default=True)
@click.option("--runs", default=3, show_default=True, help="The median is told.")
@format_option
@device_options
def flow(names: tuple[str, ...], size: str, runs: int, form: str, runtime: Runtime) -> None:
    """Seconds per pair of frames for every flow backend; networks without kept weights run with random ones."""
    from boostvsod.bench.flows import measure_flows

    say(str(runtime))
    click.echo(measure_flows(names, size, runs, runtime).render(form))
