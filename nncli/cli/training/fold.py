"""`nncli train --folds`."""

from collections.abc import Mapping
from typing import Any

from nncli.console import Console
from nncli.errors import UsageError


def train_folds(
    console: Console, config: str | None, folds: int, refused: Mapping[str, Any], common: Mapping[str, Any]
) -> None:
    """Trains the folds and shows their results. Raises UsageError beside options that are for a single training."""
    from nncli import pipeline
    from nncli.cli.views.several.folds import show_folded

    others = [name for name, value in refused.items() if value not in (None, False)]
    if others:
        raise UsageError(
            f"--folds trains several networks, so it does not go with {', '.join(others)}", hint="leave one out"
        )
    runs_dir = common["folders"].runs_dir
    folded = pipeline.train_with_folds(config or pipeline.DEFAULT_CONFIG, folds, console=console, **common)
    pipeline.add_to_trackers(folded.run.folder, console)
    show_folded(console, folded, runs_dir)
