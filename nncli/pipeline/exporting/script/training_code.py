"""The objective, the training and the metrics of a run as the body of a script's `main`."""

from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.config.objective import LOSS_OPTIONS, ONE_HOT_LOSSES, MetricName
from nncli.config.schedules import Constant, Cosine, Exponential, Piecewise, Schedule
from nncli.config.sections import Config, Train
from nncli.errors import ExportError
from nncli.pipeline.exporting.script.calls import Code, spread_call, write_call, write_value

_OPTIMIZERS = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "lion": "Lion",
}
_METRIC_CLASSES = {
    "auc": "AUC",
    "precision": "Precision",
    "recall": "Recall",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_squared_error": "MeanSquaredError",
    "root_mean_squared_error": "RootMeanSquaredError",
    "r2_score": "R2Score",
}


def training_lines(config: Config, facts: DataFacts, arguments: str, *, monitor: str, mode: str) -> list[str]:
    """The body of `main`, not indented; `arguments` are those of `make_model`. Raises ExportError for what a short
    script cannot say."""
    lines = [
        f"keras.utils.set_random_seed({config.seed})",
        "(x_train, y_train), (x_validation, y_validation), (x_test, y_test) = load_data()",
        *_target_lines(config, facts),
        f"model = make_model({arguments})",
        *spread_call(
            "model.compile(",
            [
                f"optimizer={_optimizer(config, facts)}",
                f"loss={_loss(config)}",
                f"metrics=[{', '.join(_metric(name, config, facts) for name in config.metrics or ())}]",
            ],
        ),
        *_fit_lines(config, facts, monitor, mode),
        *_measure_lines(config, facts),
    ]
    return lines


def scales_target(config: Config, facts: DataFacts) -> bool:
    """Whether the network is trained on scaled targets; a poisson loss needs the raw counts."""
    return facts.target.task.is_regression and config.data.scale_target


def _target_lines(config: Config, facts: DataFacts) -> list[str]:
    lines = []
    if config.model.members > 1 and facts.target.outputs == 1:
        lines.append("y_train, y_validation = y_train[:, np.newaxis], y_validation[:, np.newaxis]")
    if config.loss and config.loss.name in ONE_HOT_LOSSES:
        classes = len(facts.target.classes)
        for part in ("train", "validation"):
            lines.append(f"y_{part} = keras.utils.to_categorical(y_{part}, {classes})")
    if scales_target(config, facts):
        if config.loss and config.loss.name == "poisson":
            raise ExportError(
                "a script has no way yet to write a poisson loss of scaled targets",
                hint="train with data.scale_target: false, or export the trained model: --format keras",
            )
        mean = "0.0" if facts.target.task is Task.POSITIVE_REGRESSION else "y_train.mean(axis=0)"
        lines += [
            f"mean, deviation = {mean}, y_train.std(axis=0)  # the network learns the scaled target",
            "y_train, y_validation = (y_train - mean) / deviation, (y_validation - mean) / deviation",
        ]
    return lines


def _optimizer(config: Config, facts: DataFacts) -> Code:
    section = config.optimizer
    defaults = type(section)().model_dump()
    given = section.model_dump(exclude={"name", "learning_rate"}, exclude_none=True)
    options = {name: value for name, value in given.items() if value != defaults[name]}
    if section.use_ema:
        options["ema_momentum"] = section.ema_momentum
    rate: Any = section.learning_rate
    if not isinstance(rate, float):
        rate = _schedule(rate, config, facts)
    return write_call(f"keras.optimizers.{_OPTIMIZERS[section.name]}", learning_rate=rate, **options)


