"""The builder, its inputs and what is served: shapes, names, missing values, reproducibility, portability."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.config.facts import (
    CategoryColumn,
    DataFacts,
    ImageInput,
    NumberColumn,
    TableInput,
    Target,
    Task,
)
from nncli.config.layers import LAYERS, Output
from nncli.config.sections import Config

NUMBERS = (
    NumberColumn(name="age", mean=30.0, deviation=10.0, median=28.0, has_missing=True),
    NumberColumn(name="size in metres", mean=1e-9, deviation=2e-10, median=1e-9),
)
CATEGORIES = (
    CategoryColumn(name="colour", vocabulary=("blue", "green", "red")),
    CategoryColumn(name="town", vocabulary=tuple(f"town {index}" for index in range(20))),
)
ROWS = {
    "numbers": np.array([[np.nan, 1e-9], [40.0, np.nan], [20.0, 1.4e-9], [30.0, 0.8e-9]], "float32"),
    "categories": np.array([[0, 0], [1, 20], [3, 5], [2, 1]], "int32"),
}


def make_config(layers: list[Any], **sections: Any) -> Config:
    document = {"data": {"source": "digits"}, "model": {"layers": layers}, **sections}
    return Config.model_validate(document)


def make_facts(inputs: TableInput | ImageInput, target: Target) -> DataFacts:
    return DataFacts(source="test", inputs=inputs, target=target, rows={"train": 4})


def table_facts(target: Target) -> DataFacts:
    return make_facts(TableInput(numbers=NUMBERS, categories=CATEGORIES), target)


PRICE = Target(task=Task.REGRESSION, columns=("price",), mean=(100.0,), deviation=(10.0,))
DIGIT = Target(task=Task.MULTICLASS, columns=("digit",), classes=tuple("0123456789"))
IMAGES = ImageInput(height=8, width=8, channels=1, scale=1 / 16)


def regression() -> tuple[Config, DataFacts]:
    config = make_config(
        [{"dense": {"units": 6}}, {"dense": {"units": 1, "activation": "linear"}}],
        data={"source": "csv", "task": "regression"},
        loss="mean_squared_error",
    )
    return config, table_facts(PRICE)


def digits(**sections: Any) -> tuple[Config, DataFacts]:
    config = make_config(
        [
            {"conv2d": {"filters": 3}},
            "batch_normalization",
            "max_pooling2d",
            {"dropout": {"rate": 0.2}},
            "flatten",
            {"dense": {"units": 7}},
            "layer_normalization",
            {"dense": {"units": 10, "activation": "linear"}},
        ],
        data={"source": "digits", "task": "multiclass"},
        loss={"name": "sparse_categorical_crossentropy", "from_logits": True},
        **sections,
    )
    return config, make_facts(IMAGES, DIGIT)


def some_images(count: int = 5) -> dict[str, np.ndarray]:
    return {"image": np.random.default_rng(3).integers(0, 17, (count, 8, 8, 1)).astype("uint8")}


def to_tflite(model: Any) -> bytes:
    import tensorflow as tf

    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def test_the_builder_has_a_maker_for_every_layer_of_the_config_but_the_resolved_output() -> None:
    from nncli.model.layers.making import MAKERS

    assert set(MAKERS) == set(LAYERS.values()) - {Output}


def test_a_hidden_layer_without_an_activation_takes_the_one_of_the_model() -> None:
    from nncli.model import build

    config, facts = regression()
    config = config.model_copy(update={"model": config.model.model_copy(update={"hidden_activation": "sigmoid"})})

    model = build(config, facts)

    assert model.get_layer("dense_1").activation.__name__ == "sigmoid"
    assert model.get_layer("output").activation.__name__ == "linear"


def test_names_and_paths_of_weights_do_not_change_when_a_model_is_built_again() -> None:
    from nncli.model import build

    first, second = (build(*digits()) for _ in range(2))

    paths = [weight.path for weight in first.weights]
    assert paths == [weight.path for weight in second.weights]
    assert len(set(paths)) == len(paths)
    assert [path for path in paths if path.startswith(("conv2d", "dense", "output"))] == [
        "conv2d_1/kernel",
        "conv2d_1/bias",
        "dense_1/kernel",
        "dense_1/bias",
        "output/kernel",
        "output/bias",
    ]


def test_starting_weights_hang_on_the_seed_of_the_config_alone() -> None:
    import keras

    from nncli.model import build

    config, facts = digits()
    keras.utils.set_random_seed(1)
    first = build(config, facts).get_weights()
    keras.utils.set_random_seed(2)
    second = build(config, facts).get_weights()
    other = build(config.model_copy(update={"seed": 7}), facts).get_weights()

    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_two_layers_of_one_shape_do_not_start_with_the_same_weights() -> None:
    from nncli.model import build

    config, facts = regression()
    layers = [{"dense": {"units": 6}}] * 3 + [{"dense": {"units": 1, "activation": "linear"}}]
    config = make_config(layers, data={"source": "csv", "task": "regression"}, loss="mean_squared_error")

    model = build(config, facts)

    second, third = (model.get_layer(name).kernel.numpy() for name in ("dense_2", "dense_3"))
    assert not np.array_equal(second, third)


def test_a_rebuilt_model_with_the_saved_weights_gives_the_same_bits() -> None:
    from nncli.model import build

    config, facts = regression()
    first = build(config, facts)
    generator = np.random.default_rng(0)
    first.set_weights([generator.normal(size=weight.shape) for weight in first.weights])
    facts_from_file = DataFacts.model_validate_json(facts.model_dump_json())

    second = build(config, facts_from_file)
    second.set_weights(first.get_weights())

    assert np.array_equal(first.predict(ROWS, verbose=0), second.predict(ROWS, verbose=0))


def test_columns_enter_as_numbers_then_indicators_then_categories() -> None:
    import keras

    from nncli.model.inputs import make_inputs

    inputs, tensor = make_inputs(table_facts(PRICE))
    encoder = keras.Model(list(inputs.values()), tensor)

    rows = encoder.predict(ROWS, verbose=0)

    assert rows.shape == (4, *table_facts(PRICE).inputs.shape)
    assert rows[:, 0] == pytest.approx([-0.2, 1.0, -1.0, 0.0], abs=1e-6)  # row 0: (28 - 30) / 10, the median
    assert rows[:, 1] == pytest.approx([0.0, 0.0, 2.0, -1.0], abs=1e-5)  # tiny numbers keep their size
    assert rows[:, 2].tolist() == [1.0, 0.0, 0.0, 0.0]  # age is missing in row 0
    assert rows[:, 3:6].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert rows[0, 6:].tolist() == [0.0] * CATEGORIES[1].width  # unseen, before any training
    assert np.abs(rows[1:, 6:]).max() > 0


@pytest.mark.parametrize(("numbers", "categories"), [(NUMBERS[:1], ()), ((), CATEGORIES[:1]), (NUMBERS[1:], ())])
def test_a_table_may_have_only_numbers_or_only_categories(
    numbers: tuple[NumberColumn, ...], categories: tuple[CategoryColumn, ...]
) -> None:
    from nncli.model import build

    config, _ = regression()
    facts = make_facts(TableInput(numbers=numbers, categories=categories), PRICE)
    model = build(config, facts)
    full = {"numbers": np.full((3, len(numbers)), np.nan, "float32"), "categories": np.zeros((3, 1), "int32")}
    rows = {tensor.name: full[tensor.name] for tensor in model.inputs}

    assert len(rows) == 1
    assert np.isfinite(model.predict(rows, verbose=0)).all()


def test_regression_outputs_come_in_the_units_of_each_target() -> None:
    from nncli.model import build

    target = Target(task=Task.REGRESSION, columns=("a", "b"), mean=(100.0, -3.0), deviation=(10.0, 0.5))
    layers = [{"dense": {"units": 2, "activation": "linear", "kernel_initializer": "zeros"}}]
    data = {"source": "csv", "task": "regression"}

    scaled = build(make_config(layers, data=data), table_facts(target)).predict(ROWS, verbose=0)
    plain = build(make_config(layers, data={**data, "scale_target": False}), table_facts(target))

    assert scaled == pytest.approx(np.tile([100.0, -3.0], (4, 1)))
    assert plain.predict(ROWS, verbose=0) == pytest.approx(np.zeros((4, 2)))
    assert "target_scale" not in [layer.name for layer in plain.layers]


def test_a_positive_regression_starts_at_the_mean_and_never_goes_below_zero() -> None:
    from nncli.model import build

    target = Target(task=Task.POSITIVE_REGRESSION, columns=("price",), mean=(400.0,), deviation=(100.0,))
    layers = [{"dense": {"units": 1, "activation": "relu"}}]
    model = build(make_config(layers, data={"source": "csv", "task": "positive_regression"}), table_facts(target))
    kernel, bias = model.get_layer("output").get_weights()
    output = model.get_layer("output")

    output.set_weights([np.zeros_like(kernel), bias])
    start = model.predict(ROWS, verbose=0)
    output.set_weights([kernel, bias - 100.0])
    below = model.predict(ROWS, verbose=0)

    assert start == pytest.approx(np.full((4, 1), 400.0))
    assert below == pytest.approx(np.zeros((4, 1)))


def test_serving_adds_softmax_to_multiclass_logits_and_nothing_to_probabilities() -> None:
    from nncli.model import build, serving

    config, facts = digits()
    model = build(config, facts)
    logits = model.predict(some_images(), verbose=0)

    probabilities = serving(model, config).predict(some_images(), verbose=0)

    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert probabilities == pytest.approx(exponentials / exponentials.sum(axis=1, keepdims=True), abs=1e-6)
    layers = [{"flatten": None}, {"dense": {"units": 10, "activation": "softmax"}}]
    softmax = make_config(layers, data=config.data.model_dump(), loss="sparse_categorical_crossentropy")
    plain = build(softmax, facts)
    assert np.array_equal(
        serving(plain, softmax).predict(some_images(), verbose=0), plain.predict(some_images(), verbose=0)
    )


@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_serving_adds_a_sigmoid_to_logits_of_labels(task: str) -> None:
    from nncli.model import build, serving

    target = Target(task=Task(task), columns=("a",), classes=("no", "yes") if task == "binary" else ("a",))
    config = make_config(
        [{"dense": {"units": 1, "activation": "linear"}}],
        data={"source": "csv", "task": task},
        loss={"name": "binary_crossentropy", "from_logits": True},
    )
    model = build(config, table_facts(target))
    logits = model.predict(ROWS, verbose=0)

    assert serving(model, config).predict(ROWS, verbose=0) == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)


def test_serving_leaves_the_values_of_a_regression_alone() -> None:
    from nncli.model import build, serving

    config, facts = regression()
    model = build(config, facts)

    assert np.array_equal(serving(model, config).predict(ROWS, verbose=0), model.predict(ROWS, verbose=0))


def test_a_saved_model_is_loaded_and_used_in_a_process_that_does_not_know_nncli(tmp_path: Path) -> None:
    from nncli.model import build, compile_model, serving

    config, facts = regression()
    model = build(config, facts)
    compile_model(model, config, facts)
    expected = model.predict(ROWS, verbose=0)
    serving(model, config).save(tmp_path / "model.keras")
    np.savez(tmp_path / "rows.npz", numbers=ROWS["numbers"], categories=ROWS["categories"])
    program = (
        "import sys, numpy as np, keras\n"
        "model = keras.saving.load_model('model.keras', safe_mode=True)\n"
        "np.save('outputs.npy', model.predict(dict(np.load('rows.npz')), verbose=0))\n"
        "sys.exit(any(name.startswith('nncli') for name in sys.modules))\n"
    )

    finished = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)

    assert finished.returncode == 0, finished.stderr
    assert np.array_equal(np.load(tmp_path / "outputs.npy"), expected)


def test_an_exported_table_model_agrees_on_missing_numbers_and_unseen_categories() -> None:
    from nncli.model import build, serving
    from nncli.runtime import Predictor

    config, facts = regression()
    model = serving(build(config, facts), config)

    outputs = Predictor(to_tflite(model)).predict(ROWS)

    assert outputs == pytest.approx(model.predict(ROWS, verbose=0), rel=1e-5)


def test_an_exported_image_model_agrees_on_raw_pixels() -> None:
    from nncli.model import build, serving
    from nncli.runtime import Predictor

    config, facts = digits()
    model = serving(build(config, facts), config)

    outputs = Predictor(to_tflite(model)).predict(some_images())

    assert outputs == pytest.approx(model.predict(some_images(), verbose=0), abs=1e-5)
