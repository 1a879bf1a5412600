"""The pairing rules: what is refused, what is chosen, and that the reason and the fix are told with the place."""

from pathlib import Path

import pytest

from nncli.config.facts import DataFacts, ImageInput, NumberColumn, TableInput, Target, Task
from nncli.config.layers import Dense, Flatten
from nncli.config.loading import LoadedConfig, load_config
from nncli.config.rules import resolve
from nncli.config.sections import Config, to_mapping
from nncli.errors import ConfigError

TARGETS = {
    "multiclass": Target(task=Task.MULTICLASS, columns=("y",), classes=("a", "b", "c"), class_counts=(5, 3, 2)),
    "binary": Target(task=Task.BINARY, columns=("y",), classes=("no", "yes"), class_counts=(5, 5), mean=(0.5,)),
    "multilabel": Target(task=Task.MULTILABEL, columns=("p", "q", "r"), mean=(0.1, 0.5, 0.2)),
    "regression": Target(
        task=Task.REGRESSION, columns=("y",), minimum=(-3.0,), mean=(1.0,), median=(1.0,), deviation=(2.0,)
    ),
    "positive_regression": Target(
        task=Task.POSITIVE_REGRESSION, columns=("y",), minimum=(0.5,), mean=(1.0,), median=(1.0,), deviation=(2.0,)
    ),
}
COLUMNS = tuple(NumberColumn(name=name, mean=0.0, deviation=1.0, median=0.0) for name in "uvwx")


def facts(task: str, *, image: bool = False) -> DataFacts:
    inputs = ImageInput(height=8, width=8, channels=1, scale=1 / 16) if image else TableInput(numbers=COLUMNS)
    return DataFacts(source="test", inputs=inputs, target=TARGETS[task], rows={"train": 10})


def load(tmp_path: Path, output: str, loss: str | None = None, rest: str = "") -> LoadedConfig:
    path = tmp_path / "net.yaml"
    lines = ["data: {source: iris}", "model:", "  layers:", "    - dense: {units: 4}", f"    - {output}"]
    lines += [f"loss: {loss}"] if loss else []
    path.write_text("\n".join([*lines, rest, ""]))
    return load_config(str(path))


REFUSED = [
    # task, output layer, loss, rule
    ("multiclass", "dense: {units: 4, activation: softmax}", "sparse_categorical_crossentropy", "output-units"),
    ("multiclass", "dense: {units: 1, activation: softmax}", "sparse_categorical_crossentropy", "output-units"),
    ("binary", "dense: {units: 2, activation: softmax}", None, "output-units"),
    ("binary", "dense: {units: 1, activation: softmax}", None, "output-activation"),
    ("multilabel", "dense: {units: 2, activation: sigmoid}", None, "output-units"),
    ("multilabel", "dense: {units: 3, activation: softmax}", "binary_crossentropy", "output-activation"),
    ("regression", "dense: {units: 2, activation: linear}", None, "output-units"),
    ("multiclass", "dense: {units: 3, activation: sigmoid}", "sparse_categorical_crossentropy", "output-activation"),
    ("multiclass", "dense: {units: 3, activation: sigmoid}", "categorical_crossentropy", "output-activation"),
    (
        "multiclass",
        "dense: {units: 3, activation: softmax}",
        "{name: sparse_categorical_crossentropy, from_logits: true}",
        "logits-twice",
    ),
    (
        "binary",
        "dense: {units: 1, activation: sigmoid}",
        "{name: binary_crossentropy, from_logits: true}",
        "logits-twice",
    ),
    ("regression", "dense: {units: 1, activation: linear}", "{name: huber, from_logits: true}", "logits-twice"),
    ("multiclass", "dense: {units: 3, activation: linear}", "sparse_categorical_crossentropy", "logits-missing"),
    ("multiclass", "dense: {units: 3, activation: relu}", "sparse_categorical_crossentropy", "logits-missing"),
    ("binary", "dense: {units: 1, activation: linear}", "binary_crossentropy", "logits-missing"),
    ("binary", "dense: {units: 1, activation: relu}", "binary_crossentropy", "logits-missing"),
    ("multiclass", "dense: {units: 3, activation: softmax}", "mean_squared_error", "loss-task"),
    ("binary", "dense: {units: 1, activation: sigmoid}", "sparse_categorical_crossentropy", "loss-task"),
    ("regression", "dense: {units: 1, activation: linear}", "binary_crossentropy", "loss-task"),
    ("regression", "dense: {units: 1, activation: relu}", "mean_squared_error", "target-sign"),
    ("regression", "dense: {units: 1, activation: sigmoid}", None, "output-activation"),
    ("positive_regression", "dense: {units: 1, activation: softmax}", None, "output-activation"),
    ("multiclass", "flatten", None, "output-layer"),
]


