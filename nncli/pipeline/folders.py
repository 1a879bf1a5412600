"""Where runs and data lie; the command line fills it from options and the environment."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """The folders a command works with; without `data_dir`, the usual ones of tensorflow-datasets are searched."""

    runs_dir: Path = Path("runs")
    data_dir: Path | None = None
