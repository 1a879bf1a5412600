"""Where runs and data lie, which the command line fills from options and the environment, and which run was chosen."""

from dataclasses import dataclass
from pathlib import Path

from nncli.console import Console
from nncli.run.finding import FoundRun


@dataclass(frozen=True)
class Folders:
    """The folders a command works with; without `data_dir`, the usual ones of tensorflow-datasets are searched."""

    runs_dir: Path = Path("runs")
    data_dir: Path | None = None


def say_choice(found: FoundRun, console: Console) -> None:
    """Says which run was chosen where others fit; warns where it may not be the one that was meant."""
    if found.note is not None:
        (console.warn if found.is_older else console.say)(found.note)
