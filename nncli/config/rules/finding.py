"""A rule's finding and the changes of the text that would fix it; does not depend on rules or files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nncli.config.facts import DataFacts
from nncli.config.layers import Dense
from nncli.config.reading.document import KeyPath
from nncli.config.reading.spelling import nearest_names
from nncli.config.sections import Config

# Output activations that give no negative number.
NEVER_NEGATIVE = ("relu", "softplus", "exponential")


@dataclass(frozen=True)
class Edit:
    """One value (or, with `is_key`, one key) of a config's text and its replacement."""

    path: KeyPath
    value: str | int | bool
    is_key: bool = False


@dataclass(frozen=True)
class Finding:
    """A finding of a rule; explanations.yaml says whether the rule refuses a config or warns.

    `edits` fix it together. There are none if there are several ways to fix it, or no certain one.
    """

    rule: str
    path: KeyPath
    reason: str
    fix: str
    edits: tuple[Edit, ...] = ()


# A rule looks at a config with all that could be chosen for it; without data, task and loss may still be open.
ConfigRule = Callable[[Config], Iterator[Finding]]
DataRule = Callable[[Config, DataFacts], Iterator[Finding]]


def output_of(config: Config) -> Dense | None:
    """The output layer; None if the last layer cannot be one or is still to be chosen."""
    last = config.model.layers[-1]
    return last if isinstance(last, Dense) else None


def output_path(config: Config, key: str | None = None) -> KeyPath:
    """The path of the output layer, or of one of its options."""
    path: KeyPath = ("model", "layers", len(config.model.layers) - 1)
    return (*path, config.model.layers[-1].kind, key) if key else path


def nearest_name(got: str, known: Sequence[str]) -> str | None:
    """The known name that `got` probably misspells, if there is exactly one."""
    near = nearest_names(got, known)
    return near[0] if len(near) == 1 else None
