"""Members that share dense layers: shapes, losses, counts, reproducibility, and the model that is saved."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli import pipeline
from nncli.cli import app
from nncli.config.facts import CategoryColumn, DataFacts, NumberColumn, TableInput, Target, Task
from nncli.config.sections import Config
from nncli.config.stack import stack_layers
from nncli.console import Console

NUMBERS = tuple(NumberColumn(name=f"x{index}", mean=0.0, deviation=1.0, median=0.0) for index in range(3))
INPUTS = TableInput(numbers=NUMBERS, categories=(CategoryColumn(name="c", vocabulary=("a", "b")),))
TARGETS = {
    "regression": Target(task=Task.REGRESSION, columns=("y",), mean=(2.0,), deviation=(3.0,)),
    "positive_regression": Target(task=Task.POSITIVE_REGRESSION, columns=("y",), mean=(2.0,), deviation=(3.0,)),
    "binary": Target(task=Task.BINARY, columns=("y",), classes=("no", "yes"), class_counts=(2, 2)),
    "multiclass": Target(task=Task.MULTICLASS, columns=("y",), classes=("a", "b", "c")),
}
OUTPUTS = {
    "regression": ({"units": 1, "activation": "linear"}, "mean_squared_error"),
    "positive_regression": ({"units": 1, "activation": "relu"}, "mean_squared_error"),
    "binary": ({"units": 1, "activation": "sigmoid"}, "binary_crossentropy"),
    "multiclass": ({"units": 3, "activation": "softmax"}, "sparse_categorical_crossentropy"),
}
ROWS = {
    "numbers": np.random.default_rng(1).normal(size=(16, 3)).astype(np.float32),
    "categories": np.random.default_rng(2).integers(0, 3, (16, 1)).astype(np.int32),
}


def network(task: str, members: int = 4, layers: tuple[dict[str, Any], ...] = ()) -> tuple[Config, DataFacts]:
    output, loss = OUTPUTS[task]
    hidden = layers or ({"dense": {"units": 6}}, {"dense": {"units": 5, "activation": "tanh"}})
    config = Config.model_validate(
        {
            "data": {"source": "csv", "task": task},
            "model": {"members": members, "layers": [*hidden, {"dense": output}]},
            "loss": loss,
        }
    )
    return config, DataFacts(source="csv", inputs=INPUTS, target=TARGETS[task], rows={"train": 16})


def targets(task: str) -> np.ndarray:
    random = np.random.default_rng(3)
    if task == "multiclass":
        return random.integers(0, 3, 16).astype(np.int32)
    if task == "binary":
        return random.integers(0, 2, (16, 1)).astype(np.float32)
    return random.normal(2, 3, (16, 1)).astype(np.float32) ** 2


@pytest.mark.parametrize("task", OUTPUTS)
def test_it_answers_with_the_mean_and_trains_each_member_on_its_own_loss(task: str) -> None:
    from nncli.model import build, compile_model, make_loss

    config, facts = network(task)
    model = build(config, facts)
    compile_model(model, config, facts)
    each, mean = model(ROWS, training=True).numpy(), model(ROWS).numpy()
    units = facts.target.outputs
    assert each.shape == (16, 4, units) and mean.shape == (16, units)
    np.testing.assert_allclose(each.mean(axis=1), mean, rtol=1e-5, atol=1e-6)
    assert np.abs(each - each[:, :1]).max() > 1e-3, "the members differ from the start"
    loss = make_loss(config, facts)
    apart = [float(loss(targets(task), each[:, member])) for member in range(4)]
    together = float(model.compute_loss(x=ROWS, y=targets(task), y_pred=each, training=True))
    assert together == pytest.approx(np.mean(apart), rel=1e-5)
    assert float(model.compute_loss(x=ROWS, y=targets(task), y_pred=mean)) == pytest.approx(
        float(loss(targets(task), mean)), rel=1e-5
    )


@pytest.mark.parametrize("members", [2, 7])
@pytest.mark.parametrize(
    "layers",
    [
        (),
        ({"dropout": {"rate": 0.2}}, {"dense": {"units": 6, "use_bias": False}}, {"layer_normalization": {}}),
        ({"dense": {"units": 8}}, {"batch_normalization": {}}, {"activation": {"activation": "relu"}}),
    ],
    ids=["dense", "dropout first", "normalized"],
)
def test_parameters_are_counted_as_keras_counts_them(members: int, layers: tuple[dict[str, Any], ...]) -> None:
    from nncli.model import build

    config, facts = network("multiclass", members, layers)
    counted = sum(row.parameters for row in stack_layers(config, facts.inputs.shape))
    assert counted == build(config, facts).count_params()


def test_the_weights_depend_on_the_seed_alone_and_the_saved_model_needs_no_nncli(tmp_path: Path) -> None:
    import keras

    from nncli.engine.export import to_keras, to_tflite
    from nncli.model import build

    config, facts = network("binary")
    model, again = build(config, facts), build(config, facts)
    for first, second in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    path = tmp_path / "model.keras"
    path.write_bytes(to_keras(model))
    assert "nncli" not in json.dumps(keras.models.load_model(path).get_config())
    loaded = keras.models.load_model(path, safe_mode=True)
    np.testing.assert_array_equal(loaded(ROWS).numpy(), model(ROWS).numpy())
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=to_tflite(model))
    for detail in interpreter.get_input_details():
        interpreter.resize_tensor_input(detail["index"], [16, detail["shape"][1]])
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        rows = ROWS["numbers"] if detail["dtype"] == np.float32 else ROWS["categories"]
        interpreter.set_tensor(detail["index"], rows)
    interpreter.invoke()
    lite = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(lite, model(ROWS).numpy(), atol=1e-6)


def table(path: Path) -> Path:
    random = np.random.default_rng(4)
    values = random.normal(size=(200, 2)).round(3)
    rows = "".join(f"{a},{b},{int(a * b > 0)}\n" for a, b in values)
    (path / "t.csv").write_text("a,b,y\n" + rows)
    (path / "t.yaml").write_text(
        "data: {source: csv, path: t.csv, target: y, numbers: {encoding: piecewise_linear, bins: 8}}\n"
        "model: {members: 4, layers: [{dense: {units: 16}}, output]}\n"
        "optimizer: {name: adam, learning_rate: 0.01}\ntrain: {epochs: 12}\n"
    )
    return path / "t.yaml"


@pytest.mark.long
@pytest.mark.parametrize("executor", ["xla", "graph", "keras"])
def test_a_training_repeats_its_bits_and_learns_what_needs_both_columns(tmp_path: Path, executor: str) -> None:
    config = table(tmp_path)
    options = [(("train", "executor"), executor, "executor")]
    runs = [
        pipeline.train(
            str(config),
            folders=pipeline.Folders(tmp_path / name),
            console=Console(stderr=io.StringIO()),
            options=options,
        )
        for name in ("one", "two")
    ]
    first, second = (np.load(run.folder.path / "weights.npz") for run in runs)
    for name in first.files:
        np.testing.assert_array_equal(first[name], second[name])
    assert runs[0].summary["test"]["metrics"]["accuracy"] >= 0.75
    found = pipeline.evaluate(
        str(runs[0].folder.path), folders=pipeline.Folders(tmp_path / "one"), console=Console(stderr=io.StringIO())
    )
    assert found.result["metrics"]["accuracy"] == runs[0].summary["test"]["metrics"]["accuracy"]


def test_class_weights_and_the_gradient_check_know_members(tmp_path: Path) -> None:
    config, console = table(tmp_path), Console(stderr=io.StringIO())
    options = [(("train", "class_weight"), "balanced", "balanced"), (("train", "epochs"), 1, "1")]
    run = pipeline.train(str(config), folders=pipeline.Folders(tmp_path / "runs"), console=console, options=options)
    assert run.summary["epochs"] == 1
    outcome = typer.testing.CliRunner().invoke(app, ["gradcheck", str(config)])
    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data: {source: digits}\nmodel: {members: 4, layers: [{dense: {units: 4}}, output]}\n", "members: 1"),
        (
            "data: {source: iris}\nmodel: {members: 4, layers: [{reshape: {target_shape: [2, 2]}}, flatten, output]}\n",
            "reshape is not a layer that members can share",
        ),
    ],
)
def test_what_members_cannot_share_is_refused_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    from nncli.errors import ConfigError

    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        pipeline.check(str(path), folders=pipeline.Folders(tmp_path), console=Console(stderr=io.StringIO()))
    assert told in str(caught.value) and "[members]" in str(caught.value) and "c.yaml:2:" in str(caught.value)
