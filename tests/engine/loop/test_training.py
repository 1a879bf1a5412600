"""The training loop against `model.fit` on the same batches, and its promises on repetition, callbacks and failure."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nncli.engine.process import environment

environment.prepare(threads=2)

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from nncli.engine.arrays import Arrays, Plan  # noqa: E402
from nncli.engine.callbacks.acting import AveragedWeights  # noqa: E402
from nncli.engine.loop import compiled_loop, data_pass, device_buffers  # noqa: E402
from nncli.engine.loop.data_pass import Pace  # noqa: E402
from nncli.engine.loop.training import fit  # noqa: E402
from nncli.engine.prediction import predict  # noqa: E402
from nncli.engine.randomness import order_of_epoch, seed_layers, seed_states  # noqa: E402
from nncli.engine.weights import get_weights, set_weights  # noqa: E402
from nncli.errors import DataError, RunError, TrainingDivergedError, UsageError  # noqa: E402

layers = keras.layers

CLASSES, SIDE, BATCH, SEED = 4, 6, 16, 11


def images(examples: int = 100, seed: int = 0) -> Arrays:
    """Noise whose brightest quarter names the class: learnable, and small."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, CLASSES, examples).astype(np.int32)
    pixels = generator.integers(0, 120, (examples, SIDE, SIDE, 1))
    for row, target in enumerate(targets):
        top, left = 3 * (target // 2), 3 * (target % 2)
        pixels[row, top : top + 3, left : left + 3] += 100
    return Arrays({"image": pixels.astype(np.uint8)}, targets)


def dense(tensor: Any) -> Any:
    return layers.Dense(8, activation="relu", name="dense_1")(layers.Flatten()(tensor))


def dropout(tensor: Any) -> Any:
    tensor = layers.Dropout(0.3, seed=1, name="dropout_1")(dense(tensor))
    return layers.Dropout(0.2, seed=2, name="dropout_2")(layers.Dense(8, activation="relu", name="dense_2")(tensor))


def batch_normalization(tensor: Any) -> Any:
    return layers.BatchNormalization(name="normalization_1")(dense(tensor))


def convolution(tensor: Any) -> Any:
    tensor = layers.MaxPooling2D()(layers.Conv2D(3, 3, activation="relu", name="conv_1")(tensor))
    return layers.Flatten()(tensor)


def classifier(body: Callable[[Any], Any] = dense, optimizer: Any = None) -> keras.Model:
    keras.utils.set_random_seed(5)
    image = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="image")
    output = layers.Dense(CLASSES, name="output")(body(layers.Rescaling(1 / 255)(image)))
    model = keras.Model([image], output)
    model.compile(
        optimizer or keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


def plan(executor: str = "xla", epochs: int = 1, batch_size: int = BATCH, seed: int = SEED) -> Plan:
    return Plan(epochs=epochs, batch_size=batch_size, seed=seed, executor=executor)


def fitted_by_keras(model: keras.Model, train: Arrays, batch_size: int = BATCH) -> dict[str, float]:
    """One epoch of plain `fit` over the batches that the engine makes; its logs."""
    order = order_of_epoch(SEED, 0, len(train))
    seed_layers(model, SEED, 0)
    history = model.fit(
        {name: array[order] for name, array in train.inputs.items()},
        train.targets[order],
        sample_weight=None if train.weights is None else train.weights[order],
        batch_size=batch_size,
        shuffle=False,
        verbose=0,
    )
    return {name: values[-1] for name, values in history.history.items()}


def assert_same_weights(model: keras.Model, other: keras.Model, tolerance: float) -> None:
    ours, theirs = get_weights(model), get_weights(other)
    assert ours.keys() == theirs.keys()
    for path in ours:
        np.testing.assert_allclose(ours[path], theirs[path], atol=tolerance, rtol=0, err_msg=path)


@pytest.mark.parametrize(
    ("body", "executor"),
    [
        (dense, "xla"),
        (dense, "graph"),
        (dense, "keras"),
        (dropout, "graph"),
        (dropout, "keras"),
        (batch_normalization, "xla"),
        (convolution, "graph"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_epoch_ends_in_the_weights_and_logs_of_fit(body: Callable[[Any], Any], executor: str) -> None:
    train = images(100)  # six full batches and a partial one
    # Not Adam: where a gradient is nearly zero, as before a normalization, it makes much of its last digit.
    model, reference = (classifier(body, keras.optimizers.SGD(0.05, momentum=0.9)) for _ in range(2))
    [logs] = fit(model, train, None, plan(executor))
    expected = fitted_by_keras(reference, train)
    assert_same_weights(model, reference, 1e-5)
    assert {name: logs[name] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_weights_of_examples_reach_the_loss_as_in_fit() -> None:
    train = images(80)
    weighted = Arrays(train.inputs, train.targets, np.linspace(0.1, 3.0, 80))
    model, reference, unweighted = classifier(), classifier(), classifier()
    fit(model, weighted, None, plan())
    fitted_by_keras(reference, weighted)
    assert_same_weights(model, reference, 1e-5)
    fit(unweighted, train, None, plan())
    assert np.abs(get_weights(model)["output/kernel"] - get_weights(unweighted)["output/kernel"]).max() > 1e-4


def table(examples: int = 70) -> Arrays:
    generator = np.random.default_rng(3)
    numbers = generator.normal(size=(examples, 3)).astype(np.float32)
    categories = generator.integers(0, 5, (examples, 2)).astype(np.int32)
    targets = (numbers[:, :1] + 0.3 * categories[:, :1] > 0.5).astype(np.float32)
    return Arrays({"numbers": numbers, "categories": categories}, targets)


def table_model() -> keras.Model:
    keras.utils.set_random_seed(2)
    numbers = keras.Input((3,), name="numbers")
    categories = keras.Input((2,), dtype="int32", name="categories")
    embedded = layers.Flatten()(layers.Embedding(5, 2, name="embedding")(categories))
    hidden = layers.Dense(4, activation="tanh", name="hidden")(layers.Concatenate()([numbers, embedded]))
    model = keras.Model([numbers, categories], layers.Dense(1, name="output")(hidden))
    model.compile(
        "rmsprop",
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.AUC(name="auc", from_logits=True),
            keras.metrics.Precision(name="precision", thresholds=0.0),
            keras.metrics.R2Score(name="r2_score"),
        ],
    )
    return model


def test_two_inputs_and_metrics_with_state_go_through_xla_as_through_fit() -> None:
    model, reference = table_model(), table_model()
    [logs] = fit(model, table(), None, plan())
    expected = fitted_by_keras(reference, table())
    assert_same_weights(model, reference, 1e-5)
    assert {name: logs[name] for name in expected} == pytest.approx(expected, abs=1e-4)


def test_the_logs_hold_what_fit_says_and_the_seconds() -> None:
    model = classifier()
    validation = images(50, seed=1)
    history = fit(model, images(), validation, plan(epochs=2))
    names = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "train_seconds"}
    assert [set(logs) for logs in history] == [names, names]
    assert history[0]["learning_rate"] == pytest.approx(0.01)
    assert 0 < history[0]["train_seconds"] < history[0]["seconds"]
    measured = model.evaluate(validation.inputs, validation.targets, verbose=0, return_dict=True)
    assert history[1]["val_loss"] == pytest.approx(measured["loss"], abs=1e-5)
    assert history[1]["val_accuracy"] == pytest.approx(measured["accuracy"])


@pytest.mark.parametrize(("body", "executor"), [(dense, "xla"), (dropout, "graph")], ids=["xla", "graph"])
def test_a_seed_repeats_a_training_to_the_bit_and_another_does_not(body: Callable[[Any], Any], executor: str) -> None:
    def trained(seed: int) -> np.ndarray:
        model = classifier(body)
        fit(model, images(), None, plan(executor, seed=seed))
        return get_weights(model)["output/kernel"]

    assert np.array_equal(trained(1), trained(1))
    assert not np.array_equal(trained(1), trained(2))


def test_the_length_of_the_chunks_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks: list[list[int]] = []

    def trained(chunk_seconds: float) -> dict[str, np.ndarray]:
        monkeypatch.setattr(data_pass, "Pace", lambda: Pace(chunk_seconds))
        model, ends = classifier(dropout), Ends()
        fit(model, images(200), None, plan("graph", epochs=2), [ends])
        chunks.append(ends.batches)
        return get_weights(model)

    single, several = trained(0.0), trained(1000.0)
    assert chunks[0] == [*range(13), *range(13)]
    assert chunks[1] == [0, 8, 11, 12, 11, 12]
    assert all(np.array_equal(single[path], several[path]) for path in single)


def test_where_a_chunk_begins_is_no_part_of_the_compiled_program() -> None:
    # Else XLA compiles again for each chunk of an epoch, until memory for code runs out.
    model, train = classifier(), images()
    compiled_loop.build(model, train)
    data, order = device_buffers.hold(train), tf.range(100)
    loop = compiled_loop.CompiledLoop(model, model.train_step, data, examples=100, batch_size=BATCH, jit_compile=True)

    def program(first: int, count: int) -> str:
        describe = loop._run.experimental_get_compiler_ir(data, order, tf.constant(first), tf.constant(count))
        return str(describe(stage="hlo"))

    assert program(0, 1) == program(48, 3)


class Ends(keras.callbacks.Callback):
    """Remembers the batches it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        assert {"loss", "accuracy"} <= set(logs)
        self.batches.append(batch)


def test_training_that_goes_on_at_an_epoch_sees_that_epochs_batches_and_dropout() -> None:
    whole, parts = classifier(dropout), classifier(dropout)
    fit(whole, images(), None, plan("graph", epochs=3))
    fit(parts, images(), None, plan("graph", epochs=1))
    fit(parts, images(), None, Plan(epochs=3, batch_size=BATCH, seed=SEED, executor="graph", start_epoch=1))
    assert_same_weights(whole, parts, 0.0)


@pytest.mark.parametrize("executor", ["xla", "keras"])
def test_early_stopping_ends_training_and_restores_the_best_weights(executor: str) -> None:
    model, validation = classifier(), images(60, seed=1)
    validation.targets[:] = np.roll(validation.targets, 1)  # what is learnt does not hold there
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    history = fit(model, images(), validation, plan(executor, epochs=40), [stopping])
    losses = [logs["val_loss"] for logs in history]
    best = int(np.argmin(losses))
    assert len(history) == best + 3 < 40
    measured = model.evaluate(validation.inputs, validation.targets, verbose=0, return_dict=True)
    assert measured["loss"] == pytest.approx(losses[best], rel=1e-4)


class Kernels(keras.callbacks.Callback):
    """Remembers the output kernel at the end of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen.append(get_weights(self.model)["output/kernel"])


@pytest.mark.parametrize("executor", ["xla", "graph", "keras"])
def test_averaged_weights_are_validated_and_kept_while_training_goes_on_from_the_last_step(executor: str) -> None:
    train, validation, share = images(BATCH), images(30, seed=1), 0.6
    plain, model = classifier(), classifier(optimizer=keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=share))
    steps, averages = Kernels(), Kernels()
    fit(plain, train, validation, plan(executor, epochs=4), [steps])
    history = fit(model, train, validation, plan(executor, epochs=4), [AveragedWeights(), averages])
    expected = steps.seen[0]
    for step, average in zip(steps.seen, averages.seen, strict=True):
        expected = share * expected + (1 - share) * step
        np.testing.assert_allclose(average, expected, atol=1e-6)
    np.testing.assert_array_equal(get_weights(model)["output/kernel"], averages.seen[-1])
    measured = model.evaluate(validation.inputs, validation.targets, verbose=0, return_dict=True)
    assert measured["loss"] == pytest.approx(history[-1]["val_loss"], rel=1e-4)


def test_the_learning_rate_is_reduced_inside_the_compiled_loop() -> None:
    model = classifier()
    reduction = keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=100.0)
    history = fit(model, images(), None, plan(epochs=3), [reduction])
    rates = [logs["learning_rate"] for logs in history]
    assert rates == pytest.approx([0.01, 0.01, 0.001])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0001)


