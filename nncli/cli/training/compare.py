"""`nncli compare`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from nncli.cli.command import command
from nncli.cli.options import Assignments, DataDir, Json, NoReport, Quiet, RunsDir, run_word
from nncli.cli.training import options as own
from nncli.console import Console
from nncli.errors import UsageError


def compare(
    configs: own.Configs = None,
    vary: own.Vary = None,
    seeds: own.Seeds = None,
    folds: own.ComparedFolds = None,
    fixed_split: own.FixedSplit = False,
    margin: own.Margin = None,
    budget: own.Budget = None,
    lr_range: own.LrRange = False,
    assignments: Assignments = None,
    epochs: own.EpochsOfAll = None,
    target: own.Target = None,
    track: own.Track = None,
    jobs: own.Jobs = "auto",
    on: own.On = None,
    cpus_per_run: own.CpusPerRun = None,
    gpus_per_run: own.GpusPerRun = None,
    resume: own.ResumeComparison = None,
    inexact: own.Inexact = False,
    no_report: NoReport = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Train variants of a network on the same splits and seeds.

    \b
    Example: nncli compare --vary model.hidden_activation=sigmoid,relu
    Finished runs, without training: nncli compare RUN RUN
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        cluster = pipeline.ClusterRequest.parse(on, cpus_per_run, gpus_per_run)
        folders = pipeline.Folders(runs_dir, data_dir)
        common: dict[str, Any] = {"folders": folders, "console": console}
        common["if_stopped"] = None if no_report else pipeline.leave_report(folders, console)
        shared: dict[str, Any] = {
            "fixed_split": fixed_split,
            "margin": margin,
            "budget": budget,
            "lr_range": lr_range,
            "folds": folds,
            "track": track,
        }
        if resume is None:
            if inexact:
                raise UsageError("--inexact goes with --resume", hint="leave it out")
            request = pipeline.ComparisonRequest.parse(
                configs, vary, seeds, assignments, epochs, target, jobs, **shared
            )
            comparison = pipeline.compare(replace(request, on=cluster), **common)
        else:
            _refuse_settings(resume, configs, vary, assignments, {"epochs": epochs, "target": target, **shared})
            comparison = pipeline.resume_comparison(
                resume, seeds=seeds, jobs=jobs, inexact=inexact, on=cluster, **common
            )
        _show(console, comparison, runs_dir, report=not no_report)


def _show(console: Console, comparison: Any, runs_dir: Path, *, report: bool) -> None:
    """The result, its page, and what other tools are told about it."""
    from nncli import pipeline
    from nncli.cli.views.comparison import show_comparison

    if report:
        pipeline.add_report(comparison.folder, console)
    pipeline.add_to_trackers(comparison.folder, console, comparison.trackers)
    show_comparison(console, comparison, runs_dir, _with_more_seeds(comparison, runs_dir))


def _refuse_settings(
    resume: str,
    configs: list[str] | None,
    vary: list[str] | None,
    assignments: list[str] | None,
    settings: dict[str, Any],
) -> None:
    """Raises UsageError for what a resumed comparison has already."""
    told = [
        *(configs or ()),
        *(f"--vary {each}" for each in vary or ()),
        *(f"--set {each}" for each in assignments or ()),
        *(f"--track {each}" for each in settings["track"] or ()),
        *(
            f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
            for name, value in settings.items()
            if value is not None and value is not False and name != "track"
        ),
    ]
    if told:
        raise UsageError(
            f"--resume {resume} goes on with the comparison's own configs, and got {', '.join(told)}",
            hint="leave it out, or begin a new comparison",
        )


def _with_more_seeds(comparison: Any, runs_dir: Path) -> str | None:
    """The command that extends the comparison, as it can be pasted; None for one over folds."""
    if comparison.is_over_folds:
        return None
    number = len(comparison.result["seeds"])
    more = max(10, 2 * number) if number > 1 else 5
    return f"nncli compare --resume {run_word(comparison.folder.path, runs_dir)} --seeds {more}"
