"""Losses, optimizers and metrics as Keras objects."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from nncli.config.facts import DataFacts, Target, Task
from nncli.config.layers import Dense
from nncli.config.objective import ONE_HOT_LOSSES, Loss, MetricName
from nncli.config.sections import Config
from nncli.errors import ConfigError
from nncli.model.schedules import make_schedule, steps_per_epoch
from nncli.model.serving import gives_logits

OPTIMIZER_CLASSES: dict[str, type[keras.optimizers.Optimizer]] = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "lion": keras.optimizers.Lion,
}


class ScaledLoss(keras.losses.Loss):  # type: ignore[misc]  # keras has no types
    """A regression loss computed on (y - mean) / deviation; outputs and targets stay in the target's units."""

    def __init__(self, loss: keras.losses.Loss, target: Target) -> None:
        """Wraps `loss`, a function of the difference y_true - y_pred, with the training statistics of `target`."""
        super().__init__(name=loss.name)
        self._loss = loss
        self._mean = np.asarray(target.mean, self.dtype)
        self._deviation = np.asarray(target.deviation, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss per row, (batch,), from two arrays (batch, targets)."""
        return self._loss.call(self._scale(y_true), self._scale(y_pred))

    def _scale(self, values: Any) -> Any:
        return (ops.cast(values, self.dtype) - self._mean) / self._deviation


def compile_model(model: keras.Model, config: Config, facts: DataFacts) -> None:
    """Compiles the model with loss, optimizer and metrics; metrics are unweighted and in the target's units."""
    model.compile(
        optimizer=make_optimizer(config, facts),
        loss=make_loss(config, facts),
        metrics=[make_metric(name, config, facts) for name in config.metrics or ()],
    )


def make_optimizer(config: Config, facts: DataFacts) -> keras.optimizers.Optimizer:
    """The optimizer; config options have Keras's names, and the epochs of a schedule are converted to steps."""
    section = config.optimizer
    options = section.model_dump(exclude={"name", "learning_rate"}, exclude_none=True)
    rate: Any = section.learning_rate
    if not isinstance(rate, float):
        rate = make_schedule(rate, config.train.epochs, steps_per_epoch(config, facts))
    return OPTIMIZER_CLASSES[section.name](learning_rate=rate, **options)


def make_loss(config: Config, facts: DataFacts) -> keras.losses.Loss:
    """The loss; for a regression with `scale_target` it is computed on scaled targets, so that it is of order 1.

    The poisson loss is not scaled: it is a likelihood only for the raw counts.
    """
    if config.loss is None:
        raise ConfigError(["loss: not set"], hint="resolve the config with the facts of its data first")
    loss = LOSSES[config.loss.name](config.loss)
    if facts.target.task.is_regression and config.data.scale_target and config.loss.name != "poisson":
        return ScaledLoss(loss, facts.target)
    return loss


LOSSES: dict[str, Callable[[Loss], keras.losses.Loss]] = {
    "binary_crossentropy": lambda loss: keras.losses.BinaryCrossentropy(
        from_logits=loss.from_logits, label_smoothing=loss.label_smoothing
    ),
    "categorical_crossentropy": lambda loss: keras.losses.CategoricalCrossentropy(
        from_logits=loss.from_logits, label_smoothing=loss.label_smoothing
    ),
    "sparse_categorical_crossentropy": lambda loss: keras.losses.SparseCategoricalCrossentropy(
        from_logits=loss.from_logits
    ),
    "binary_focal_crossentropy": lambda loss: keras.losses.BinaryFocalCrossentropy(
        apply_class_balancing=loss.apply_class_balancing,
        alpha=loss.alpha,
        gamma=loss.gamma,
        from_logits=loss.from_logits,
        label_smoothing=loss.label_smoothing,
    ),
    "categorical_focal_crossentropy": lambda loss: keras.losses.CategoricalFocalCrossentropy(
        alpha=loss.alpha, gamma=loss.gamma, from_logits=loss.from_logits, label_smoothing=loss.label_smoothing
    ),
    "mean_squared_error": lambda loss: keras.losses.MeanSquaredError(),
    "mean_absolute_error": lambda loss: keras.losses.MeanAbsoluteError(),
    "huber": lambda loss: keras.losses.Huber(delta=loss.delta),
    "poisson": lambda loss: keras.losses.Poisson(),
}

_REGRESSION_METRICS: dict[str, Callable[..., keras.metrics.Metric]] = {
    "mean_absolute_error": keras.metrics.MeanAbsoluteError,
    "mean_squared_error": keras.metrics.MeanSquaredError,
    "root_mean_squared_error": keras.metrics.RootMeanSquaredError,
    "r2_score": keras.metrics.R2Score,
}


def make_metric(name: MetricName, config: Config, facts: DataFacts) -> keras.metrics.Metric:
    """The metric with this name in a config, suited to the task, the outputs and the targets."""
    if name in _REGRESSION_METRICS:
        return _REGRESSION_METRICS[name](name=name)
    if facts.target.task is Task.MULTICLASS:
        return _multiclass_metric(name, config)
    logits = gives_logits(config)
    threshold = 0.0 if logits else 0.5
    if name == "accuracy":
        # Keras's BinaryAccuracy rejects a threshold of 0, the logit of probability 0.5.
        return keras.metrics.MeanMetricWrapper(keras.metrics.binary_accuracy, name=name, threshold=threshold)
    if name == "auc":
        several = facts.target.task is Task.MULTILABEL
        labels = facts.target.outputs if several else None
        return keras.metrics.AUC(name=name, from_logits=logits, multi_label=several, num_labels=labels)
    metric = {"precision": keras.metrics.Precision, "recall": keras.metrics.Recall}[name]
    return metric(name=name, thresholds=threshold)


def _multiclass_metric(name: MetricName, config: Config) -> keras.metrics.Metric:
    if name != "accuracy":
        raise ConfigError(
            [f"metrics: got {name} for a multiclass task; it is defined for binary and multilabel tasks"],
            hint="use `metrics: [accuracy]`; `nncli eval` reports precision and recall for each class",
        )
    if _one_hot_targets(config):
        return keras.metrics.CategoricalAccuracy(name=name)
    return keras.metrics.SparseCategoricalAccuracy(name=name)


def _one_hot_targets(config: Config) -> bool:
    return config.loss is not None and config.loss.name in ONE_HOT_LOSSES


def targets_for(config: Config, targets: np.ndarray) -> np.ndarray:
    """Targets as the loss expects them: class indices (n,) become one-hot (n, classes) for losses that need it."""
    last = config.model.layers[-1]
    if not (_one_hot_targets(config) and isinstance(last, Dense)):
        return targets
    one_hot: np.ndarray = np.eye(last.units, dtype=np.float32)[targets]
    return one_hot