@pytest.mark.parametrize("executor", ["xla", "graph", "keras"])
def test_a_loss_that_is_not_finite_ends_training_and_names_the_batch(executor: str) -> None:
    train = images()
    train.inputs["image"] = train.inputs["image"].astype(np.float32)
    train.inputs["image"][3] = np.nan
    keras.utils.set_random_seed(1)
    image = keras.Input((SIDE, SIDE, 1), name="image")
    model = keras.Model([image], layers.Dense(1)(layers.Flatten()(image)))
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(TrainingDivergedError, match=r"nan in epoch 1, batch \d+: the first layer") as caught:
        fit(model, train, None, plan(executor, epochs=2))
    assert "look for values in the data" in str(caught.value.hint)


def test_a_callback_can_stop_training_inside_an_epoch() -> None:
    class Stop(Ends):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            super().on_train_batch_end(batch, logs)
            self.model.stop_training = True

    stop = Stop()
    history = fit(classifier(), images(), None, plan(epochs=5), [stop])
    assert stop.batches == [0]
    assert len(history) == 1


def test_a_keyboard_interrupt_gets_out_of_a_long_epoch_and_leaves_usable_weights() -> None:
    model, train = classifier(), images(2000)
    started = threading.Event()

    class Start(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            started.set()

    def interrupt() -> None:
        started.wait(60)
        time.sleep(0.1)
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        fit(model, train, None, plan(epochs=1_000_000, batch_size=1), [Start()])
    thread.join()
    assert all(np.isfinite(array).all() for array in get_weights(model).values())
    assert int(model.optimizer.iterations) > 0
    assert predict(model, train.inputs).shape == (2000, CLASSES)


@pytest.mark.parametrize("batch_size", [100, 1000])
def test_one_batch_can_hold_all_examples(batch_size: int) -> None:
    model, reference = classifier(), classifier()
    fit(model, images(100), None, plan(batch_size=batch_size))
    fitted_by_keras(reference, images(100), batch_size)
    assert_same_weights(model, reference, 1e-5)
    assert int(model.optimizer.iterations) == 1


def test_predictions_do_not_depend_on_the_batches_and_leave_dropout_out() -> None:
    model, train = classifier(dropout), images(50)
    whole = predict(model, train.inputs)
    assert whole.shape == (50, CLASSES)
    np.testing.assert_allclose(predict(model, train.inputs, batch_size=7), whole, atol=1e-6)
    assert predict(model, {"image": train.inputs["image"][:0]}).shape == (0, CLASSES)
    with pytest.raises(DataError, match="image is missing"):
        predict(model, {"numbers": np.zeros((1, 2))})


def test_weights_go_into_a_rebuilt_model_and_not_into_another() -> None:
    model, rebuilt = classifier(batch_normalization), classifier(batch_normalization)
    fit(model, images(), None, plan())
    set_weights(rebuilt, get_weights(model))
    assert_same_weights(model, rebuilt, 0.0)
    weights = get_weights(model)
    kernel = weights.pop("dense_1/kernel")
    with pytest.raises(RunError, match="dense_1/kernel is missing; ghost is not in the model"):
        set_weights(rebuilt, weights | {"ghost": kernel})
    with pytest.raises(RunError, match=r"dense_1/kernel has shape \(2,\)"):
        set_weights(rebuilt, weights | {"dense_1/kernel": np.zeros(2)})
    assert_same_weights(model, rebuilt, 0.0)


def test_each_random_layer_has_a_stream_of_its_own_that_hangs_on_seed_and_epoch() -> None:
    model = classifier(dropout)

    def states(seed: int, epoch: int) -> list[tuple[int, ...]]:
        seed_layers(model, seed, epoch)
        return [tuple(keras.ops.convert_to_numpy(state).tolist()) for state in seed_states(model)]

    seen = [*states(1, 0), *states(1, 1), *states(2, 0)]
    assert len(seen) == len(set(seen)) == 6
    assert states(1, 0) == seen[:2]


def test_each_epoch_has_an_order_of_its_own() -> None:
    first = order_of_epoch(1, 0, 50)
    assert sorted(first) == list(range(50))
    assert np.array_equal(first, order_of_epoch(1, 0, 50))
    assert not np.array_equal(first, order_of_epoch(1, 1, 50))


def test_wrong_plans_and_arrays_are_refused() -> None:
    with pytest.raises(UsageError, match="auto"):
        plan("auto")
    with pytest.raises(UsageError, match="batch size of 0"):
        plan(batch_size=0)
    with pytest.raises(DataError, match="different lengths"):
        Arrays({"numbers": np.zeros((3, 1))}, np.zeros(4))
    with pytest.raises(DataError, match="no inputs"):
        Arrays({}, np.zeros(4))
