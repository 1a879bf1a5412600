"""Rules of the training: step size, batches, what is monitored, what is silenced."""

from collections.abc import Iterator

from nncli.config.document import KeyPath
from nncli.config.explanations import read_explanations
from nncli.config.facts import DataFacts
from nncli.config.rules.finding import Edit, Finding, nearest_name
from nncli.config.sections import Config

# Steps of Adam and RMSprop have about the size of the learning rate, those of SGD that of the gradient times it.
_HIGHEST_RATE = {"sgd": 1.0, "adam": 0.1, "adamw": 0.1, "rmsprop": 0.1}
_LOWEST_RATE = 1e-6
# The default may well be larger than a very small table; only a batch that was chosen is worth a word.
_USUAL_BATCH = 32


def steps_have_a_size(config: Config) -> Iterator[Finding]:
    """learning-rate."""
    rate, name = config.optimizer.learning_rate, config.optimizer.name
    path: KeyPath = ("optimizer", "learning_rate")
    if rate > _HIGHEST_RATE[name]:
        reason = f"with {name}, a learning rate of {rate:g} makes steps that jump over every minimum"
        yield Finding("learning-rate", path, reason, f"start from {_usual(config):g}")
    elif rate < _LOWEST_RATE:
        reason = f"with a learning rate of {rate:g} the weights hardly move in {config.train.epochs} epochs"
        yield Finding("learning-rate", path, reason, f"start from {_usual(config):g}")


def _usual(config: Config) -> float:
    default: float = type(config.optimizer).model_fields["learning_rate"].default
    return default


def batches_fit(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """batch-size."""
    size, rows = config.train.batch_size, facts.rows.get("train")
    if rows and size != "full" and size > max(rows, _USUAL_BATCH):
        reason = f"a batch of {size} is larger than the training part of {rows} rows: one step an epoch"
        yield Finding("batch-size", ("train", "batch_size"), reason, "use 32, or say `full` if that is meant")


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
            reason = f"nothing called {section.monitor} is measured"
            yield Finding("monitor", path, reason, f"use one of {', '.join(names)}", edits)


def silenced_rules_exist(config: Config) -> Iterator[Finding]:
    """silence."""
    for index, name in enumerate(config.silence):
        path: KeyPath = ("silence", index)
        explanation = read_explanations().get(name)
        if explanation is None:
            near = nearest_name(name, list(read_explanations()))
            fix = f'did you mean "{near}"?' if near else "`nncli explain` lists the rules"
            edits = (Edit(path, near),) if near else ()
            yield Finding("silence", path, f'no rule is called "{name}"', fix, edits)
        elif explanation.severity == "refused":
            reason = f"{name} is refused and not warned about, so it cannot be silenced"
            yield Finding("silence", path, reason, "remove it")


CONFIG_RULES = (steps_have_a_size, monitor_exists, silenced_rules_exist)
DATA_RULES = (batches_fit,)
