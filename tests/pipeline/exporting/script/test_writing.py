"""Scripts: for every shipped config, the same rows, the same network, and an epoch that runs without nncli."""

import ast
import contextlib
import functools
import io
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_names
from nncli.config.sections import Config
from nncli.console import Console
from nncli.data.dataset import Dataset, Part
from nncli.engine.process import environment
from nncli.errors import ExportError
from nncli.pipeline.exporting.script.calls import WIDTH
from nncli.pipeline.exporting.script.writing import write_script
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import prepare
from nncli.pipeline.weights import npz_bytes

environment.prepare(threads=2)

import keras  # noqa: E402

from nncli.engine.prediction import predict  # noqa: E402
from nncli.model import build  # noqa: E402

MNIST = ("data.source=digits", "data.fallback=null")
PATCHES = "model.layers[0].patches.patch_size=4"
# Trained exactly as users do, with all that Keras compiles: a dense, a convolutional and a recurrent network.
AS_USERS = ("digits_softmax", "mnist_cnn", "digits_recurrent")
# A layer of each kind that no shipped config has.
LAYERS = """
model:
  layers:
    - random_flip: {mode: both}
    - random_translation
    - random_zoom: {height_factor: 0.2}
    - random_rotation: {factor: 0.05}
    - conv2d: {filters: 4, kernel_size: [3, 2], strides: 2, padding: same, kernel_regularizer: {l2: 0.01}}
    - separable_conv2d: {filters: 6, padding: same, kernel_initializer: he_normal, kernel_regularizer: {l1: 0.1}}
    - batch_normalization: {momentum: 0.9}
    - residual:
        projection: true
        layers:
          - conv2d: {filters: 8, strides: 2, padding: same}
          - residual: {layers: [{depthwise_conv2d: {padding: same, activation: linear}}]}
          - group_normalization: {groups: 4}
    - gaussian_noise: {stddev: 0.1}
    - average_pooling2d: {pool_size: [1, 2]}
    - reshape: {target_shape: [2, 8]}
    - conv1d: {filters: 8, padding: causal, use_bias: false}
    - multi_head_attention: {num_heads: 2, key_dim: 4, dropout: 0.1}
    - residual: {projection: true, layers: [{conv1d: {filters: 12, padding: same}}]}
    - lstm: {units: 6, return_sequences: true, kernel_regularizer: {l2: 0.01}}
    - max_pooling1d
    - activation: {activation: tanh}
    - global_max_pooling1d
    - residual: {projection: true, layers: [{dense: {units: 12}}]}
    - dropout: {rate: 0.2}
    - output
"""
LEVELS = """
model:
  layers:
    - reshape: {target_shape: [64]}
    - embedding: {input_dim: 17, output_dim: 3}
    - global_average_pooling1d
    - output
"""
TABLE = "kind,word,size,flat,grown\n" + "".join(
    f"{('', 'a', 'b')[i % 3]},w{i % 19},{'' if i % 7 == 0 else i * 10},5,{'yes' if i % 4 else 'no'}\n"
    for i in range(120)
)


def prepared(name: str, *assignments: str) -> tuple[Config, Dataset]:
    quiet = Console(stdout=io.StringIO(), stderr=io.StringIO())
    made = prepare(load_config(name, assignments), Folders(), quiet)
    return made.config, made.dataset


def written(text: str, folder: Path, *assignments: str) -> tuple[Config, Dataset]:
    (folder / "own.yaml").write_text(text)
    return prepared(str(folder / "own.yaml"), *assignments)


def shipped(name: str) -> tuple[Config, Dataset]:
    """MNIST's networks on the bundled digits, which take a tenth of the time."""
    extra = (*MNIST, *([PATCHES] if name == "mnist_vit" else [])) if name.startswith("mnist") else ()
    return prepared(name, *extra)


