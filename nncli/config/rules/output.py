"""Rules about the output layer: whether its units fit the classes or targets, and its activation the task."""

from collections.abc import Iterator

from nncli.config.facts import DataFacts, Target, Task
from nncli.config.layers import Output
from nncli.config.objective import CATEGORICAL_CROSSENTROPIES
from nncli.config.resolve import ACTIVATIONS
from nncli.config.rules.finding import Edit, Finding, output_of, output_path
from nncli.config.sections import Config


def last_is_output(config: Config) -> Iterator[Finding]:
    """output-layer."""
    if output_of(config) is None and not isinstance(config.model.layers[-1], Output):
        reason = f"the last layer is the output layer, and {config.model.layers[-1].kind} cannot be one"
        yield Finding("output-layer", output_path(config), reason, "end with `- output: {}`")


def units_fit(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """output-units, and label-values where the units were counted from the class ids."""
    output, target = output_of(config), facts.target
    if output is None or output.units == target.outputs:
        return
    path = output_path(config, "units")
    edits = [Edit(path, target.outputs)]
    highest = highest_class_id(target)
    if highest is not None and output.units == highest + 1:
        reason = f"class ids go up to {highest}, but only {target.outputs} of them occur, and they are counted from 0"
        yield Finding("label-values", path, reason, f"use units: {target.outputs}", tuple(edits))
        return
    what = {
        Task.BINARY: "two classes need one unit",
        Task.MULTICLASS: f"{len(target.classes)} classes need as many units",
        Task.MULTILABEL: f"{len(target.columns)} labels need as many units",
    }.get(target.task, f"{len(target.columns)} target value(s) need as many units")
    fix = f"use units: {target.outputs}"
    if target.task is Task.BINARY and output.activation == "softmax":
        fix = "use units: 1 and activation: sigmoid"
        edits.append(Edit(output_path(config, "activation"), "sigmoid"))
    yield Finding("output-units", path, f"got {output.units} output unit(s), but {what}", fix, tuple(edits))


def highest_class_id(target: Target) -> int | None:
    """The highest class id where the classes are whole numbers with gaps or another start than 0, else None."""
    if target.task is not Task.MULTICLASS or not all(name.isdecimal() for name in target.classes):
        return None
    ids = sorted(int(name) for name in target.classes)
    return ids[-1] if ids != list(range(len(ids))) else None


def softmax_has_several_units(config: Config) -> Iterator[Finding]:
    """softmax-one-unit."""
    output, task = output_of(config), config.data.task
    if output is None or output.units != 1 or output.activation != "softmax" or (task and task.is_regression):
        return
    path = output_path(config, "activation")
    edits = (Edit(path, "sigmoid"),) if task is Task.BINARY else ()
    fix = "use activation: sigmoid for two classes, or one unit for each class"
    yield Finding("softmax-one-unit", path, "softmax over one unit is always 1, whatever the input", fix, edits)


def classes_exclude_each_other(config: Config) -> Iterator[Finding]:
    """sigmoid-exclusive and softmax-multilabel."""
    output, task, loss = output_of(config), config.data.task, config.loss
    if output is None:
        return
    path = output_path(config, "activation")
    categorical = loss is not None and loss.name in CATEGORICAL_CROSSENTROPIES
    if output.activation == "sigmoid" and (task is Task.MULTICLASS or (task is None and categorical)):
        reason = "sigmoid gives each class a probability of its own, but exactly one class is right here"
        edits = (Edit(path, "softmax"),)
        yield Finding("sigmoid-exclusive", path, reason, "use activation: softmax", edits)
    elif output.activation == "softmax" and task is Task.MULTILABEL:
        reason = "softmax makes labels exclude each other, but several can be true here"
        edits = (Edit(path, "sigmoid"),)
        yield Finding("softmax-multilabel", path, reason, "use activation: sigmoid", edits)


def range_fits(config: Config) -> Iterator[Finding]:
    """output-activation."""
    output, task = output_of(config), config.data.task
    if output is None or task is None or not task.is_regression:
        return
    if output.activation in ("softmax", "sigmoid", "tanh"):
        low = -1 if output.activation == "tanh" else 0
        wanted = ACTIVATIONS[task]
        sort = "a number of any sign" if task is Task.REGRESSION else "a positive number"
        path = output_path(config, "activation")
        reason = f"{output.activation} keeps predictions between {low} and 1"
        fix = f"use activation: {wanted} for {sort}"
        yield Finding("output-activation", path, reason, fix, (Edit(path, wanted),))


CONFIG_RULES = (last_is_output, softmax_has_several_units, classes_exclude_each_other, range_fits)
DATA_RULES = (units_fit,)
