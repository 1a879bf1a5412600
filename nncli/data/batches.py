"""The result of reading a user's inputs: batches of arrays with the names of their rows, and failures."""

from dataclasses import dataclass, field
from pathlib import Path

from nncli.data.dataset import Inputs

# The name of the input that is read from stdin.
STDIN = "-"


@dataclass(frozen=True)
class Failure:
    """An input that could not be used, and the reason in one line."""

    name: str
    message: str


@dataclass
class Batch:
    """Inputs that could be read, with a name in `names` for each row, and `failures` for those that could not.

    `files` has the image file of each row, or its bytes; `prepared` counts the files that were changed to look like the
    training images.
    """

    names: list[str] = field(default_factory=list)
    inputs: Inputs = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    files: list[Path | bytes] = field(default_factory=list)
    prepared: int = 0