def load_script(config: Config, dataset: Dataset, folder: Path) -> tuple[Any, str]:
    """The script as a module, in a process where nncli cannot have helped it."""
    script = write_script(config, dataset, name="lone", monitor="val_loss", mode="min")
    (folder / script.file).write_bytes(npz_bytes(script.arrays))
    module = types.ModuleType("lone")
    module.__file__ = str(folder / "lone.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["lone.py", "1"])
        exec(compile(script.text, "lone.py", "exec"), module.__dict__)
    return module, script.text


def make_model(module: Any, text: str, config: Config, facts: DataFacts, data: Any) -> keras.Model:
    x, y = data[0]
    options: list[Any] = [] if isinstance(facts.inputs, ImageInput) else [x]
    if facts.target.task is Task.POSITIVE_REGRESSION:
        options.append(np.asarray(y, np.float64).mean(axis=0) / np.asarray(y, np.float64).std(axis=0))
    return module.make_model(*options)


def compare_network(module: Any, text: str, config: Config, dataset: Dataset, data: Any) -> None:
    """The same weights in the same places give the same predictions, up to the scale of the target."""
    own, theirs = build(config, dataset.facts), make_model(module, text, config, dataset.facts, data)
    generator = np.random.default_rng(0)
    weights = [generator.uniform(0.1, 0.5, weight.shape) for weight in own.weights]
    assert [weight.shape for weight in theirs.weights] == [weight.shape for weight in own.weights]
    own.set_weights(weights)
    theirs.set_weights(weights)
    inputs = {name: array[:50] for name, array in dataset.test.inputs.items()}
    found = np.asarray(theirs(inputs if len(inputs) > 1 else next(iter(inputs.values())), training=False))
    target = dataset.facts.target
    if target.task.is_regression:
        found = found * np.array(target.deviation) + (0 if target.task is Task.POSITIVE_REGRESSION else target.mean)
    expected = predict(own, inputs)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5 * max(1.0, float(np.abs(expected).max())))


def compare_rows(data: Any, dataset: Dataset) -> None:
    parts: tuple[Part, ...] = (dataset.train, dataset.validation, dataset.test)
    for (x, y), part in zip(data, parts, strict=True):
        arrays = x if isinstance(x, dict) else dict.fromkeys(part.inputs, x)
        assert set(arrays) == set(part.inputs)
        for name, array in part.inputs.items():
            assert arrays[name].dtype == array.dtype
            np.testing.assert_array_equal(arrays[name], array)
        np.testing.assert_array_equal(np.reshape(y, part.targets.shape), part.targets)


def check_text(text: str, most: int) -> None:
    imported = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    imported |= {a.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for a in node.names}
    known = {"sys", "pathlib", "keras", "numpy", "sklearn", "sklearn.datasets", "scipy.special", "tensorflow"}
    known |= {"tensorflow_datasets"}
    assert imported <= known
    for name in imported & {"numpy", "scipy.special"}:
        assert {"numpy": "np.", "scipy.special": "(model.predict"}[name] in text, f"{name} is not used"
    assert max(map(len, text.splitlines())) <= WIDTH
    assert len(text.splitlines()) <= most


@contextlib.contextmanager
def traced_once() -> Iterator[None]:
    """Keras trains without XLA, and makes all variables before it traces the step, which it else does twice."""
    compile_model, fit = keras.Model.compile, keras.Model.fit

    def build_and_fit(self: keras.Model, *data: Any, **options: Any) -> Any:
        self._symbolic_build(data_batch=getattr(data[0], "element_spec", data))
        return fit(self, *data, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "compile", functools.partialmethod(compile_model, jit_compile=False))
        patch.setattr(keras.Model, "fit", build_and_fit)
        yield


def run_an_epoch(module: Any, capsys: pytest.CaptureFixture[str], *, as_users: bool = False) -> dict[str, float]:
    assert module.EPOCHS == 1
    with contextlib.nullcontext() if as_users else traced_once():
        module.main()
    lines = capsys.readouterr().out.splitlines()
    # The last lines; Keras writes its own before them.
    return {line.split()[0]: float(line.split()[1]) for line in lines if len(line.split()) == 2 and line[0].isalpha()}


