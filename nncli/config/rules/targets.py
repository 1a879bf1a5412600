"""Rules about the target: its sign and scale, its values and classes, columns that give it away."""

from collections.abc import Iterator

from nncli.config.facts import DataFacts, Task
from nncli.config.reading.document import KeyPath
from nncli.config.rules.finding import NEVER_NEGATIVE, Edit, Finding, nearest_name, output_of, output_path
from nncli.config.sections import Config

# Of these, the last are refused for a regression by output-activation.
_ONE_SIDED = (*NEVER_NEGATIVE, "sigmoid", "softmax", "tanh")
# Gradients grow with the target; from this standard deviation on, unscaled targets throw the first steps far off.
_LARGE_DEVIATION = 10.0


def sign_fits(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """target-sign and output-sign."""
    output, target = output_of(config), facts.target
    if output is None or not target.task.is_regression or not target.minimum:
        return
    path, lowest = output_path(config, "activation"), min(target.minimum)
    linear = Edit(path, "linear")
    if lowest < 0 and (output.activation in NEVER_NEGATIVE or target.task is Task.POSITIVE_REGRESSION):
        reason = f"{output.activation} cannot predict negative numbers, but the target goes down to {lowest:g}"
        if output.activation not in NEVER_NEGATIVE:
            path, reason = ("data", "task"), f"the target is not positive: it goes down to {lowest:g}"
        task = (Edit(("data", "task"), "regression"),) if target.task is Task.POSITIVE_REGRESSION else ()
        fix = "use activation: linear (task: regression)"
        yield Finding("target-sign", path, reason, fix, (linear, *task))
    elif output.activation != "linear" and target.task is Task.REGRESSION and config.data.scale_target:
        reason = f"the target is centred for training, and {output.activation} cannot go below the mean"
        fix = "use task: positive_regression, or activation: linear"
        yield Finding("target-sign", path, reason, fix)
    elif target.task is Task.POSITIVE_REGRESSION and output.activation not in _ONE_SIDED and not _counts(config):
        reason = f"an output with {output.activation} can be negative, but the target never is"
        yield Finding("output-sign", path, reason, "use activation: relu")


def _counts(config: Config) -> bool:
    """Whether poisson-output says it already."""
    return config.loss is not None and config.loss.name == "poisson"


def target_is_scaled(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """target-scale."""
    if not facts.target.task.is_regression or config.data.scale_target:
        return
    size = max((*facts.target.deviation, *(abs(mean) for mean in facts.target.mean)), default=0.0)
    if size > _LARGE_DEVIATION:
        reason = f"targets with a standard deviation of {size:.3g} make losses and gradients grow with its square"
        yield Finding("target-scale", ("data", "scale_target"), reason, "leave scale_target out: it is true by default")


def numbers_are_amounts(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """two-values."""
    for name, count in zip(facts.target.columns, facts.target.distinct, strict=False):
        if count == 2 and facts.target.task.is_regression:
            reason = f'the target "{name}" has only two values, like a class and unlike an amount'
            fix = "use task: binary, a sigmoid output and binary_crossentropy"
            yield Finding("two-values", ("data", "task"), reason, fix)


def answer_is_not_given(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """target-twin."""
    for name in facts.twins:
        told = ", ".join(facts.target.columns)
        reason = f'column "{name}" has the same content as the target "{told}" in every row'
        fix = f"if it is only known once the target is, drop it: data.drop: [{name}]"
        yield Finding("target-twin", ("data", "target"), reason, fix)


def classes_are_tested(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """class-untested."""
    has_own_test = config.data.source in ("images", "npz") or isinstance(config.data.test, str)
    untested = facts.target.untested if has_own_test else ()
    if untested:
        shown = ", ".join(untested[:5]) + (", ..." if len(untested) > 5 else "")
        reason = f"the test set has no example of {len(untested)} of {len(facts.target.classes)} classes: {shown}"
        fix = "add examples, or train without these classes; `nncli eval` cannot judge them"
        yield Finding("class-untested", ("data", "path"), reason, fix)


def weights_name_classes(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """class-weight."""
    weights = config.train.class_weight
    path: KeyPath = ("train", "class_weight")
    if weights is None:
        return
    if facts.target.task not in (Task.BINARY, Task.MULTICLASS):
        reason = f"a {facts.target.task.value} target has no classes to weight"
        yield Finding("class-weight", path, reason, "remove class_weight")
    elif isinstance(weights, dict):
        for name in sorted(set(weights) - set(facts.target.classes)):
            near = nearest_name(name, [known for known in facts.target.classes if known not in weights])
            edits = (Edit((*path, name), near, is_key=True),) if near else ()
            fix = f'did you mean "{near}"?' if near else f"known: {', '.join(facts.target.classes)}"
            yield Finding("class-weight", (*path, name), f"no class is called {name!r}", fix, edits)


DATA_RULES = (
    sign_fits,
    target_is_scaled,
    numbers_are_amounts,
    answer_is_not_given,
    classes_are_tested,
    weights_name_classes,
)