@pytest.mark.parametrize(("task", "output", "loss", "rule"), REFUSED)
def test_a_pairing_that_cannot_work_is_refused_with_its_rule_and_place(
    tmp_path: Path, task: str, output: str, loss: str | None, rule: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(load(tmp_path, output, loss), facts(task))
    assert any(problem.endswith(f"[{rule}]") for problem in caught.value.problems), caught.value.problems
    assert all(f"{tmp_path}/net.yaml:" in problem for problem in caught.value.problems)


RIGHT = [
    ("multiclass", "dense: {units: 3, activation: softmax}", "sparse_categorical_crossentropy"),
    ("multiclass", "dense: {units: 3, activation: softmax}", "categorical_crossentropy"),
    (
        "multiclass",
        "dense: {units: 3, activation: linear}",
        "{name: sparse_categorical_crossentropy, from_logits: true}",
    ),
    ("binary", "dense: {units: 1, activation: sigmoid}", "binary_crossentropy"),
    ("binary", "dense: {units: 1, activation: linear}", "{name: binary_crossentropy, from_logits: true}"),
    ("multilabel", "dense: {units: 3, activation: sigmoid}", "binary_crossentropy"),
    ("multilabel", "dense: {units: 3, activation: linear}", "{name: binary_crossentropy, from_logits: true}"),
    ("regression", "dense: {units: 1, activation: linear}", "mean_squared_error"),
    ("regression", "dense: {units: 1, activation: linear}", "huber"),
    ("positive_regression", "dense: {units: 1, activation: relu}", "mean_squared_error"),
]


@pytest.mark.parametrize(("task", "output", "loss"), RIGHT)
def test_every_right_row_of_the_table_passes_in_silence(tmp_path: Path, task: str, output: str, loss: str) -> None:
    _, warnings = resolve(load(tmp_path, output, loss), facts(task))
    assert warnings == []


CHOSEN = [
    # task, loss that is given, then: units, activation, loss, from_logits, metric
    ("multiclass", None, 3, "softmax", "sparse_categorical_crossentropy", False, "accuracy"),
    ("binary", None, 1, "sigmoid", "binary_crossentropy", False, "accuracy"),
    ("multilabel", None, 3, "sigmoid", "binary_crossentropy", False, "accuracy"),
    ("regression", None, 1, "linear", "mean_squared_error", False, "mean_absolute_error"),
    ("positive_regression", None, 1, "relu", "mean_squared_error", False, "mean_absolute_error"),
    (
        "multiclass",
        "{name: sparse_categorical_crossentropy, from_logits: true}",
        3,
        "linear",
        "sparse_categorical_crossentropy",
        True,
        "accuracy",
    ),
]


@pytest.mark.parametrize(("task", "loss", "units", "activation", "chosen", "from_logits", "metric"), CHOSEN)
def test_what_is_left_out_is_chosen_from_the_task(
    tmp_path: Path,
    task: str,
    loss: str | None,
    units: int,
    activation: str,
    chosen: str,
    from_logits: bool,
    metric: str,
) -> None:
    config, _ = resolve(load(tmp_path, "output", loss), facts(task))
    output = config.model.layers[-1]
    assert isinstance(output, Dense) and (output.units, output.activation) == (units, activation)
    assert config.loss is not None and (config.loss.name, config.loss.from_logits) == (chosen, from_logits)
    assert config.metrics == (metric,)
    assert config.data.task == task


def test_a_linear_output_without_a_loss_gets_one_from_logits(tmp_path: Path) -> None:
    config, _ = resolve(load(tmp_path, "dense: {units: 3, activation: linear}"), facts("multiclass"))
    assert config.loss is not None and config.loss.from_logits


def test_a_flatten_is_put_before_the_first_dense_layer_of_an_image(tmp_path: Path) -> None:
    config, _ = resolve(load(tmp_path, "output"), facts("multiclass", image=True))
    assert [type(layer) for layer in config.model.layers] == [Flatten, Dense, Dense]
    again, _ = resolve(LoadedConfig(config, load(tmp_path, "output").document), facts("multiclass", image=True))
    assert again == config


def test_a_layer_that_cannot_take_its_input_is_named(tmp_path: Path) -> None:
    loaded = load(tmp_path, "output")
    path = tmp_path / "net.yaml"
    path.write_text(path.read_text().replace("dense: {units: 4}", "conv2d: {filters: 4}"))
    with pytest.raises(
        ConfigError, match=r"net\.yaml:4:7  model\.layers\[0\]: conv2d takes \(height, width, channels\)"
    ):
        resolve(load_config(str(path)), facts("multiclass"))
    path.write_text(path.read_text().replace("{filters: 4}", "{filters: 4, kernel_size: 9}"))
    with pytest.raises(ConfigError, match=r"window of \(9, 9\) on an image of \(8, 8\)"):
        resolve(load_config(str(path)), facts("multiclass", image=True))
    assert loaded.config.name == "net"


@pytest.mark.parametrize(
    ("task", "rest", "rule"),
    [
        ("multiclass", "metrics: [mean_absolute_error]", "metric-task"),
        ("regression", "metrics: [accuracy]", "metric-task"),
        ("multiclass", "metrics: [auc]", "metric-task"),
        ("multiclass", "train: {early_stopping: {monitor: val_auc}}", "monitor"),
        ("multiclass", "train: {reduce_lr_on_plateau: {monitor: val_los}}", "monitor"),
        ("regression", "train: {class_weight: balanced}", "class-weight"),
        ("multiclass", "train: {class_weight: {d: 2.0}}", "class-weight"),
    ],
)
def test_metrics_monitors_and_class_weights_have_to_exist(tmp_path: Path, task: str, rest: str, rule: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(load(tmp_path, "output", None, rest), facts(task))
    assert [problem.rpartition("[")[2] for problem in caught.value.problems] == [f"{rule}]"]


def test_a_warning_says_its_rule_and_can_be_silenced_by_it(tmp_path: Path) -> None:
    output, loss = "dense: {units: 1, activation: sigmoid}", "mean_squared_error"
    _, warnings = resolve(load(tmp_path, output, loss), facts("binary"))
    assert len(warnings) == 1 and warnings[0].endswith("[loss-task]")
    _, silenced = resolve(load(tmp_path, output, loss, "silence: [loss-task]"), facts("binary"))
    assert silenced == []


def test_a_resolved_config_is_a_valid_config(tmp_path: Path) -> None:
    config, _ = resolve(load(tmp_path, "output"), facts("multiclass", image=True))
    assert Config.model_validate(to_mapping(config)) == config