def _schedule(schedule: Schedule, config: Config, facts: DataFacts) -> Code:
    """The schedule in steps: an epoch has as many as there are batches."""
    size = facts.rows["train"] if config.train.batch_size == "full" else config.train.batch_size
    steps = -(-facts.rows["train"] // size)

    def updates(epochs: float) -> int:
        return max(1, round(epochs * steps))

    made = "keras.optimizers.schedules."
    if isinstance(schedule, Piecewise):
        boundaries = [updates(boundary) - 1 for boundary in schedule.boundaries]
        return write_call(f"{made}PiecewiseConstantDecay", boundaries, list(schedule.values))
    warmup, rate = schedule.warmup_epochs, schedule.initial_learning_rate
    if isinstance(schedule, Cosine):
        decay = updates(schedule.decay_epochs or config.train.epochs - warmup)
        options: dict[str, Any] = {"alpha": schedule.alpha} if schedule.alpha else {}
        if warmup:
            options |= {"warmup_target": rate, "warmup_steps": updates(warmup)}
        return write_call(f"{made}CosineDecay", 0.0 if warmup else rate, decay, **options)
    if warmup or isinstance(schedule, Constant):
        raise ExportError(
            f"a script has no way yet to write the schedule {schedule.schedule} with a warm-up",
            hint="use the schedule cosine, or export the trained model: --format keras",
        )
    return _exponential(schedule, updates(schedule.decay_epochs))


def _exponential(schedule: Exponential, steps: int) -> Code:
    options = {"staircase": True} if schedule.staircase else {}
    rate = schedule.initial_learning_rate
    return write_call("keras.optimizers.schedules.ExponentialDecay", rate, steps, schedule.decay_rate, **options)


def _loss(config: Config) -> Code:
    loss = config.loss
    if loss is None:
        raise ExportError("the config names no loss", hint="export a finished run")
    name = "".join(word.capitalize() for word in loss.name.split("_"))
    fields = type(loss).model_fields
    options = {key: getattr(loss, key) for key in LOSS_OPTIONS[loss.name]}
    changed = {key: value for key, value in options.items() if value != fields[key].default}
    return write_call(f"keras.losses.{name}", **changed)


def _metric(name: MetricName, config: Config, facts: DataFacts) -> Code:
    logits = config.loss is not None and config.loss.from_logits
    if name == "accuracy":
        if facts.target.task is Task.MULTICLASS:
            return Code('"accuracy"')
        options = {"threshold": 1e-6} if logits else {}  # Keras refuses 0, the logit of one half
        return write_call("keras.metrics.BinaryAccuracy", name="accuracy", **options)
    extra: dict[str, Any] = {}
    if name == "auc" and logits:
        extra["from_logits"] = True
    if name == "auc" and facts.target.task is Task.MULTILABEL:
        extra |= {"multi_label": True, "num_labels": facts.target.outputs}
    if name in ("precision", "recall") and logits:
        extra["thresholds"] = 0.0
    return write_call(f"keras.metrics.{_METRIC_CLASSES[name]}", name=name, **extra)


def _fit_lines(config: Config, facts: DataFacts, monitor: str, mode: str) -> list[str]:
    train = config.train
    lines, callbacks = [], []
    if config.optimizer.use_ema:
        lines.append("average = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)")
        callbacks.append("average")
    if train.keep == "best" or train.early_stopping:
        lines += _stopping_lines(train, monitor, mode)
        callbacks.append("best")
    if train.reduce_lr_on_plateau is not None:
        reduce = train.reduce_lr_on_plateau
        options = {"factor": reduce.factor, "patience": reduce.patience, "min_lr": reduce.min_learning_rate}
        lines.append(f"slower = {write_call('keras.callbacks.ReduceLROnPlateau', reduce.monitor, **options)}")
        callbacks.append("slower")
    size = "len(y_train)" if train.batch_size == "full" else train.batch_size
    weights = _class_weights(config, facts)
    arguments = [
        "train",
        "epochs=EPOCHS",
        "shuffle=False",
        "validation_data=(x_validation, y_validation)",
        *([f"class_weight={weights}"] if weights else []),
        *([f"callbacks=[{', '.join(callbacks)}]"] if callbacks else []),
        "verbose=2",
    ]
    return [
        *lines,
        "train = tf.data.Dataset.from_tensor_slices((x_train, y_train))",
        "# A new order in each epoch; the shuffle of `fit` repeats one order after set_random_seed.",
        f"train = train.shuffle(len(y_train), seed={config.seed}).batch({size})",
        *spread_call("model.fit(", arguments),
    ]


def _stopping_lines(train: Train, monitor: str, mode: str) -> list[str]:
    """Keeps the weights of the best epoch; where the config does not stop early, no patience is long enough to."""
    stopping = train.early_stopping
    options = [write_value(monitor), f'mode="{mode}"', f"patience={stopping.patience if stopping else 'EPOCHS'}"]
    if stopping and stopping.min_delta:
        options.append(f"min_delta={stopping.min_delta}")
    if train.keep == "best":
        options.append("restore_best_weights=True")
    return spread_call("best = keras.callbacks.EarlyStopping(", options)


def _class_weights(config: Config, facts: DataFacts) -> dict[int, float] | None:
    """The weight of each class by its number; `balanced` as scikit-learn has it."""
    wanted, target = config.train.class_weight, facts.target
    if wanted is None:
        return None
    if wanted == "balanced":
        counts = np.maximum(np.asarray(target.class_counts, dtype=float), 1)
        return {index: float(counts.sum() / (len(counts) * each)) for index, each in enumerate(counts)}
    return {index: wanted.get(name, 1.0) for index, name in enumerate(target.classes)}


def _measure_lines(config: Config, facts: DataFacts) -> list[str]:
    """Prints what `nncli eval` prints first, by scikit-learn's definitions."""
    task, logits = facts.target.task, config.loss is not None and config.loss.from_logits
    predicted = "model.predict(x_test, verbose=0)"
    if task.is_regression:
        scaled = f"{predicted} * deviation + mean" if scales_target(config, facts) else predicted
        if len(facts.target.columns) == 1:
            scaled = scaled.replace(predicted, f"{predicted}[:, 0]")
        names = ("mean_absolute_error", "root_mean_squared_error", "r2_score")
        return [f"predictions = {scaled}", *(_shown(name, f"{name}(y_test, predictions)") for name in names)]
    if task is Task.MULTICLASS:
        probabilities = f"softmax({predicted}, axis=1)" if logits else predicted
        return [
            f"probabilities = {probabilities}",
            _shown("accuracy", "accuracy_score(y_test, probabilities.argmax(axis=1))"),
            _shown("log_loss", f"log_loss(y_test, probabilities, labels=range({len(facts.target.classes)}))"),
        ]
    lines = [f"probabilities = {f'expit({predicted})' if logits else predicted}"]
    if task is Task.BINARY:
        return [
            *lines,
            _shown("accuracy", "accuracy_score(y_test, probabilities > 0.5)"),
            _shown("log_loss", "log_loss(y_test, probabilities)"),
            _shown("auc", "roc_auc_score(y_test, probabilities)"),
        ]
    return [
        *lines,
        _shown("subset_accuracy", "accuracy_score(y_test, probabilities > 0.5)"),
        _shown("micro_f1", 'f1_score(y_test, probabilities > 0.5, average="micro")'),
    ]


def _shown(name: str, call: str) -> str:
    return f'print("{name}", metrics.{call})'
