"""Where runs and data lie: the command's option, else the environment, else the usual place."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """The folders a command works with."""

    runs_dir: Path
    data_dir: Path | None

    @classmethod
    def find(cls, runs_dir: Path | None = None, data_dir: Path | None = None) -> "Places":
        """From options that may be left out, NNCLI_RUNS_DIR and NNCLI_DATA_DIR."""
        data = data_dir or _from_environment("NNCLI_DATA_DIR")
        return cls(runs_dir or _from_environment("NNCLI_RUNS_DIR") or Path("runs"), data)


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value).expanduser() if value else None
