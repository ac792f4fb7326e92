"""`boostvsod bench`: compare boosted maps with the baseline on data sets."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.many import many_options
from boostvsod.cli.options import Number, device_options, format_option, overwrite_option, say, show
from boostvsod.recipe import DEFAULT_TARGET
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.bench.arms import Arm
    from boostvsod.bench.execution import Execution
    from boostvsod.bench.jobs import Job, Setup
    from boostvsod.bench.summary import ArmSummary
    from boostvsod.files import Outputs
    from boostvsod.report.tables import Table

SUMMARY = "bench.json"
many: dict[str, Any] = {"multiple": True}
EXPLAIN_HELP = "quality: are the mined frames better than the others? mined: and after boosting? time: seconds by step."
TARGET_HELP = "As for run, or NAME=TARGET; {video} stands for the name of the video."


@click.group("bench", invoke_without_command=True)
@click.option("--dataset", "data", help="Folder or zip of frames and masks.")
@click.option("--layout", default="", help="Layout of the data set. Default: detected.")
@click.option("--target", "targets", **many, default=[DEFAULT_TARGET], help=TARGET_HELP)
@click.option("--recipe", "recipes", **many, help='Name or TOML file. Default: the recipe "default".')
@click.option("--flow", "flows", **many, help="Run every recipe with each of these flow backends.")
@click.option("--sweep", "sweeps", **many, help="TABLE.KEY=V1,V2,...: run every recipe with each value.")
@click.option("--change", "changes", **many, help="TABLE.KEY=VALUE: run every recipe again with only this changed.")
@click.option(
    "--paper", metavar="NAME", help="Run a published ablation, and show its numbers too. NAME is in papers.toml."
)
@click.option("--explain", type=click.Choice(["quality", "mined", "time"]), help=EXPLAIN_HELP)
@click.option(
    "--leave-clip-out",
    is_flag=True,
    help="Run the recipes without their gate, and judge the gate on clips that it was not fitted to.",
)
@click.option("--control", "controls", **many, help="student, random, propagate, oracle or none. Default: all four.")
@click.option("--video", "videos", **many, help="Only these videos.")
@click.option("--set", "settings", **many, help="TABLE.KEY=VALUE, changes every recipe.")
@click.option("--seeds", type=Number(int, 1, 10_000), default=1, show_default=True)
@click.option("--protocol", default="video", show_default=True)
@many_options("Worker processes.", "jobs, without a report")
@click.option("--devices", default="", help="Devices of the workers in turn, comma-separated. Default: --device.")
@format_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder of the runs, the tables and the report.")
@overwrite_option
@device_options
def command(
    data: str | None, runtime: Runtime, output: Path | None, shard: str, form: str, overwrite: bool, **options: Any
) -> None:
    """Compare recipes with the baseline and with controls, and write tables and a report into OUTPUT.

    The results of finished jobs are saved. The same command continues where it stopped, also if other processes
    ran some of the jobs.
    """
    from boostvsod.bench.jobs import Setup
    from boostvsod.bench.run import plan_jobs, run_jobs
    from boostvsod.bench.run import shard as part_of
    from boostvsod.scoring import protocol_called

    if click.get_current_context().invoked_subcommand:
        return
    if data is None or output is None:
        raise click.UsageError("--dataset and --output are needed")
    say(str(runtime))
    outputs = _outputs(data, output, overwrite, options)
    setup = Setup(data, options["layout"], protocol_called(options["protocol"]).name, runtime, output)
    jobs = plan_jobs(setup, options["targets"], _arms(options), options["seeds"], options["videos"])
    if shard:
        jobs = part_of(jobs, shard)
    say(f"{len(jobs)} jobs")
    rows, failures = run_jobs(jobs, setup, _execution(options, runtime), _print_job)
    if rows and not shard:
        _report(rows, setup, options, form, outputs)
    if failures:
        from boostvsod.errors import PluginError

        raise PluginError(f"{len(failures)} of {len(jobs)} jobs failed:\n" + "\n".join(failures))


def _outputs(data: str, folder: Path, overwrite: bool, options: dict[str, Any]) -> Outputs:
    """The output folder. An error is raised if the benchmark would replace files of somebody else there."""
    from boostvsod.boosting.report import NAME
    from boostvsod.cli.inputs import paths_in
    from boostvsod.files import Outputs
    from boostvsod.targets import TargetSpec

    targets = [TargetSpec.parse(target) for target in options["targets"]]
    inputs = paths_in([data, *(target.argument for target in targets)])
    inputs += paths_in([*options["recipes"], *(target.name for target in targets)], folders=False)
    outputs = Outputs(folder, inputs=inputs, overwrite=overwrite)
    outputs.check(SUMMARY, NAME)
    return outputs


def _arms(options: dict[str, Any]) -> list[Arm]:
    from boostvsod.bench.arms import CONTROLS, plan_arms
    from boostvsod.bench.left_out import UNGATED
    from boostvsod.bench.papers import published_table

    recipes, sweeps = list(options["recipes"]) or ["default"], list(options["sweeps"])
    if options["leave_clip_out"]:
        if options["paper"] or options["controls"]:
            raise click.UsageError("--leave-clip-out judges the gate alone; leave out --paper and --control")
        return plan_arms(recipes, (*options["settings"], UNGATED), options["flows"], sweeps, [], options["changes"])
    controls = [c for c in options["controls"] if c != "none"] if options["controls"] else CONTROLS
    if options["paper"]:
        return published_table(options["paper"]).plan(options["settings"])
    return plan_arms(recipes, options["settings"], options["flows"], sweeps, controls, options["changes"])


def _execution(options: dict[str, Any], runtime: Runtime) -> Execution:
    from boostvsod.bench.execution import Execution

    devices = tuple(options["devices"].split(",")) if options["devices"] else (runtime.device,)
    return Execution(options["executor"], options["jobs"], devices, options["address"], options["gpus"])


def _print_job(job: Job, result: dict[str, Any] | Exception, done: int, total: int) -> None:
    outcome = f"failed: {result}" if isinstance(result, Exception) else f"S {result['scores']['S']:.3f}"
    say(f"[{done}/{total}] {job.video}, {job.target}, {job.arm.name}, seed {job.seed}: {outcome}")


def _report(rows: list[dict[str, Any]], setup: Setup, options: dict[str, Any], form: str, outputs: Outputs) -> None:
    from boostvsod.bench.report import write_report
    from boostvsod.bench.summary import summarise
    from boostvsod.files import write_json
    from boostvsod.scoring import protocol_called

    rules = protocol_called(setup.protocol)
    summaries = summarise(rows, rules.by_sequence)
    caption = f"{setup.data}; protocol {rules.name}: {rules.summary}; {options['seeds']} seed(s); {setup.runtime}"
    tables = _tables(summaries, options, caption)
    tables += _explain(options["explain"], rows, setup)
    tables += _left_out(rows, setup) if options["leave_clip_out"] else []
    show("\n\n".join(table.render(form) for table in tables))
    about = {"about": caption, "command": shlex.join(["boostvsod", *sys.argv[1:]])}
    with outputs.writing(SUMMARY) as path:
        write_json(path, {**about, "arms": [_as_json(summary) for summary in summaries]})
    say(f"report: {write_report(rows, summaries, tables, setup, caption, outputs)}")


def _explain(what: str | None, rows: list[dict[str, Any]], setup: Setup) -> list[Table]:
    """The further tables that --explain asks for."""
    from boostvsod.bench import mined_quality

    if what == "quality":
        return mined_quality.mined_quality_tables(rows, setup)
    if what == "mined":
        return [mined_quality.boosted_table(rows, setup)]
    return [mined_quality.time_table(rows)] if what == "time" else []


def _left_out(rows: list[dict[str, Any]], setup: Setup) -> list[Table]:
    from boostvsod.bench.left_out import left_out_table, pairs_of

    return [left_out_table(pairs_of(rows, setup))]


def _as_json(summary: ArmSummary) -> dict[str, Any]:
    return {key: value for key, value in asdict(summary).items() if key != "averages"}


def _tables(summaries: list[ArmSummary], options: dict[str, Any], caption: str) -> list[Table]:
    from boostvsod.bench.papers import published_table
    from boostvsod.bench.summary import overview, per_video
    from boostvsod.report.tables import Table

    tables = [overview(summaries, caption)]
    tables += [per_video(summaries, target) for target in dict.fromkeys(s.target for s in summaries)]
    if options["paper"]:
        published = published_table(options["paper"])
        for target in dict.fromkeys(s.target for s in summaries):
            measured = {s.arm: s.scores for s in summaries if s.target == target}
            tables.append(Table(published.columns(), published.rows(measured), f"{published.title}; here: {target}"))
    return tables


@command.command("speed")
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@click.option("--target", default=DEFAULT_TARGET, show_default=True)
@click.option("--recipe", default="default", show_default=True)
@click.option("--set", "settings", multiple=True, help="TABLE.KEY=VALUE, as for run.")
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="An earlier FILE.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="FILE of all numbers, as JSON.")
@format_option
@overwrite_option
@device_options
def speed(
    videos: tuple[str, ...],
    target: str,
    recipe: str,
    settings: tuple[str, ...],
    against: Path | None,
    output: Path | None,
    form: str,
    overwrite: bool,
    runtime: Runtime,
) -> None:
    """Measure where the time of a run goes, from a cold start to the last file.

    Each step stands beside its floor: the same work on what is already in memory. The whole run is compared with
    --recipe none, which only runs the target.
    """
    from boostvsod.bench.speed import compared, measure_speed, read_speed, speed_tables
    from boostvsod.files import Outputs, write_json

    say(str(runtime))
    earlier = read_speed(against) if against else []
    outputs = Outputs(output.parent, inputs=[Path(video) for video in videos], overwrite=overwrite) if output else None
    if outputs and output:
        outputs.check(output.name)
    measured = [measure_speed(video, target, recipe, settings, runtime) for video in videos]
    tables = speed_tables(measured) + ([compared(measured, earlier)] if earlier else [])
    show("\n\n".join(table.render(form) for table in tables))
    if outputs and output:
        with outputs.writing(output.name) as path:
            write_json(path, measured)


@command.command("flow")
@click.option("--backend", "names", multiple=True, help="Flow backend; may be repeated. Default: all.")
@click.option("--size", default="854x480", show_default=True)
@click.option(
    "--runs",
    type=Number(int, 1, 10_000),
    default=3,
    show_default=True,
    help="Measurements; the median is printed.",
)
@format_option
@device_options
def flow(names: tuple[str, ...], size: str, runs: int, form: str, runtime: Runtime) -> None:
    """Measure the seconds that each flow backend needs for a pair of frames.

    Networks whose weights are not in the cache run with random weights.
    """
    from boostvsod.bench.flows import measure_flows

    say(str(runtime))
    click.echo(measure_flows(names, size, runs, runtime).render(form))
