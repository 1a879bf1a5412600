"""Windows of streamed rows: every row once an epoch, the numbers of `model.fit` and of data in memory."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.engine.process import environment

environment.prepare(threads=2)

import keras  # noqa: E402

from nncli.engine.arrays import Arrays, Plan  # noqa: E402
from nncli.engine.loop import program  # noqa: E402
from nncli.engine.loop.training import fit  # noqa: E402
from nncli.engine.randomness import order_of_epoch  # noqa: E402
from nncli.engine.streaming.windows import Layout, Order  # noqa: E402
from nncli.errors import TrainingDivergedError  # noqa: E402

ROWS, COLUMNS, BATCH, SEED = 1_003, 5, 16, 3
ROW_BYTES = COLUMNS * 4 + 4


def table(rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(rows, COLUMNS)).astype(np.float32)
    return numbers, (numbers[:, :1] - numbers[:, 1:2] ** 2).astype(np.float32)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    folder: Path = tmp_path_factory.mktemp("arrays")
    numbers, targets = table()
    np.save(folder / "numbers.npy", numbers)
    np.save(folder / "targets.npy", targets)
    opened = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("numbers", "targets")]
    return Arrays({"numbers": opened[0]}, opened[1], streamed=True)


def model() -> Any:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((COLUMNS,), name="numbers")
    made = keras.Model([inputs], keras.layers.Dense(1)(keras.layers.Dense(4, activation="tanh")(inputs)))
    made.compile(optimizer=keras.optimizers.Adam(0.01), loss="mean_squared_error")
    return made


def trained(arrays: Arrays, validation: Arrays | None = None, **plan: Any) -> tuple[list[Any], list[Any]]:
    made = model()
    options = {"epochs": 2, "batch_size": BATCH, "seed": SEED, "executor": "graph", **plan}
    history = fit(made, arrays, validation, Plan(**options))
    return made.get_weights(), [{k: v for k, v in logs.items() if "seconds" not in k} for logs in history]


@pytest.mark.parametrize("rows", [7, 160, 1_000, 1_003])
def test_every_row_comes_once_an_epoch_in_another_order_each(rows: int) -> None:
    layout = Layout.of(rows, ROW_BYTES, BATCH, window_bytes=200 * ROW_BYTES)
    epochs = [
        np.concatenate([Order(layout, SEED, epoch).rows(window) for window in range(layout.windows)])
        for epoch in range(2)
    ]
    for order in epochs:
        assert np.array_equal(np.sort(order), np.arange(rows))
    assert not np.array_equal(*epochs)
    if layout.windows > 1:
        assert layout.rows % BATCH == 0
        first = Order(layout, SEED, 0).rows(0)
        assert first.max() - first.min() > rows / 2, "a window has rows from all over the data"


def test_where_all_rows_fit_one_window_the_order_is_that_of_data_in_memory() -> None:
    layout = Layout.of(ROWS, ROW_BYTES, BATCH, window_bytes=ROWS * ROW_BYTES)
    assert layout.windows == 1
    assert np.array_equal(Order(layout, SEED, 4).rows(0), order_of_epoch(SEED, 4, ROWS))


@pytest.mark.parametrize("executor", ["graph", "xla"])
def test_where_all_rows_fit_one_window_the_bits_are_those_of_data_in_memory(stored: Arrays, executor: str) -> None:
    numbers, targets = table()
    held = Arrays({"numbers": numbers}, targets)
    in_memory, logs = trained(held, held.take(np.arange(100)), executor=executor)
    streamed, streamed_logs = trained(stored, stored.take(np.arange(100)), executor=executor)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(streamed, in_memory, strict=True))
    assert streamed_logs == logs


@pytest.fixture
def many_windows(monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(program, "WINDOW_BYTES", 200 * ROW_BYTES)
    make = program.WindowedPass
    monkeypatch.setattr(
        program, "WindowedPass", lambda *given, **named: make(*given, **{**named, "window_bytes": 200 * ROW_BYTES})
    )
    return Layout.of(ROWS, ROW_BYTES, BATCH, 200 * ROW_BYTES)


def test_many_windows_give_the_weights_of_keras_on_the_same_batches(stored: Arrays, many_windows: Layout) -> None:
    assert many_windows.windows > 4
    validation = Arrays(stored.inputs, stored.targets, streamed=True)
    weights, logs = trained(stored, validation)
    numbers, targets = table()
    expected = model()
    for epoch in range(2):
        order = Order(many_windows, SEED, epoch)
        rows = np.concatenate([order.rows(window) for window in range(many_windows.windows)])
        for start in range(0, ROWS, BATCH):
            expected.train_on_batch(numbers[rows[start : start + BATCH]], targets[rows[start : start + BATCH]])
    for ours, theirs in zip(weights, expected.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-5)
    assert logs[-1]["val_loss"] == pytest.approx(expected.evaluate(numbers, targets, verbose=0), rel=1e-4)


def test_a_training_that_goes_on_in_the_second_epoch_has_its_windows(stored: Arrays, many_windows: Layout) -> None:
    once = model()
    plan = {"batch_size": BATCH, "seed": SEED, "executor": "graph"}
    fit(once, stored, None, Plan(epochs=2, **plan))
    twice = model()
    fit(twice, stored, None, Plan(epochs=1, **plan))
    fit(twice, stored, None, Plan(epochs=2, start_epoch=1, **plan))
    assert all(np.array_equal(*pair) for pair in zip(once.get_weights(), twice.get_weights(), strict=True))


def test_a_streamed_training_that_diverges_names_the_batch_of_the_row(many_windows: Layout) -> None:
    numbers, targets = table()
    bad = 700
    numbers[bad, 0] = np.inf
    order = Order(many_windows, SEED, 0)
    rows = np.concatenate([order.rows(window) for window in range(many_windows.windows)])
    batch = int(np.flatnonzero(rows == bad)[0]) // BATCH + 1
    with pytest.raises(TrainingDivergedError, match=rf"batch {batch}\b"):
        trained(Arrays({"numbers": numbers}, targets, streamed=True), epochs=1)
