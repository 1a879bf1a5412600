"""What reading a user's inputs gives: batches of arrays with the names of their rows, and what could not be read."""

from dataclasses import dataclass, field

from nncli.data.dataset import Inputs

# The name of an input that is read from the standard input.
STDIN = "-"


@dataclass(frozen=True)
class Failure:
    """An input that could not be used, and why, in one line."""

    name: str
    message: str


@dataclass
class Batch:
    """Inputs that could be read: `names` has one for each row of the arrays; `failures` those that could not."""

    names: list[str] = field(default_factory=list)
    inputs: Inputs = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
