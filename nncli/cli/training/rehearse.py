"""`nncli train --dry-run`, `--overfit-batch` and `--find-lr`: no run is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from nncli.cli.group import Command
from nncli.console import Console
from nncli.errors import UsageError


class TrainCommand(Command):
    """Lets --overfit-batch stand alone, which typer has no option for: a number after it is its value, else 0."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts a 0 after an --overfit-batch that has no number."""
        words: list[str] = []
        for place, word in enumerate(args):
            words.append(word)
            following = args[place + 1] if place + 1 < len(args) else ""
            if word == "--overfit-batch" and "--" not in args[:place] and not following.lstrip("-").isdecimal():
                words.append("0")
        return super().parse_args(ctx, words)


@dataclass(frozen=True)
class Rehearsal:
    """The options of a command line that train without leaving a run."""

    dry_run: bool
    overfit_batch: int | None
    find_lr: bool
    write: bool

    @property
    def given(self) -> list[str]:
        """The options, as they are written."""
        options = {
            "--dry-run": self.dry_run,
            "--overfit-batch": self.overfit_batch is not None,
            "--find-lr": self.find_lr,
            "--fix": self.write,
        }
        return [option for option, is_given in options.items() if is_given]


def rehearse(
    console: Console, config: str | None, rehearsal: Rehearsal, refused: Mapping[str, Any], common: dict[str, Any]
) -> None:
    """Runs the rehearsal that was asked for. Raises UsageError beside options that it does not go with."""
    from nncli import pipeline

    if rehearsal.given == ["--fix"]:
        raise UsageError("--fix goes with --find-lr", hint="`nncli check CONFIG --fix` fixes other mistakes")
    option, *others = [given for given in rehearsal.given if not (rehearsal.find_lr and given == "--fix")]
    others += [name for name, value in refused.items() if value not in (None, False)]
    if others:
        raise UsageError(f"{option} leaves no run, so it does not go with {', '.join(others)}", hint="leave one out")
    config = config or pipeline.DEFAULT_CONFIG
    common |= {"console": console, "assignments": common["assignments"] or ()}
    if rehearsal.dry_run:
        _dry_run(config, common)
    elif rehearsal.find_lr:
        _find_rate(config, common, write=rehearsal.write)
    else:
        _overfit(config, rehearsal.overfit_batch or 0, common)


def _dry_run(config: str, common: dict[str, Any]) -> None:
    from nncli import pipeline
    from nncli.cli.views.training import show_dry_run

    watch = pipeline.Stopwatch.since_enter()
    show_dry_run(common["console"], pipeline.dry_run(config, stopwatch=watch, **common))


def _find_rate(config: str, common: dict[str, Any], *, write: bool) -> None:
    from nncli import pipeline
    from nncli.cli.views.training import show_rates

    show_rates(common["console"], pipeline.find_rate(config, write=write, **common), config)


def _overfit(config: str, rows: int, common: dict[str, Any]) -> None:
    """Exits with 1 if the network did not learn the batch."""
    from nncli import pipeline
    from nncli.cli.views.training import show_overfitted

    if rows == 1 or rows < 0:
        raise UsageError(f"got --overfit-batch {rows}, expected 2 rows or more", hint="without a number: one batch")
    overfitted = pipeline.overfit_batch(config, rows, **common)
    show_overfitted(common["console"], overfitted)
    if not overfitted.learned:
        raise typer.Exit(1)
