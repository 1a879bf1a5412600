"""The same epochs or seconds for every training of a comparison."""

from dataclasses import dataclass
from typing import Any

from nncli.config.reading.document import KeyPath
from nncli.config.schedules import Cosine
from nncli.config.sections import Config
from nncli.errors import UsageError

# More epochs than fit into any budget of seconds; early stopping waits as long.
_UNLIMITED = 1_000_000
_HINT = "--budget epochs=20 or --budget seconds=30"


@dataclass(frozen=True)
class Budget:
    """Epochs, or seconds of training from the first batch on. Nothing stops a training earlier."""

    epochs: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """From `epochs=20` or `seconds=30`. Raises UsageError."""
        kind, _, number = text.partition("=")
        if kind == "epochs" and number.isdecimal() and 0 < int(number) <= _UNLIMITED:
            return cls(epochs=int(number))
        try:
            seconds = float(number) if kind == "seconds" else 0.0
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise UsageError(f"--budget {text!r}: expected epochs=N or seconds=N, N above 0", hint=_HINT)
        return cls(seconds=seconds)

    def options(self, config: Config) -> list[tuple[KeyPath, Any, str]]:
        """What is set on a config: its epochs, and an early stopping that waits for longer than these.

        Early stopping is kept, since it says which metric chooses the best epoch. Raises UsageError for a schedule that
        takes its length from the epochs, when these are not known.
        """
        told = f"--budget {f'epochs={self.epochs}' if self.epochs else f'seconds={self.seconds:g}'}"
        rate = config.optimizer.learning_rate
        if self.seconds is not None and isinstance(rate, Cosine) and rate.decay_epochs is None:
            raise UsageError(
                f"{told}: the cosine schedule of {config.name} ends with the last epoch, which seconds do not tell",
                hint="give it decay_epochs, or say --budget epochs=N",
            )
        options: list[tuple[KeyPath, Any, str]] = [(("train", "epochs"), self.epochs or _UNLIMITED, told)]
        if config.train.early_stopping is not None:
            options.append((("train", "early_stopping", "patience"), _UNLIMITED, told))
        return options
