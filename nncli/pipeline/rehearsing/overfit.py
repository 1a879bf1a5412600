"""The story of `train --overfit-batch`: can the network learn one batch by heart?

A network that cannot will learn nothing from a data set either; most defects of a network, its loss or its optimizer
show here within seconds (Karpathy, "A Recipe for Training Neural Networks", 2019: overfit one batch).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nncli.config.objective import Adam, AdamW
from nncli.config.reading.document import KeyPath
from nncli.config.schedules import rates_of
from nncli.config.sections import Config
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import UsageError
from nncli.pipeline.background_import import finish_import
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.rehearsing.batch import Batch, choose_batch
from nncli.pipeline.training.planning import batch_size, choose_engine, facts_for_network
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.pipeline.training.train import load_and_prepare

if TYPE_CHECKING:
    from nncli.engine.rehearsing.overfitting import Attempt

# Whichever of the two comes first ends an attempt.
MOST_STEPS, MOST_SECONDS = 2000, 30.0
# The rows where the config's batch is the whole training set.
_ROWS_OF_FULL = 32
_ENOUGH = {"accuracy": 1.0, "r2_score": 0.99}
# The share of its first value that the loss of classes is to have at most. That of numbers is the R²; smoothed labels
# and rows that contradict each other have a loss that does not go to 0.
_SMALL = 0.1
# Tried where the config's own optimizer does not get there.
_OTHER = Adam(learning_rate=0.003)
# Layers that are no hidden layer: they have no weights.
_WEIGHTLESS = ("flatten", "reshape", "dropout", "gaussian_noise", "random_")


@dataclass(frozen=True)
class Overfitted:
    """The answer, with the `attempts` by optimizer: the config's, then another where that one failed."""

    config: str
    learned: bool
    rows: int
    metric: str
    enough: float
    attempts: list[tuple[str, "Attempt"]]
    switched_off: list[str]
    notes: list[str]
    advice: str | None

    def to_value(self) -> dict[str, Any]:
        """All of it for JSON."""
        value = {name: getattr(self, name) for name in ("config", "learned", "rows", "metric", "enough")}
        attempts = [{"optimizer": name, **asdict(attempt)} for name, attempt in self.attempts]
        return value | {
            "attempts": attempts,
            "switched_off": self.switched_off,
            "notes": self.notes,
            "advice": self.advice,
        }


def overfit_batch(
    name: str,
    rows: int,
    *,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
) -> Overfitted:
    """Trains a config's network on `rows` rows, 0 for its batch size; writes nothing.

    Raises ConfigError, DataError and UnreachableError as `train` does, UsageError for more rows than there are.
    """
    prepared = load_and_prepare(name, folders, console, assignments, options, Stopwatch())
    wanted = rows or _usual_rows(prepared)
    known = len(prepared.dataset.train)
    if wanted > known:
        raise UsageError(
            f"got --overfit-batch {wanted}, and the training set has {count(known, 'row')}",
            hint=f"{known} or less; a few are enough",
        )
    finish_import()
    batch = choose_batch(prepared, wanted)
    metric = "r2_score" if prepared.dataset.facts.target.task.is_regression else "accuracy"
    enough = batch.reachable - (1.0 - _ENOUGH[metric])
    config = _simplify_training(prepared.config, metric)
    attempts: list[tuple[str, Attempt]] = []
    off: list[str] = []
    with console.step("learning one batch by heart"):
        for optimizer in (config.optimizer, _OTHER):
            attempt, off = _attempt(prepared, config.model_copy(update={"optimizer": optimizer}), batch, enough)
            attempts.append((_describe_optimizer(optimizer), attempt))
            if attempt.learned:
                break
    if prepared.config.optimizer.weight_decay:
        off.append("weight_decay")
    learned = attempts[-1][1].learned
    advice = _advise(prepared, batch, attempts)
    return Overfitted(prepared.config.name, learned, wanted, metric, enough, attempts, off, batch.notes, advice)


