"""Losses, optimizers and metrics: their options, their units, and that each can run inside a compiled loop."""

from typing import Any

import numpy as np
import pytest

from nncli.config.facts import DataFacts, NumberColumn, TableInput, Target, Task
from nncli.config.objective import OPTIMIZERS
from nncli.config.sections import Config
from nncli.errors import ConfigError

COLUMNS = tuple(NumberColumn(name=name, mean=0.0, deviation=1.0, median=0.0) for name in "abc")
X = {"numbers": np.random.default_rng(1).normal(size=(16, 3)).astype("float32")}
LOGITS = {"name": "binary_crossentropy", "from_logits": True}


def make(target: Target, units: int, activation: str, **sections: Any) -> tuple[Config, DataFacts]:
    data = {"source": "csv", "task": target.task, **sections.pop("data", {})}
    layers = [{"dense": {"units": units, "activation": activation}}]
    config = Config.model_validate({"data": data, "model": {"layers": layers}, **sections})
    return config, DataFacts(source="test", inputs=TableInput(numbers=COLUMNS), target=target, rows={"train": 16})


def compiled(config: Config, facts: DataFacts) -> Any:
    from nncli.model import build, compile_model

    model = build(config, facts)
    compile_model(model, config, facts)
    return model


BINARY = Target(task=Task.BINARY, columns=("y",), classes=("no", "yes"))
LABELS = Target(task=Task.MULTILABEL, columns=("u", "v"), classes=("u", "v"))
CLASSES = Target(task=Task.MULTICLASS, columns=("y",), classes=("p", "q", "r"))
COUNTS = Target(task=Task.POSITIVE_REGRESSION, columns=("y",), mean=(2.0,), deviation=(4.0,), minimum=(0.0,))
FOCAL = {"name": "categorical_focal_crossentropy", "from_logits": True}
NUMBER = Target(task=Task.REGRESSION, columns=("y",), mean=(50.0,), deviation=(20.0,))
RANDOM = np.random.default_rng(2)
YES = RANDOM.integers(0, 2, (16, 1)).astype("float32")
BOTH = RANDOM.integers(0, 2, (16, 2)).astype("float32")


def test_the_loss_of_a_regression_is_scaled_and_its_metrics_are_in_the_units_of_the_target() -> None:
    config, facts = make(
        NUMBER, 1, "linear", loss="mean_squared_error", metrics=["mean_absolute_error", "mean_squared_error"]
    )
    model = compiled(config, facts)
    targets = np.linspace(10, 90, 16, dtype="float32")[:, None]
    predictions = model.predict(X, verbose=0)

    values = model.evaluate(X, targets, verbose=0, return_dict=True)

    errors = targets - predictions
    assert values["loss"] == pytest.approx(np.mean((errors / 20.0) ** 2), rel=1e-5)
    assert values["mean_absolute_error"] == pytest.approx(np.mean(np.abs(errors)), rel=1e-5)
    assert values["mean_squared_error"] == pytest.approx(np.mean(errors**2), rel=1e-5)


def test_without_scale_target_the_loss_is_in_the_units_of_the_target() -> None:
    config, facts = make(NUMBER, 1, "linear", loss="mean_absolute_error", data={"scale_target": False})
    model = compiled(config, facts)
    targets = np.linspace(10, 90, 16, dtype="float32")[:, None]

    value = model.evaluate(X, targets, verbose=0, return_dict=True)["loss"]

    assert value == pytest.approx(np.mean(np.abs(targets - model.predict(X, verbose=0))), rel=1e-5)


def test_weights_of_examples_weigh_the_scaled_loss() -> None:
    config, facts = make(NUMBER, 1, "linear", loss="mean_squared_error")
    model = compiled(config, facts)
    targets = np.linspace(10, 90, 16, dtype="float32")[:, None]
    weights = np.zeros(16, "float32")
    weights[0] = 16.0
    first_error = (targets[0] - model.predict(X, verbose=0)[0]) / 20.0

    value = model.evaluate(X, targets, sample_weight=weights, batch_size=16, verbose=0, return_dict=True)["loss"]

    assert value == pytest.approx(first_error.item() ** 2, rel=1e-5)


