"""What a network is trained on: the arrays of a data set, in memory or streamed, and the weights of its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nncli.config.facts import Target
from nncli.config.sections import Config
from nncli.data.dataset import Dataset
from nncli.errors import UsageError

if TYPE_CHECKING:
    from nncli.engine.arrays import Arrays


def arrays_of(config: Config, dataset: Dataset) -> tuple["Arrays", "Arrays"]:
    """The training set with the weights of its rows, and the validation set."""
    from nncli.engine.arrays import Arrays
    from nncli.model import targets_for

    if dataset.is_streamed:
        return _streamed(config, dataset)
    train = Arrays(dataset.train.inputs, targets_for(config, dataset.train.targets), row_weights(config, dataset))
    return train, Arrays(dataset.validation.inputs, targets_for(config, dataset.validation.targets), None)


def row_weights(config: Config, dataset: Dataset) -> np.ndarray | None:
    """The weight of each training row by its class, float32 (rows,); None where all count the same.

    `balanced` gives each class the same total: rows / (classes * rows of the class), as scikit-learn has it.
    """
    weights = _class_weights(config, dataset.facts.target)
    return None if weights is None else _weights_of(weights, dataset.train.targets)


def require_streamable(config: Config, dataset: Dataset) -> None:
    """Raises UsageError for settings that need all of a streamed training set in memory."""
    if not dataset.is_streamed:
        return
    if config.train.executor == "keras":
        raise UsageError(
            "train.executor: got keras, which holds all rows in memory, and this data is streamed",
            hint="use `executor: auto`, or `memory: all` under data",
        )
    if config.train.batch_size == "full":
        raise UsageError(
            "train.batch_size: got full, a batch of all rows, and this data is streamed",
            hint="name a number such as 1024, or use `memory: all` under data",
        )


def _class_weights(config: Config, target: Target) -> np.ndarray | None:
    """The weight of each class, float64 (classes,); None where all count the same."""
    wanted = config.train.class_weight
    if wanted is None:
        return None
    if wanted == "balanced":
        counts = np.maximum(np.asarray(target.class_counts, dtype=float), 1)
        return np.asarray(counts.sum() / (len(counts) * counts))
    return np.asarray([wanted.get(name, 1.0) for name in target.classes])


def _weights_of(weights: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.asarray(weights[targets.astype(int).reshape(-1)], dtype=np.float32)


@dataclass(frozen=True)
class Derived:
    """An array that is made of the rows of another, only of those that are asked for.

    `row_shape` and `dtype` are those of the rows that `make` returns.
    """

    source: Any
    make: Callable[[np.ndarray], np.ndarray]
    row_shape: tuple[int, ...]
    dtype: np.dtype

    @classmethod
    def of(cls, source: Any, make: Callable[[np.ndarray], np.ndarray]) -> "Derived":
        """The shape and type of its rows are those made of the first."""
        first = make(np.asarray(source[:1]))
        return cls(source, make, first.shape[1:], first.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole array."""
        return (len(self), *self.row_shape)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self.make(np.asarray(self.source[rows]))


def _streamed(config: Config, dataset: Dataset) -> tuple["Arrays", "Arrays"]:
    """The same, with targets and weights in the form of the loss made of the rows that are read."""
    from nncli.engine.arrays import Arrays
    from nncli.model import targets_for

    def targets(of: np.ndarray) -> Any:
        is_same = targets_for(config, of[:1]).shape[1:] == of.shape[1:]
        return of if is_same else Derived.of(of, lambda rows: targets_for(config, rows))

    weights = _class_weights(config, dataset.facts.target)
    of_rows: Any = None
    if weights is not None:
        of_rows = Derived.of(dataset.train.targets, lambda rows: _weights_of(weights, rows))
    return (
        Arrays(dataset.train.inputs, targets(dataset.train.targets), of_rows, streamed=True),
        Arrays(dataset.validation.inputs, targets(dataset.validation.targets), streamed=True),
    )
