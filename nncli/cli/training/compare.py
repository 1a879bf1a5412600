"""`nncli compare`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nncli.cli.command import command
from nncli.cli.options import Assignments, DataDir, Json, Quiet, RunsDir, run_word
from nncli.errors import UsageError

_SEEDS = 3


def compare(
    configs: Annotated[list[str] | None, typer.Argument(metavar="[CONFIG...]", show_default="digits_softmax")] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=A,B", help="Values to compare.", show_default="model.hidden_activation=sigmoid,relu"),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Trainings of each variant, each with a seed of its own.", show_default="3"),
    ] = None,
    assignments: Assignments = None,
    epochs: Annotated[int | None, typer.Option(help="train.epochs of every training.", show_default=False)] = None,
    target: Annotated[float | None, typer.Option(help="Level for `epochs to target`.", show_default=False)] = None,
    jobs: Annotated[
        str, typer.Option(metavar="N", help="Trainings at once; auto: as many as the cores allow.")
    ] = "auto",
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Continue a comparison, or with --seeds extend it.")
    ] = None,
    inexact: Annotated[bool, typer.Option("--inexact", help="Continue it even if the bits will differ.")] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Train variants of a network on the same splits and seeds.

    \b
    Example: nncli compare --vary model.hidden_activation=sigmoid,relu --seeds 3
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.comparison import show_comparison

        folders = pipeline.Folders(runs_dir, data_dir)
        if resume is None:
            if inexact:
                raise UsageError("--inexact goes with --resume", hint="leave it out")
            request = pipeline.ComparisonRequest.parse(
                configs, vary, seeds or _SEEDS, assignments, epochs, target, jobs
            )
            comparison = pipeline.compare(request, folders=folders, console=console)
        else:
            _refuse_settings(resume, configs, vary, assignments, epochs, target)
            comparison = pipeline.resume_comparison(
                resume, folders=folders, console=console, seeds=seeds, jobs=jobs, inexact=inexact
            )
        show_comparison(console, comparison, runs_dir, _with_more_seeds(comparison, runs_dir))


def _refuse_settings(
    resume: str,
    configs: list[str] | None,
    vary: list[str] | None,
    assignments: list[str] | None,
    epochs: int | None,
    target: float | None,
) -> None:
    """Raises UsageError for what a comparison that goes on has already."""
    told = [
        *(configs or ()),
        *(f"--vary {each}" for each in vary or ()),
        *(f"--set {each}" for each in assignments or ()),
    ]
    told += [f"--epochs {epochs}"] if epochs is not None else []
    told += [f"--target {target:g}"] if target is not None else []
    if told:
        raise UsageError(
            f"--resume {resume} goes on with the comparison's own configs, and got {', '.join(told)}",
            hint="leave it out, or begin a new comparison",
        )


def _with_more_seeds(comparison: Any, runs_dir: Path) -> str:
    """The command that extends the comparison, as it can be pasted."""
    number = len(comparison.result["seeds"])
    return f"nncli compare --resume {run_word(comparison.folder.path, runs_dir)} --seeds {max(5, 2 * number)}"
