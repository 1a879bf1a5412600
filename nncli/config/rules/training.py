"""Rules about training: step size, batches, monitored metrics, silenced rules."""

from collections.abc import Iterator, Sequence

from nncli.config.facts import DataFacts
from nncli.config.layers import LAYERS
from nncli.config.reading.document import KeyPath
from nncli.config.rules.explanations import read_explanations, read_verdicts
from nncli.config.rules.finding import Edit, Finding, nearest_name
from nncli.config.schedules import Constant, Cosine, Exponential, Piecewise, rates_of
from nncli.config.sections import Config

# Steps of Adam and RMSprop have about the size of the learning rate, those of SGD that of the gradient times it.
_HIGHEST_RATE = {"sgd": 1.0, "adam": 0.1, "adamw": 0.1, "rmsprop": 0.1, "adagrad": 1.0, "lion": 0.01}
_LOWEST_RATE = 1e-6
# The default may be larger than a very small table; only a batch size that was set is worth a warning.
_USUAL_BATCH = 32


def learning_rate_is_usual(config: Config) -> Iterator[Finding]:
    """learning-rate."""
    rates, name = rates_of(config.optimizer.learning_rate), config.optimizer.name
    path: KeyPath = ("optimizer", "learning_rate")
    if max(rates) > _HIGHEST_RATE[name]:
        reason = f"with {name}, a learning rate of {max(rates):g} makes steps that jump over every minimum"
        yield Finding("learning-rate", path, reason, f"start from {_usual_rate(config):g}")
    elif max(rates) < _LOWEST_RATE:
        reason = f"with a learning rate of {max(rates):g} the weights hardly move in {config.train.epochs} epochs"
        yield Finding("learning-rate", path, reason, f"start from {_usual_rate(config):g}")


def _usual_rate(config: Config) -> float:
    default: float = type(config.optimizer).model_fields["learning_rate"].default
    return default


def schedule_excludes_plateau(config: Config) -> Iterator[Finding]:
    """schedule-plateau."""
    if config.train.reduce_lr_on_plateau is not None and not isinstance(config.optimizer.learning_rate, float):
        reason = "the schedule in optimizer.learning_rate already sets the learning rate of each step"
        fix = "remove reduce_lr_on_plateau, or give a number as learning_rate"
        yield Finding("schedule-plateau", ("train", "reduce_lr_on_plateau"), reason, fix)


def schedule_fits(config: Config) -> Iterator[Finding]:
    """schedule-values and schedule-epochs."""
    schedule, epochs = config.optimizer.learning_rate, config.train.epochs
    path: KeyPath = ("optimizer", "learning_rate")
    if isinstance(schedule, Piecewise):
        boundaries, values = schedule.boundaries, schedule.values
        if list(boundaries) != sorted(set(boundaries)):
            reason = f"the boundaries {_listed(boundaries)} do not increase"
            yield Finding("schedule-values", (*path, "boundaries"), reason, "write each once, the smallest first")
        if len(values) != len(boundaries) + 1:
            reason = f"{len(boundaries)} boundaries separate {len(boundaries) + 1} values, but there are {len(values)}"
            yield Finding("schedule-values", (*path, "values"), reason, "give one value more than boundaries")
        if max(boundaries) >= epochs:
            reason = f"the training ends after {epochs} epochs, before the last value begins"
            yield Finding("schedule-epochs", (*path, "boundaries"), reason, f"use boundaries below {epochs}")
    elif isinstance(schedule, Constant | Exponential | Cosine) and schedule.warmup_epochs >= epochs:
        reason = f"the training ends after {epochs} epochs, before the warm-up of {schedule.warmup_epochs:g} does"
        yield Finding("schedule-epochs", (*path, "warmup_epochs"), reason, "use a warm-up of a part of the epochs")


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def gradients_are_clipped_once(config: Config) -> Iterator[Finding]:
    """gradient-clipping."""
    given = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(config.optimizer, name)]
    if len(given) > 1:
        reason = f"{' and '.join(given)} clip the gradients in different ways, and Keras accepts only one"
        yield Finding("gradient-clipping", ("optimizer", given[-1]), reason, f"keep one of {', '.join(given)}")


def executor_has_code(config: Config) -> Iterator[Finding]:
    """executor-layer."""
    if config.train.executor != "xla":
        return
    kinds = dict.fromkeys(kind for layer in config.model.layers for kind in layer.kinds())
    unknown = [kind for kind in kinds if kind in LAYERS and not LAYERS[kind].XLA_RUNS_IT]
    if unknown:
        reason = f"XLA cannot run the layer {', '.join(unknown)}"
        yield Finding("executor-layer", ("train", "executor"), reason, "use auto or graph")


def batches_fit(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """batch-size."""
    size, rows = config.train.batch_size, facts.rows.get("train")
    if rows and size != "full" and size > max(rows, _USUAL_BATCH):
        reason = f"a batch of {size} is larger than the training set of {rows} rows: one step an epoch"
        yield Finding("batch-size", ("train", "batch_size"), reason, "use 32, or `full` if that is intended")


def monitor_exists(config: Config) -> Iterator[Finding]:
    """monitor."""
    if config.metrics is None:
        return
    known = ["loss", *config.metrics]
    names = [*known, *(f"val_{name}" for name in known)]
    for key in ("early_stopping", "reduce_lr_on_plateau"):
        section = getattr(config.train, key)
        if section is not None and section.monitor not in names:
            path: KeyPath = ("train", key, "monitor")
            near = nearest_name(section.monitor, names)
            edits = (Edit(path, near),) if near else ()
            reason = f"{section.monitor} is not measured"
            yield Finding("monitor", path, reason, f"use one of {', '.join(names)}", edits)


def silenced_rules_exist(config: Config) -> Iterator[Finding]:
    """silence."""
    for index, name in enumerate(config.silence):
        path: KeyPath = ("silence", index)
        known = {**read_explanations(), **read_verdicts()}
        explanation = known.get(name)
        if explanation is None:
            near = nearest_name(name, list(known))
            fix = f'did you mean "{near}"?' if near else "`nncli explain` lists the rules"
            edits = (Edit(path, near),) if near else ()
            yield Finding("silence", path, f'no rule is called "{name}"', fix, edits)
        elif explanation.severity == "refused":
            reason = f"{name} is an error and not a warning, so it cannot be silenced"
            yield Finding("silence", path, reason, "remove it")


CONFIG_RULES = (
    learning_rate_is_usual,
    schedule_excludes_plateau,
    schedule_fits,
    gradients_are_clipped_once,
    executor_has_code,
    monitor_exists,
    silenced_rules_exist,
)
DATA_RULES = (batches_fit,)
