"""`nncli train --dry-run` and `--overfit-batch`: no run is left."""

from typing import Any

import typer
import typer.core

from nncli.console import Console
from nncli.errors import UsageError


class TrainCommand(typer.core.TyperCommand):
    """Lets --overfit-batch stand alone, which typer has no option for: a number behind it is its value, else 0."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts a 0 behind an --overfit-batch that has no number."""
        words: list[str] = []
        for place, word in enumerate(args):
            words.append(word)
            following = args[place + 1] if place + 1 < len(args) else ""
            if word == "--overfit-batch" and "--" not in args[:place] and not following.lstrip("-").isdecimal():
                words.append("0")
        return super().parse_args(ctx, words)


def rehearse(
    console: Console,
    config: str | None,
    *,
    dry_run: bool,
    overfit_batch: int | None,
    refused: dict[str, bool],
    common: dict[str, Any],
) -> None:
    """Runs the one that is asked for. Raises UsageError where it is asked for together with what it cannot do."""
    from nncli import pipeline
    from nncli.cli.views.training import show_dry_run, show_overfitted

    option = "--dry-run" if dry_run else "--overfit-batch"
    given = [name for name, is_given in refused.items() if is_given]
    if dry_run and overfit_batch is not None:
        given.append("--overfit-batch")
    if given:
        raise UsageError(f"{option} leaves no run, so it does not go with {', '.join(given)}", hint="leave one out")
    config = config or pipeline.DEFAULT_CONFIG
    if dry_run:
        show_dry_run(console, pipeline.dry_run(config, **common))
        return
    rows = overfit_batch or 0
    if rows == 1 or rows < 0:
        raise UsageError(f"got --overfit-batch {rows}, expected 2 rows or more", hint="without a number: one batch")
    del common["stopwatch"]
    overfitted = pipeline.overfit_batch(config, rows, **common)
    show_overfitted(console, overfitted)
    if not overfitted.learned:
        raise typer.Exit(1)
