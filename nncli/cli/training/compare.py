"""`nncli compare`."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from nncli.cli.command import command
from nncli.cli.options import Assignments, DataDir, Json, Quiet, RunsDir


def compare(
    configs: Annotated[list[str] | None, typer.Argument(metavar="[CONFIG...]", show_default="digits_softmax")] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=A,B", help="Values to compare.", show_default="model.hidden_activation=sigmoid,relu"),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant, each with a seed of its own.")] = 5,
    fixed_split: Annotated[
        bool, typer.Option("--fixed-split", help="Give all seeds the same split.", show_default=False)
    ] = False,
    margin: Annotated[
        float | None,
        typer.Option(help="Ask whether variants are equal within so many points.", show_default=False),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="epochs=N|seconds=N", help="The same for every training; none stops earlier."),
    ] = None,
    lr_range: Annotated[
        bool, typer.Option("--lr-range", help="Try 3 learning rates for each variant.", show_default=False)
    ] = False,
    assignments: Assignments = None,
    epochs: Annotated[int | None, typer.Option(help="train.epochs of every training.", show_default=False)] = None,
    target: Annotated[float | None, typer.Option(help="Level for `epochs to target`.", show_default=False)] = None,
    jobs: Annotated[
        str, typer.Option(metavar="N", help="Trainings at once; auto: as many as the cores allow.")
    ] = "auto",
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
        from nncli.cli.views.comparison import show_comparison

        request = pipeline.ComparisonRequest.parse(
            configs,
            vary,
            seeds,
            assignments,
            epochs,
            target,
            jobs,
            fixed_split=fixed_split,
            margin=margin,
            budget=budget,
            lr_range=lr_range,
        )
        folders = pipeline.Folders(runs_dir, data_dir)
        options = {"--epochs": epochs, "--budget": budget, "--margin": margin}
        flags = {"--fixed-split": fixed_split, "--lr-range": lr_range}
        again = _again(configs, vary, assignments, options, flags, max(10, 2 * seeds) if seeds > 1 else 5)
        show_comparison(console, pipeline.compare(request, folders=folders, console=console), runs_dir, again)


def _again(
    configs: list[str] | None,
    vary: list[str] | None,
    assignments: list[str] | None,
    options: dict[str, Any],
    flags: dict[str, bool],
    seeds: int,
) -> str:
    """The same comparison over more seeds, as it can be pasted."""
    words = ["nncli", "compare", *(configs or ())]
    words += [word for each in vary or () for word in ("--vary", each)]
    words += [word for each in assignments or () for word in ("--set", each)]
    words += [word for name, value in options.items() if value is not None for word in (name, str(value))]
    words += [name for name, is_given in flags.items() if is_given]
    return shlex.join([*words, "--seeds", str(seeds)])
