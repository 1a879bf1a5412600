"""The config of the network that is trained on all rows, for as many epochs as the folds found best."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.config.schedules import Cosine
from nncli.config.sections import Config
from nncli.pipeline.comparing.variants import Option
from nncli.pipeline.folding.cells import fold_option


def choose_epochs(summaries: Sequence[Mapping[str, Any]]) -> int:
    """The median of the epochs whose weights the folds kept, rounded up."""
    return max(1, int(statistics.median(each["kept_epoch"] for each in summaries) + 0.5))


def final_options(config: Config, folds: int, epochs: int, *, has_validation: bool) -> list[Option]:
    """The settings of the final training: all rows, a fixed number of epochs, the last weights.

    What followed the validation set, where there is none any more, follows the training loss. A learning rate that
    falls by a cosine falls as in the folds.
    """
    told = f"--folds {folds}"
    options: list[Option] = [
        fold_option(folds, "none"),
        (("train", "epochs"), epochs, told),
        (("train", "keep"), "last", told),
    ]
    monitor = "val_loss" if has_validation else "loss"
    options.append((("train", "early_stopping"), {"monitor": monitor, "patience": epochs}, told))
    reducing = config.train.reduce_lr_on_plateau
    if reducing is not None and not has_validation:
        options.append((("train", "reduce_lr_on_plateau", "monitor"), reducing.monitor.removeprefix("val_"), told))
    rate = config.optimizer.learning_rate
    if isinstance(rate, Cosine) and rate.decay_epochs is None:
        decay = float(config.train.epochs)
        options.append((("optimizer", "learning_rate", "decay_epochs"), decay, told))
    return options