@pytest.mark.parametrize("target", [BINARY, LABELS], ids=["binary", "multilabel"])
def test_metrics_on_logits_are_those_on_probabilities(target: Target) -> None:
    metrics = ["accuracy", "auc", "precision", "recall"]
    targets = YES if target is BINARY else BOTH
    units = targets.shape[1]
    on_logits = compiled(*make(target, units, "linear", loss=LOGITS, metrics=metrics))
    on_probabilities = compiled(*make(target, units, "sigmoid", loss="binary_crossentropy", metrics=metrics))
    on_probabilities.set_weights(on_logits.get_weights())

    first = on_logits.evaluate(X, targets, verbose=0, return_dict=True)
    second = on_probabilities.evaluate(X, targets, verbose=0, return_dict=True)

    assert set(first) == {*metrics, "loss"}
    assert first == pytest.approx(second, abs=1e-5)
    predicted = on_probabilities.predict(X, verbose=0) > 0.5
    assert first["accuracy"] == pytest.approx(np.mean(predicted == targets))
    assert first["precision"] == pytest.approx(targets[predicted].mean())
    assert first["recall"] == pytest.approx(predicted[targets == 1].mean())


def test_the_area_under_the_curve_of_logits_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    model = compiled(*make(BINARY, 1, "linear", loss=LOGITS, metrics=["auc"]))

    value = model.evaluate(X, YES, verbose=0, return_dict=True)["auc"]

    assert value == pytest.approx(roc_auc_score(YES, model.predict(X, verbose=0)), abs=0.02)


@pytest.mark.parametrize(
    ("target", "units", "activation", "loss", "targets", "metrics"),
    [
        (BINARY, 1, "linear", LOGITS, YES, ["accuracy", "auc", "precision", "recall"]),
        (LABELS, 2, "sigmoid", "binary_crossentropy", BOTH, ["accuracy", "auc", "precision", "recall"]),
        (CLASSES, 3, "softmax", "sparse_categorical_crossentropy", np.arange(16) % 3, ["accuracy"]),
        (CLASSES, 3, "softmax", "categorical_crossentropy", np.eye(3)[np.arange(16) % 3], ["accuracy"]),
        (BINARY, 1, "linear", {**LOGITS, "name": "binary_focal_crossentropy"}, YES, ["accuracy"]),
        (CLASSES, 3, "linear", FOCAL, np.eye(3)[np.arange(16) % 3], ["accuracy"]),
        (COUNTS, 1, "exponential", "poisson", np.arange(16.0)[:, None] % 5, ["mean_absolute_error"]),
        (
            NUMBER,
            1,
            "linear",
            "huber",
            X["numbers"][:, :1],
            ["mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "r2_score"],
        ),
    ],
    ids=["binary", "multilabel", "sparse", "one-hot", "binary-focal", "focal", "poisson", "regression"],
)
def test_losses_and_metrics_run_inside_one_compiled_loop_and_agree_with_evaluate(
    target: Target, units: int, activation: str, loss: Any, targets: np.ndarray, metrics: list[str]
) -> None:
    import tensorflow as tf

    model = compiled(*make(target, units, activation, loss=loss, metrics=metrics))
    expected = model.evaluate(X, targets, verbose=0, return_dict=True)
    model.reset_metrics()
    y = tf.constant(targets, tf.int32 if loss == "sparse_categorical_crossentropy" else tf.float32)

    def step() -> Any:
        return model.test_step(({"numbers": tf.constant(X["numbers"])}, y, None))

    values = {name: float(value) for name, value in tf.function(step, jit_compile=True)().items()}

    assert values == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert set(values) == {"loss", *metrics}


@pytest.mark.parametrize("name", ["categorical_crossentropy", "categorical_focal_crossentropy"])
def test_targets_become_one_hot_only_for_the_losses_that_take_rows(name: str) -> None:
    from nncli.model import targets_for

    one_hot, _ = make(CLASSES, 3, "softmax", loss=name)
    sparse, _ = make(CLASSES, 3, "softmax", loss="sparse_categorical_crossentropy")
    targets = np.array([2, 0], "int32")

    assert targets_for(one_hot, targets).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert targets_for(sparse, targets) is targets


def test_metrics_that_a_multiclass_task_lacks_are_refused_with_what_to_use() -> None:
    with pytest.raises(ConfigError, match="got precision for a multiclass task") as caught:
        compiled(*make(CLASSES, 3, "softmax", loss="sparse_categorical_crossentropy", metrics=["precision"]))

    assert caught.value.hint and "accuracy" in caught.value.hint


@pytest.mark.parametrize("clipping", ["clipnorm", "clipvalue", "global_clipnorm"])
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_takes_all_the_options_its_section_has(name: str, clipping: str) -> None:
    from nncli.model.objective import make_optimizer

    own = {key: field.default for key, field in OPTIMIZERS[name].model_fields.items() if field.default is not None}
    section = {
        **own,
        "weight_decay": 0.01,
        "use_ema": True,
        "ema_momentum": 0.5,
        clipping: 1.0,
        "learning_rate": 0.125,
        "name": name,
    }
    config, facts = make(BINARY, 1, "sigmoid", loss="binary_crossentropy", optimizer=section)

    optimizer = make_optimizer(config, facts)
    made = optimizer.get_config()

    assert {key: made[key] for key in section if key != "name"} == pytest.approx(
        {key: value for key, value in section.items() if key != "name"}
    )
    assert type(optimizer).__name__.lower() == name


def test_gradients_are_clipped_as_the_option_says() -> None:
    from nncli.model.objective import make_optimizer

    def step(clipping: str) -> list[float]:
        import keras

        section = {"name": "sgd", "learning_rate": 1.0, clipping: 1.0}
        optimizer = make_optimizer(*make(BINARY, 1, "sigmoid", loss="binary_crossentropy", optimizer=section))
        weights = [keras.Variable([0.0, 0.0]), keras.Variable([0.0])]
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in ([3.0, 4.0], [12.0])], weights)
        return [-float(number) for weight in weights for number in keras.ops.convert_to_numpy(weight)]

    assert step("clipnorm") == pytest.approx([0.6, 0.8, 1.0])
    assert step("clipvalue") == pytest.approx([1.0, 1.0, 1.0])
    assert step("global_clipnorm") == pytest.approx([3 / 13, 4 / 13, 12 / 13])


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_works_with_no_option_given(name: str) -> None:
    model = compiled(*make(BINARY, 1, "sigmoid", loss="binary_crossentropy", optimizer=name))

    model.train_on_batch(X, YES)

    assert type(model.optimizer).__name__.lower() == name
    assert int(model.optimizer.iterations) == 1