def _usual_rows(prepared: Prepared) -> int:
    size = batch_size(prepared.config, prepared.dataset.facts)
    return min(_ROWS_OF_FULL if prepared.config.train.batch_size == "full" else size, len(prepared.dataset.train))


def _simplify_training(config: Config, metric: str) -> Config:
    """The config with one metric, its highest learning rate all the time, and without decay or average of weights."""
    changes = {"weight_decay": None, "use_ema": False, "learning_rate": max(rates_of(config.optimizer.learning_rate))}
    if isinstance(config.optimizer, AdamW):  # Keras's own default is not none
        changes["weight_decay"] = 0.0
    return config.model_copy(update={"optimizer": config.optimizer.model_copy(update=changes), "metrics": (metric,)})


def _attempt(prepared: Prepared, config: Config, batch: Batch, enough: float) -> tuple["Attempt", list[str]]:
    """Trains a new network on the batch; how it went, and what was switched off in it."""
    from nncli.engine.process import environment

    facts = facts_for_network(prepared.dataset.facts)
    engine = choose_engine(config, facts, accelerator=environment.has_accelerator())
    environment.prepare(engine.threads, side_by_side=engine.side_by_side)
    import nncli.model as models
    from nncli.engine.arrays import Arrays
    from nncli.engine.rehearsing.overfitting import overfit
    from nncli.engine.rehearsing.quieting import quiet

    model, off = quiet(models.build(config, facts))
    models.compile_model(model, config, facts)
    arrays = Arrays(batch.part.inputs, models.targets_for(config, batch.part.targets))
    attempt = overfit(
        model,
        arrays,
        metric=str((config.metrics or ())[0]),
        enough=enough,
        share=_share(config, batch),
        executor=engine.executor,
        steps=MOST_STEPS,
        seconds=MOST_SECONDS,
    )
    return attempt, off


def _share(config: Config, batch: Batch) -> float:
    has_floor = config.loss is None or config.loss.label_smoothing > 0 or batch.reachable < 1.0
    return math.inf if has_floor or config.metrics == ("r2_score",) else _SMALL


def _describe_optimizer(optimizer: Any) -> str:
    return f"{optimizer.name} with a learning rate of {optimizer.learning_rate:g}"


def _advise(prepared: Prepared, batch: Batch, attempts: Sequence[tuple[str, "Attempt"]]) -> str | None:
    """What to try next, None where nothing is wrong."""
    if attempts[0][1].learned:
        return None
    if attempts[-1][1].learned:
        return f"the network can learn, but not with its own optimizer in this time; {attempts[-1][0]} did it"
    best = attempts[-1][1]
    if best.failure is not None:
        return f"{best.failure}; look at the data and at the activations"
    if _is_linear(prepared.config):
        return (
            "the network has no hidden layer, so it fits hardly more rows than it has inputs: add one, or try "
            f"--overfit-batch {max(2, len(batch.part) // 4)}"
        )
    if abs(best.loss - best.first_loss) < 0.05 * abs(best.first_loss):
        return (
            "the loss hardly moved, so the gradients do not reach the weights: use relu in hidden layers, fewer "
            "layers, or batch_normalization between them"
        )
    if sum(_is_sigmoid(layer, prepared.config) for layer in prepared.config.model.layers[:-1]) > 1:
        return (
            "each sigmoid hidden layer passes on a quarter of a gradient at most, so the first layers hardly learn: "
            "use relu, or fewer layers"
        )
    return "the loss falls, but not far enough: add units or filters, or raise the learning rate"


def _is_sigmoid(layer: Any, config: Config) -> bool:
    return hasattr(layer, "activation") and (layer.activation or config.model.hidden_activation) == "sigmoid"


def _is_linear(config: Config) -> bool:
    return all(layer.kind.startswith(_WEIGHTLESS) for layer in config.model.layers[:-1])
