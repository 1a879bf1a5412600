"""What a config leaves out, chosen from the data: task, output layer, loss, metrics, a Flatten before dense layers."""

from nncli.config.facts import DataFacts, Task
from nncli.config.layer_section import ActivationName
from nncli.config.layers import Dense, LayerSection, Output
from nncli.config.objective import BINARY_CROSSENTROPIES, CATEGORICAL_CROSSENTROPIES, Loss, LossName, MetricName
from nncli.config.sections import Config
from nncli.config.stack import stack_layers

# The lecture's table of output activations and losses (DESIGN.md, section 5).
ACTIVATIONS: dict[Task, ActivationName] = {
    Task.BINARY: "sigmoid",
    Task.MULTICLASS: "softmax",
    Task.MULTILABEL: "sigmoid",
    Task.REGRESSION: "linear",
    Task.POSITIVE_REGRESSION: "relu",
}
LOSSES: dict[Task, LossName] = {
    Task.BINARY: "binary_crossentropy",
    Task.MULTICLASS: "sparse_categorical_crossentropy",
    Task.MULTILABEL: "binary_crossentropy",
    Task.REGRESSION: "mean_squared_error",
    Task.POSITIVE_REGRESSION: "mean_squared_error",
}
METRICS: dict[Task, MetricName] = {
    Task.BINARY: "accuracy",
    Task.MULTICLASS: "accuracy",
    Task.MULTILABEL: "accuracy",
    Task.REGRESSION: "mean_absolute_error",
    Task.POSITIVE_REGRESSION: "mean_absolute_error",
}


def choose_missing(config: Config, facts: DataFacts) -> Config:
    """The config with task, output layer, loss and metrics filled in; what was given stays as it is.

    The last layer becomes a Dense when it is an `output`; any other kind is left for the rules to refuse.
    """
    task = facts.target.task
    layers = (*config.model.layers[:-1], _output_layer(config, facts))
    activation = getattr(layers[-1], "activation", None)
    loss = config.loss or Loss(name=LOSSES[task], from_logits=activation == "linear" and not task.is_regression)
    return config.model_copy(
        update={
            # The true source and no fallback, so that the config of a run repeats that run and nothing else.
            "data": config.data.model_copy(update={"task": task, "source": facts.source, "fallback": None}),
            "model": config.model.model_copy(update={"layers": layers}),
            "loss": loss,
            "metrics": config.metrics if config.metrics is not None else (METRICS[task],),
        }
    )


def insert_flatten(config: Config, facts: DataFacts) -> Config:
    """The config with the Flatten that a first dense layer needs. Raises StackError where layers do not fit."""
    rows = stack_layers(config, facts.inputs.shape)
    layers = tuple(row.layer for row in rows)
    return config.model_copy(update={"model": config.model.model_copy(update={"layers": layers})})


def _output_layer(config: Config, facts: DataFacts) -> LayerSection:
    last = config.model.layers[-1]
    if isinstance(last, Output):
        units = last.units or facts.target.outputs
        return Dense(units=units, activation=last.activation or _output_activation(config, facts.target.task))
    if isinstance(last, Dense) and last.activation is None:
        return last.model_copy(update={"activation": _output_activation(config, facts.target.task)})
    return last


def _output_activation(config: Config, task: Task) -> ActivationName:
    """The activation that goes with a given loss, else the task's own."""
    if config.loss and config.loss.from_logits:
        return "linear"
    if config.loss and config.loss.name in CATEGORICAL_CROSSENTROPIES:
        return "softmax"
    if config.loss and config.loss.name in BINARY_CROSSENTROPIES:
        return "sigmoid"
    if config.loss and config.loss.name == "poisson":
        return "exponential"
    return ACTIVATIONS[task]