def loss_of(target: Target, units: int, activation: str, targets: np.ndarray, **loss: Any) -> tuple[float, np.ndarray]:
    """The loss that Keras works out on the 16 rows, and the predictions for them."""
    model = compiled(*make(target, units, activation, loss=loss))
    value: float = model.evaluate(X, targets, verbose=0, return_dict=True)["loss"]
    return value, model.predict(X, verbose=0)


def test_poisson_is_worked_out_on_counts_as_they_are_also_under_scale_target() -> None:
    counts = (np.arange(16.0) % 5)[:, None]

    value, mean = loss_of(COUNTS, 1, "exponential", counts, name="poisson")

    assert value == pytest.approx(np.mean(mean - counts * np.log(mean)), rel=1e-5)


def test_the_focal_losses_have_the_formulas_that_are_told() -> None:
    classes = np.eye(3)[np.arange(16) % 3]
    value, p = loss_of(CLASSES, 3, "softmax", classes, name="categorical_focal_crossentropy", gamma=1.5, alpha=0.5)
    assert value == pytest.approx(np.mean(np.sum(-0.5 * classes * (1 - p) ** 1.5 * np.log(p), axis=1)), rel=1e-4)

    options: dict[str, Any] = {"gamma": 3.0, "alpha": 0.75, "apply_class_balancing": True}
    value, p = loss_of(BINARY, 1, "sigmoid", YES, name="binary_focal_crossentropy", **options)
    right, weight = np.where(YES == 1, p, 1 - p), np.where(YES == 1, 0.75, 0.25)
    assert value == pytest.approx(np.mean(-weight * (1 - right) ** 3 * np.log(right)), rel=1e-4)


def test_smoothed_labels_are_those_that_are_told() -> None:
    classes = np.eye(3)[np.arange(16) % 3]
    value, p = loss_of(CLASSES, 3, "softmax", classes, name="categorical_crossentropy", label_smoothing=0.3)
    assert value == pytest.approx(-np.mean(np.sum((0.7 * classes + 0.1) * np.log(p), axis=1)), rel=1e-5)

    value, p = loss_of(BINARY, 1, "sigmoid", YES, name="binary_crossentropy", label_smoothing=0.3)
    smooth = 0.7 * YES + 0.15
    assert value == pytest.approx(-np.mean(smooth * np.log(p) + (1 - smooth) * np.log(1 - p)), rel=1e-5)
