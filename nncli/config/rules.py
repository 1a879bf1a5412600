"""The pairing rules: does the output layer fit the task, and the loss the output layer (DESIGN.md, section 5).

Each rule is a function from a resolved config and the facts of its data to findings; it knows no files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from nncli.config.document import KeyPath, format_path
from nncli.config.facts import DataFacts, Task
from nncli.config.layers import Dense
from nncli.config.loading import LoadedConfig
from nncli.config.objective import CROSSENTROPIES, REGRESSION_METRICS
from nncli.config.resolve import ACTIVATIONS, LOSSES, choose_missing, insert_flatten
from nncli.config.sections import Config
from nncli.config.stack import StackError
from nncli.errors import ConfigError

_PROBABILITIES = ("sigmoid", "softmax")


@dataclass(frozen=True)
class Finding:
    """One thing a rule has to say: an error stops the command, a warning is said and can be silenced by `rule`."""

    rule: str
    severity: Literal["error", "warning"]
    path: KeyPath
    reason: str
    fix: str


def resolve(loaded: LoadedConfig, facts: DataFacts) -> tuple[Config, list[str]]:
    """The config with all that was left out, and the warnings. Raises ConfigError with all that is refused."""
    config = choose_missing(loaded.config, facts)
    findings = [finding for rule in RULES for finding in rule(config, facts)]
    lines = {
        severity: [
            f"{loaded.document.mark(finding.path)}  {format_path(finding.path)}: {finding.reason}; {finding.fix}"
            f" [{finding.rule}]"
            for finding in findings
            if finding.severity == severity and not (severity == "warning" and finding.rule in config.silence)
        ]
        for severity in ("error", "warning")
    }
    if lines["error"]:
        raise ConfigError(lines["error"])
    try:
        return insert_flatten(config, facts), lines["warning"]
    except StackError as error:
        path: KeyPath = ("model", "layers", error.index)
        name = config.model.layers[error.index].kind
        raise ConfigError([f"{loaded.document.mark(path)}  {format_path(path)}: {name} {error}"]) from None


def _output_path(config: Config, key: str | None = None) -> KeyPath:
    path: KeyPath = ("model", "layers", len(config.model.layers) - 1)
    return (*path, config.model.layers[-1].kind, key) if key else path


def _last_is_output(config: Config, facts: DataFacts) -> Iterator[Finding]:
    if not isinstance(config.model.layers[-1], Dense):
        reason = f"the last layer is the output layer, and {config.model.layers[-1].kind} cannot be one"
        yield Finding("output-layer", "error", _output_path(config), reason, "end with `- output: {}`")


def _units_fit(config: Config, facts: DataFacts) -> Iterator[Finding]:
    output, target = config.model.layers[-1], facts.target
    if not isinstance(output, Dense) or output.units == target.outputs:
        return
    what = {
        Task.BINARY: "two classes need one unit",
        Task.MULTICLASS: f"{len(target.classes)} classes need as many units",
        Task.MULTILABEL: f"{len(target.columns)} labels need as many units",
    }.get(target.task, f"{len(target.columns)} target value(s) need as many units")
    if output.activation == "softmax" and output.units == 1:
        what = "softmax over one unit is always 1"
    reason = f"got {output.units} output unit(s), but {what}"
    yield Finding("output-units", "error", _output_path(config, "units"), reason, f"use units: {target.outputs}")


def _activation_fits_task(config: Config, facts: DataFacts) -> Iterator[Finding]:
    output, task = config.model.layers[-1], facts.target.task
    if not isinstance(output, Dense):
        return
    path, wanted = _output_path(config, "activation"), ACTIVATIONS[task]
    if task is Task.MULTILABEL and output.activation == "softmax":
        reason = "softmax makes labels exclude each other, and several can be true here"
        yield Finding("output-activation", "error", path, reason, "use activation: sigmoid")
    elif task is Task.BINARY and output.activation == "softmax":
        reason = "softmax over one unit is always 1"
        yield Finding("output-activation", "error", path, reason, "use activation: sigmoid")
    elif task is Task.MULTICLASS and output.activation == "sigmoid":
        reason = "sigmoid gives each class a probability of its own, and exactly one class is right here"
        yield Finding("output-activation", "error", path, reason, "use activation: softmax")
    elif task is Task.REGRESSION and output.activation in ("softmax", "sigmoid", "tanh"):
        reason = f"{output.activation} keeps predictions between {'-1' if output.activation == 'tanh' else '0'} and 1"
        yield Finding("output-activation", "error", path, reason, f"use activation: {wanted} for a number of any sign")
    elif task is Task.POSITIVE_REGRESSION and output.activation in _PROBABILITIES:
        reason = f"{output.activation} keeps predictions between 0 and 1"
        yield Finding("output-activation", "error", path, reason, "use activation: relu for a positive number")


def _loss_fits_task(config: Config, facts: DataFacts) -> Iterator[Finding]:
    loss, task = config.loss, facts.target.task
    if loss is None:
        return
    fits = {
        Task.MULTICLASS: loss.name.endswith("categorical_crossentropy"),
        Task.BINARY: loss.name == "binary_crossentropy",
        Task.MULTILABEL: loss.name == "binary_crossentropy",
    }.get(task, loss.name not in CROSSENTROPIES)
    if fits:
        return
    reason = f"{loss.name} does not measure a {task.value} target"
    severity: Literal["error", "warning"] = "error"
    if not task.is_regression and loss.name not in CROSSENTROPIES and task is not Task.MULTICLASS:
        reason, severity = f"{loss.name} on probabilities learns slowly where the network is wrong and sure", "warning"
    yield Finding("loss-task", severity, ("loss", "name"), reason, f"use {LOSSES[task]}")


def _logits_once(config: Config, facts: DataFacts) -> Iterator[Finding]:
    output, loss = config.model.layers[-1], config.loss
    if not isinstance(output, Dense) or loss is None:
        return
    path: KeyPath = ("loss", "from_logits")
    if loss.from_logits and loss.name not in CROSSENTROPIES:
        reason = f"{loss.name} has no logits"
        yield Finding("logits-twice", "error", path, reason, "remove from_logits")
    elif loss.from_logits and output.activation != "linear":
        reason = f"the output's {output.activation} and from_logits: true apply an activation twice"
        yield Finding("logits-twice", "error", path, reason, "use activation: linear, or from_logits: false")
    elif loss.name in CROSSENTROPIES and not loss.from_logits and output.activation not in _PROBABILITIES:
        wanted = ACTIVATIONS[facts.target.task]
        reason = f"{loss.name} needs probabilities and the output is {output.activation}"
        fix = f"set from_logits: true on a linear output, or activation: {wanted}"
        yield Finding("logits-missing", "error", _output_path(config, "activation"), reason, fix)


def _target_sign(config: Config, facts: DataFacts) -> Iterator[Finding]:
    output, target = config.model.layers[-1], facts.target
    if not isinstance(output, Dense) or not target.task.is_regression or not target.minimum:
        return
    if output.activation in ("relu", "softplus", "exponential") and min(target.minimum) < 0:
        reason = f"{output.activation} predicts no negative number and the target goes down to {min(target.minimum):g}"
        fix = "use activation: linear (task: regression)"
        yield Finding("target-sign", "error", _output_path(config, "activation"), reason, fix)
    elif output.activation != "linear" and target.task is Task.REGRESSION and config.data.scale_target:
        reason = f"the target is centred for training, and {output.activation} cannot go below the mean"
        fix = "use task: positive_regression, or activation: linear"
        yield Finding("target-sign", "error", _output_path(config, "activation"), reason, fix)


def _metrics_fit(config: Config, facts: DataFacts) -> Iterator[Finding]:
    for index, name in enumerate(config.metrics or ()):
        if (name in REGRESSION_METRICS) != facts.target.task.is_regression:
            reason = f"{name} does not measure a {facts.target.task.value} target"
            yield Finding("metric-task", "error", ("metrics", index), reason, "leave metrics out to have it chosen")
        elif name in ("auc", "precision", "recall") and facts.target.task is Task.MULTICLASS:
            reason = f"{name} while training is for binary and multilabel targets"
            yield Finding("metric-task", "error", ("metrics", index), reason, "`nncli eval` gives it for each class")


def _monitor_exists(config: Config, facts: DataFacts) -> Iterator[Finding]:
    known = ["loss", *(config.metrics or ())]
    names = [*known, *(f"val_{name}" for name in known)]
    for key in ("early_stopping", "reduce_lr_on_plateau"):
        section = getattr(config.train, key)
        if section is not None and section.monitor not in names:
            reason = f"nothing called {section.monitor} is measured"
            path: KeyPath = ("train", key, "monitor")
            yield Finding("monitor", "error", path, reason, f"use one of {', '.join(names)}")


def _class_weight_fits(config: Config, facts: DataFacts) -> Iterator[Finding]:
    weights, path = config.train.class_weight, ("train", "class_weight")
    if weights is None:
        return
    if facts.target.task not in (Task.BINARY, Task.MULTICLASS):
        reason = f"a {facts.target.task.value} target has no classes to weigh"
        yield Finding("class-weight", "error", path, reason, "remove class_weight")
    elif isinstance(weights, dict):
        for name in sorted(set(weights) - set(facts.target.classes)):
            reason = f"no class is called {name!r}"
            yield Finding("class-weight", "error", (*path, name), reason, f"known: {', '.join(facts.target.classes)}")


Rule = Callable[[Config, DataFacts], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    _last_is_output,
    _units_fit,
    _activation_fits_task,
    _loss_fits_task,
    _logits_once,
    _target_sign,
    _metrics_fit,
    _monitor_exists,
    _class_weight_fits,
)