@pytest.mark.long
@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_config_is_one_short_script_that_trains_the_same_network_on_the_same_rows(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, dataset = shipped(name)
    module, text = load_script(config, dataset, tmp_path)
    check_text(text, most=104 if name == "mnist_vit" else 75)
    data = module.load_data()
    compare_rows(data, dataset)
    compare_network(module, text, config, dataset, data)
    metrics = run_an_epoch(module, capsys, as_users=name in AS_USERS)
    assert len(metrics) >= 2 and all(np.isfinite(value) for value in metrics.values())


@pytest.mark.parametrize("text", [LAYERS, LEVELS], ids=["layers", "levels"])
def test_every_layer_is_written_as_the_network_has_it(text: str, tmp_path: Path) -> None:
    config, dataset = written(f"data: {{source: digits}}\n{text}", tmp_path)
    module, script = load_script(config, dataset, tmp_path)
    compare_network(module, script, config, dataset, module.load_data())


@pytest.mark.parametrize("features", ["", ", features: [size, flat]", ", features: [kind, word]"])
def test_a_table_keeps_its_missing_numbers_and_its_categories(
    features: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    data_section = f"data: {{source: csv, path: table.csv, target: grown{features}}}\n"
    config, dataset = written(f"{data_section}model: {{layers: [{{dense: {{units: 4}}}}, output]}}\n", tmp_path)
    module, text = load_script(config, dataset, tmp_path)
    data = module.load_data()
    compare_rows(data, dataset)
    compare_network(module, text, config, dataset, data)
    assert set(run_an_epoch(module, capsys)) == {"accuracy", "log_loss", "auc"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("assignments", "line"),
    [
        (["train.class_weight=balanced"], "class_weight={0:"),
        (["train.batch_size=full"], ".batch(len(y_train))"),
        (["train.keep=last"], "validation_data=(x_validation, y_validation), verbose=2)"),
        (["train.early_stopping={monitor: val_accuracy, patience: 3}"], "patience=3, restore_best_weights=True"),
        (["train.reduce_lr_on_plateau={patience: 2}"], 'ReduceLROnPlateau("val_loss", factor=0.5, patience=2'),
        (["optimizer={name: sgd, momentum: 0.9, use_ema: true}"], "SwapEMAWeights(swap_on_epoch=True)"),
        (["optimizer.learning_rate={schedule: exponential, initial_learning_rate: 0.01}"], "ExponentialDecay(0.01, 41"),
        (
            ["optimizer.learning_rate={schedule: cosine, initial_learning_rate: 0.01, warmup_epochs: 2}"],
            "CosineDecay(0.0, 1148, warmup_target=0.01, warmup_steps=82)",
        ),
        (
            ["optimizer.learning_rate={schedule: piecewise, boundaries: [2], values: [0.1, 0.01]}"],
            "PiecewiseConstantDecay([81], [0.1, 0.01])",
        ),
        (["loss={name: categorical_crossentropy, label_smoothing: 0.1}"], "y_train = keras.utils.to_categorical"),
    ],
)
def test_the_options_of_a_training_are_written_and_run(
    assignments: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, dataset = prepared("softmax_regression", *assignments)
    module, text = load_script(config, dataset, tmp_path)
    assert line in text
    assert 0 < run_an_epoch(module, capsys)["log_loss"] < 4


def test_logits_are_measured_as_probabilities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logits = ("model.layers[1].dense.activation=linear", "loss.from_logits=true", "metrics=[accuracy, auc, recall]")
    config, dataset = prepared("binary", *logits)
    module, text = load_script(config, dataset, tmp_path)
    assert "expit(model.predict" in text and "from_logits=True" in text and "thresholds=0.0" in text
    assert 0 < run_an_epoch(module, capsys)["log_loss"] < 2


@pytest.mark.parametrize(
    ("name", "assignments"),
    [
        ("binary", ["model.members=4"]),
        ("binary", ["data.numbers={encoding: quantile, bins: 5}"]),
        ("binary", ["model.members=3", "data.numbers={encoding: piecewise_linear, bins: 4, with_standard: true}"]),
        ("positive_regression", ["model.members=3", "train.epochs=1", "optimizer.use_ema=true"]),
        ("linear_regression", ["model.members=2", "data.numbers={encoding: quantile, with_standard: true}"]),
    ],
)
def test_an_ensemble_and_the_encodings_of_numbers_are_written(
    name: str, assignments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, dataset = prepared(name, *assignments)
    module, text = load_script(config, dataset, tmp_path)
    check_text(text, most=110)
    compare_network(module, text, config, dataset, module.load_data())
    assert all(np.isfinite(value) for value in run_an_epoch(module, capsys).values())


def test_an_ensemble_of_classes_weighs_each_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    text = "data: {source: csv, path: table.csv, target: kind, drop: [word]}\nmodel: {members: 3, layers: [output]}\n"
    config, dataset = written(text, tmp_path, "train.class_weight=balanced")
    module, script = load_script(config, dataset, tmp_path)
    compare_network(module, script, config, dataset, module.load_data())
    assert 0 < run_an_epoch(module, capsys)["log_loss"] < 9


@pytest.mark.parametrize(
    ("assignments", "told"),
    [
        (
            ["optimizer.learning_rate={schedule: constant, initial_learning_rate: 0.1, warmup_epochs: 1}"],
            "the schedule constant",
        ),
    ],
)
def test_what_a_script_cannot_say_is_refused(assignments: list[str], told: str, tmp_path: Path) -> None:
    config, dataset = prepared("binary", *assignments)
    with pytest.raises(ExportError, match=told):
        load_script(config, dataset, tmp_path)


@pytest.mark.long
def test_mnist_is_read_row_by_row_as_nncli_does(
    shared_data: Path, mnist_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(mnist_cache))
    monkeypatch.setenv("TFDS_DATA_DIR", str(shared_data / "tfds"))
    config, dataset = prepared("mnist_softmax", "data.fallback=null")
    module, text = load_script(config, dataset, tmp_path)
    check_text(text, most=75)
    compare_rows(module.load_data(), dataset)
