"""Rules about the loss and the metrics: whether they fit the task and the output layer."""

from collections.abc import Iterator

from nncli.config.facts import Task
from nncli.config.objective import (
    BINARY_CROSSENTROPIES,
    CATEGORICAL_CROSSENTROPIES,
    CROSSENTROPIES,
    LOSS_OPTIONS,
    REGRESSION_METRICS,
    Loss,
)
from nncli.config.resolve import ACTIVATIONS, LOSSES
from nncli.config.rules.finding import NEVER_NEGATIVE, Edit, Finding, output_of, output_path
from nncli.config.sections import Config

_PROBABILITIES = ("sigmoid", "softmax")
_TWO_SIDED = (Task.BINARY, Task.MULTILABEL)


def loss_fits_task(config: Config) -> Iterator[Finding]:
    """loss-task, loss-class-ids, mse-probabilities and metric-threshold."""
    loss, task, output = config.loss, config.data.task, output_of(config)
    if loss is None or task is None or _measures(loss, task):
        return
    path = ("loss", "name")
    fix, edits = f"use {LOSSES[task]}", (Edit(path, LOSSES[task]),)
    if task is Task.MULTICLASS and loss.name not in CROSSENTROPIES:
        reason = f"{loss.name} treats class ids as amounts, as if class 2 were twice class 1"
        yield Finding("loss-class-ids", path, reason, fix, edits)
    elif loss.name == "poisson" and task is Task.REGRESSION:
        reason = "poisson is for counts, and a regression target can be negative"
        yield Finding("loss-task", path, reason, f"{fix}, or task: positive_regression for counts", edits)
    elif task.is_regression or loss.name in CROSSENTROPIES or loss.name == "poisson":
        yield Finding("loss-task", path, f"{loss.name} does not measure a {task.value} target", fix, edits)
    elif output is not None and output.activation not in _PROBABILITIES:
        where = output_path(config, "activation")
        reason = f"the decision threshold is 0.5, but with {loss.name}, {output.activation} does not give a probability"
        mend = (Edit(where, "sigmoid"), *edits)
        yield Finding("metric-threshold", where, reason, f"use activation: sigmoid and {LOSSES[task]}", mend)
    else:
        reason = f"{loss.name} on probabilities learns slowly where the network is confidently wrong"
        yield Finding("mse-probabilities", path, reason, fix)


def _measures(loss: Loss, task: Task) -> bool:
    if task is Task.MULTICLASS:
        return loss.name in CATEGORICAL_CROSSENTROPIES
    if task in _TWO_SIDED:
        return loss.name in BINARY_CROSSENTROPIES
    return loss.name not in CROSSENTROPIES and (loss.name != "poisson" or task is Task.POSITIVE_REGRESSION)


def counts_are_positive(config: Config) -> Iterator[Finding]:
    """poisson-output."""
    output, loss, task = output_of(config), config.loss, config.data.task
    if output is None or output.activation is None or loss is None or loss.name != "poisson":
        return
    # For another task the loss is wrong, and softmax, sigmoid and tanh are refused by output-activation.
    fits_elsewhere = task not in (None, Task.POSITIVE_REGRESSION) or output.activation in (*_PROBABILITIES, "tanh")
    if output.activation not in NEVER_NEGATIVE and not (task and fits_elsewhere):
        path = output_path(config, "activation")
        reason = f"poisson takes the logarithm of the prediction, and {output.activation} can be negative"
        fix = "use activation: exponential, softplus or relu"
        yield Finding("poisson-output", path, reason, fix, (Edit(path, "exponential"),))


def logits_once(config: Config) -> Iterator[Finding]:
    """logits-twice and logits-missing."""
    output, loss = output_of(config), config.loss
    if loss is None:
        return
    path, activation = ("loss", "from_logits"), ("linear" if output is None else output.activation)
    off = (Edit(path, False),)
    if loss.from_logits and loss.name not in CROSSENTROPIES:
        yield Finding("logits-twice", path, f"{loss.name} has no logits", "remove from_logits", off)
    elif output is None or activation is None:
        return
    elif loss.from_logits and activation != "linear":
        reason = f"the output's {activation} and from_logits: true apply an activation twice"
        edits = off if activation in _PROBABILITIES else (Edit(output_path(config, "activation"), "linear"),)
        yield Finding("logits-twice", path, reason, "use activation: linear, or from_logits: false", edits)
    elif loss.name in CROSSENTROPIES and not loss.from_logits and activation not in _PROBABILITIES:
        task = config.data.task
        wanted = ACTIVATIONS[task] if task and not task.is_regression else _activation_for(loss)
        where = output_path(config, "activation")
        reason = f"{loss.name} needs probabilities, but the output is {activation}"
        fix = f"set from_logits: true on a linear output, or activation: {wanted}"
        yield Finding("logits-missing", where, reason, fix, (Edit(where, wanted),))


def _activation_for(loss: Loss) -> str:
    return "sigmoid" if loss.name in BINARY_CROSSENTROPIES else "softmax"


def options_are_used(config: Config) -> Iterator[Finding]:
    """loss-option."""
    loss = config.loss
    if loss is None:
        return
    # from_logits has rules of its own, also where the loss has it.
    for option in loss.model_dump(exclude={"name", "from_logits"}, exclude_defaults=True):
        if option not in LOSS_OPTIONS[loss.name]:
            fix = f"remove {option}, or use {_owner(option, config)}, which has it"
            yield Finding("loss-option", ("loss", option), f"{loss.name} has no {option}", fix)
    if loss.name == "binary_focal_crossentropy" and loss.alpha != 0.25 and not loss.apply_class_balancing:
        reason = "alpha has no effect without apply_class_balancing"
        yield Finding("loss-option", ("loss", "alpha"), reason, "set apply_class_balancing: true, or remove alpha")


def _owner(option: str, config: Config) -> str:
    """The first loss that has the option, if there is one among those for the task."""
    owners = [Loss(name=name) for name, options in LOSS_OPTIONS.items() if option in options]
    task = config.data.task
    return next((owner.name for owner in owners if task and _measures(owner, task)), owners[0].name)


def metrics_fit(config: Config) -> Iterator[Finding]:
    """metric-task."""
    task = config.data.task
    for index, name in enumerate(config.metrics or ()):
        if task is None:
            continue
        if (name in REGRESSION_METRICS) != task.is_regression:
            reason = f"{name} does not measure a {task.value} target"
            yield Finding("metric-task", ("metrics", index), reason, "leave metrics out to have it chosen")
        elif name in ("auc", "precision", "recall") and task is Task.MULTICLASS:
            reason = f"{name} while training is for binary and multilabel targets"
            yield Finding("metric-task", ("metrics", index), reason, "`nncli eval` gives it for each class")


CONFIG_RULES = (loss_fits_task, counts_are_positive, logits_once, options_are_used, metrics_fit)
