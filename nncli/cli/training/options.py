"""The options of `nncli train` and `nncli compare` that no other command has."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.completion import (
    offer_comparisons,
    offer_configs,
    offer_configs_and_runs,
    offer_trackers,
    offer_trainings,
    offer_variations,
)

Config = Annotated[
    str | None,
    typer.Argument(
        help="A config file, or the name of a shipped one.",
        show_default="digits_softmax",
        autocompletion=offer_configs,
    ),
]
Epochs = Annotated[int | None, typer.Option(help="How many epochs; sets train.epochs.", show_default="the config's")]
Seed = Annotated[
    int | None, typer.Option(help="The seed of split, weights and order; sets seed.", show_default="the config's")
]
Name = Annotated[str | None, typer.Option(help="The name of the run; sets name.", show_default="the config's")]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN",
        help="Continue this run, or `latest`, to the same bits.",
        autocompletion=offer_trainings,
    ),
]
Inexact = Annotated[bool, typer.Option("--inexact", help="Continue it even if the bits will differ.")]
MaxMinutes = Annotated[
    float | None,
    typer.Option(metavar="M", min=0.0, help="Begin no epoch that would end after M minutes.", show_default="no limit"),
]
Pause = Annotated[
    bool, typer.Option("--pause", help="Wait after each epoch for Enter, a number of epochs, `all` or `stop`.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Try everything for seconds; estimate time, memory and disk.")]
OverfitBatch = Annotated[
    int | None,
    typer.Option(metavar="[N]", help="Say whether it can learn one batch (of N rows) by heart.", show_default=False),
]
Track = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TOOL",
        help="Also record it in tensorboard or mlflow; repeatable; sets train.tracking.",
        show_default="the config's",
        autocompletion=offer_trackers,
    ),
]
Show = Annotated[
    list[str] | None,
    typer.Option(metavar="WHAT", help="Watch it learn: weights (first layer) or boundary (two inputs)."),
]
Frames = Annotated[int | None, typer.Option(metavar="N", help="Frames of --show.", show_default="12")]
Live = Annotated[Path | None, typer.Option(hidden=True, help="A file for what the page of `nncli serve` shows.")]
Folds = Annotated[
    int | None,
    typer.Option(
        metavar="K", min=2, max=100, help="Train once for each of K folds, then on all rows.", show_default=False
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=1024, help="Train in N processes of this machine.", show_default=False),
]
Devices = Annotated[str | None, typer.Option(metavar="all", help="Train on all GPUs of this machine at once.")]
WorkerTimeout = Annotated[
    float | None,
    typer.Option(
        metavar="S", min=0.5, help="Stop when a worker gives no sign of life for S seconds.", show_default="20"
    ),
]
Restarts = Annotated[
    int | None,
    typer.Option(
        metavar="R",
        min=0,
        max=1000,
        help="With --workers: if one is lost, start again from the last checkpoint, up to R times.",
        show_default="3 with --on, else 0",
    ),
]
Plan = Annotated[bool, typer.Option("--plan", help="With --workers: estimate what N would take; no run is made.")]
Network = Annotated[
    str | None,
    typer.Option(metavar="10Gb", help="With --plan: each worker is a machine like this one, in such a network."),
]
Timings = Annotated[bool, typer.Option("--timings", help="Show how long each part of the command took.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show every epoch, not 100 of them at most.")]
FindLr = Annotated[
    bool, typer.Option("--find-lr", help="Try learning rates on single batches and suggest one; no run is made.")
]
Fix = Annotated[
    bool, typer.Option("--fix", help="With --find-lr: write it into the config; sets optimizer.learning_rate.")
]

Configs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CONFIG",
        help="Config files or names of shipped ones; or finished runs.",
        show_default="digits_softmax",
        autocompletion=offer_configs_and_runs,
    ),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=A,B",
        help="Values to compare.",
        autocompletion=offer_variations,
        show_default="model.hidden_activation=sigmoid,relu",
    ),
]
Seeds = Annotated[
    int | None, typer.Option(min=1, help="Trainings of each variant, each with a seed of its own.", show_default="5")
]
FixedSplit = Annotated[bool, typer.Option("--fixed-split", help="Give all seeds the same split.")]
Margin = Annotated[
    float | None, typer.Option(help="Ask whether variants are equal within this many points.", show_default=False)
]
ComparedFolds = Annotated[
    int | None,
    typer.Option("--folds", metavar="K", min=2, max=100, help="A training for each of K folds.", show_default=False),
]
Budget = Annotated[
    str | None,
    typer.Option(
        metavar="epochs=N|seconds=N",
        help="The same for every training; none stops earlier. epochs=N sets train.epochs.",
    ),
]
LrRange = Annotated[
    bool, typer.Option("--lr-range", help="Try 3 learning rates for each variant; sets optimizer.learning_rate.")
]
EpochsOfAll = Annotated[
    int | None, typer.Option(help="How many epochs of every training; sets train.epochs.", show_default="the configs'")
]
Target = Annotated[float | None, typer.Option(help="Level for `epochs to target`.", show_default="by the results")]
Jobs = Annotated[str, typer.Option(metavar="N", help="Trainings at once; auto: as many as the cores allow.")]
ResumeComparison = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN",
        help="Continue a comparison, or with --seeds extend it.",
        autocompletion=offer_comparisons,
    ),
]
On = Annotated[
    str | None,
    typer.Option(metavar="ray|HOST:PORT", help="Train on a Ray cluster (docs/scale.md).", show_default=False),
]
CpusPerRun = Annotated[
    float | None,
    typer.Option(
        metavar="C", help="With --on: CPUs that each training or worker reserves.", show_default="its threads"
    ),
]
GpusPerRun = Annotated[
    float | None,
    typer.Option(metavar="G", help="With --on: GPUs that each reserves; 0.25 is a quarter of one.", show_default="0"),
]
