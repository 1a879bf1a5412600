"""The pairing rules: what is refused, what is chosen, and that the reason and the fix are told with the place."""

import inspect
import math
import re
from pathlib import Path
from types import ModuleType

import pytest

from nncli import data
from nncli.config import rules
from nncli.config.facts import DataFacts, ImageInput, NumberColumn, TableInput, Target, Task
from nncli.config.layers import Dense, Flatten
from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.config.reading.shipped import shipped_names
from nncli.config.rules import find, loss, network, output, resolve, targets, training, unapplied_rules, workers
from nncli.config.rules.explanations import read_explanations, read_verdicts
from nncli.config.sections import Config, to_mapping
from nncli.errors import ConfigError

DATA = Path(data.__file__).parent
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
    return DataFacts(source="iris", inputs=inputs, target=TARGETS[task], rows={"train": 10})


def load(
    tmp_path: Path, output: str, loss: str | None = None, rest: str = "", hidden: str = "dense: {units: 4}"
) -> LoadedConfig:
    path = tmp_path / "net.yaml"
    lines = ["data: {source: iris}", "model:", "  layers:", f"    - {hidden}", f"    - {output}"]
    lines += [f"loss: {loss}"] if loss else []
    path.write_text("\n".join([*lines, rest, ""]))
    return load_config(str(path))


REFUSED = [
    # task, output layer, loss, rule
    ("multiclass", "dense: {units: 4, activation: softmax}", "sparse_categorical_crossentropy", "output-units"),
    ("multiclass", "dense: {units: 1, activation: softmax}", "sparse_categorical_crossentropy", "output-units"),
    ("binary", "dense: {units: 2, activation: softmax}", None, "output-units"),
    ("multiclass", "dense: {units: 1, activation: softmax}", None, "softmax-one-unit"),
    ("binary", "dense: {units: 1, activation: softmax}", None, "softmax-one-unit"),
    ("multilabel", "dense: {units: 2, activation: sigmoid}", None, "output-units"),
    ("multilabel", "dense: {units: 3, activation: softmax}", "binary_crossentropy", "softmax-multilabel"),
    ("regression", "dense: {units: 2, activation: linear}", None, "output-units"),
    ("multiclass", "dense: {units: 3, activation: sigmoid}", "sparse_categorical_crossentropy", "sigmoid-exclusive"),
    ("multiclass", "dense: {units: 3, activation: sigmoid}", "categorical_crossentropy", "sigmoid-exclusive"),
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
    ("multiclass", "dense: {units: 3, activation: softmax}", "mean_squared_error", "loss-class-ids"),
    ("binary", "dense: {units: 1, activation: sigmoid}", "sparse_categorical_crossentropy", "loss-task"),
    ("regression", "dense: {units: 1, activation: linear}", "binary_crossentropy", "loss-task"),
    ("binary", "dense: {units: 1, activation: linear}", "mean_squared_error", "metric-threshold"),
    ("multilabel", "dense: {units: 3, activation: relu}", "huber", "metric-threshold"),
    (
        "multiclass",
        "dense: {units: 3, activation: softmax}",
        "{name: sparse_categorical_crossentropy, label_smoothing: 0.1}",
        "loss-option",
    ),
    ("regression", "dense: {units: 1, activation: linear}", "{name: mean_squared_error, delta: 2.0}", "loss-option"),
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
        ("multiclass", "silence: [hidden-linaer]", "silence"),
        ("multiclass", "silence: [logits-twice]", "silence"),
    ],
)
def test_metrics_monitors_and_class_weights_have_to_exist(tmp_path: Path, task: str, rest: str, rule: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(load(tmp_path, "output", None, rest), facts(task))
    assert [problem.rpartition("[")[2] for problem in caught.value.problems] == [f"{rule}]"]


def test_a_warning_says_its_rule_and_can_be_silenced_by_it(tmp_path: Path) -> None:
    output, loss = "dense: {units: 1, activation: sigmoid}", "mean_squared_error"
    _, warnings = resolve(load(tmp_path, output, loss), facts("binary"))
    assert len(warnings) == 1 and warnings[0].endswith("[mse-probabilities]")
    _, silenced = resolve(load(tmp_path, output, loss, "silence: [mse-probabilities]"), facts("binary"))
    assert silenced == []


def test_a_resolved_config_is_a_valid_config(tmp_path: Path) -> None:
    config, _ = resolve(load(tmp_path, "output"), facts("multiclass", image=True))
    assert Config.model_validate(to_mapping(config)) == config


WARNED = [
    # task, hidden layers, output, loss, rest, rule
    ("binary", "dense: {units: 4}", "dense: {units: 1, activation: sigmoid}", "huber", "", "mse-probabilities"),
    ("multilabel", "dense: {units: 4}", "output", "mean_squared_error", "", "mse-probabilities"),
    ("positive_regression", "dense: {units: 4}", "dense: {units: 1, activation: linear}", None, "", "output-sign"),
    ("multiclass", "dense: {units: 4, activation: softmax}", "output", None, "", "hidden-softmax"),
    ("multiclass", "dense: {units: 4, activation: linear}", "output", None, "", "hidden-linear"),
    ("multiclass", "\n    - ".join(["dense: {units: 4, activation: sigmoid}"] * 6), "output", None, "", "deep-sigmoid"),
    ("regression", "dropout: {rate: 0.2}", "output", None, "", "dropout-regression"),
    ("multiclass", "dense: {units: 4}", "output", None, "optimizer: {name: adam, learning_rate: 1.0}", "learning-rate"),
    ("multiclass", "dense: {units: 4}", "output", None, "optimizer: {name: sgd, learning_rate: 1e-9}", "learning-rate"),
    ("multiclass", "dense: {units: 4}", "output", None, "train: {batch_size: 64}", "batch-size"),
]


@pytest.mark.parametrize(("task", "hidden", "output", "loss", "rest", "rule"), WARNED)
def test_what_trains_but_is_rarely_meant_is_warned_about_and_can_be_silenced(
    tmp_path: Path, task: str, hidden: str, output: str, loss: str | None, rest: str, rule: str
) -> None:
    _, warnings = resolve(load(tmp_path, output, loss, rest, hidden), facts(task))
    assert [warning.rpartition("[")[2] for warning in warnings] == [f"{rule}]"]
    _, silenced = resolve(load(tmp_path, output, loss, f"{rest}\nsilence: {rule}", hidden), facts(task))
    assert silenced == []


@pytest.mark.parametrize(
    "hidden",
    [
        "conv2d: {filters: 2, activation: linear}\n    - batch_normalization\n    - activation: {activation: relu}",
        "conv2d: {filters: 2, activation: linear}\n    - max_pooling2d",
        "dropout: {rate: 0.5}",
        "\n    - ".join(["dense: {units: 4, activation: sigmoid}"] * 5),
        "\n    - ".join(["dense: {units: 4, activation: sigmoid}", "batch_normalization"] * 6),
    ],
)
def test_usual_hidden_layers_pass_in_silence(tmp_path: Path, hidden: str) -> None:
    _, warnings = resolve(load(tmp_path, "output", hidden=hidden), facts("multiclass", image=True))
    assert warnings == []


def test_a_linear_hidden_activation_of_all_layers_is_told_once(tmp_path: Path) -> None:
    loaded = load(tmp_path, "output", hidden="\n    - ".join(["dense: {units: 4}"] * 3))
    config = loaded.config.model_copy(
        update={"model": loaded.config.model.model_copy(update={"hidden_activation": "linear"})}
    )
    _, warnings = resolve(LoadedConfig(config, loaded.document), facts("multiclass"))
    assert len(warnings) == 1 and "model.hidden_activation: " in warnings[0]


def changed(task: str, **update: object) -> DataFacts:
    """The facts of a task with something else in their target, or in themselves for `twins`."""
    known = facts(task)
    if "twins" in update:
        return known.model_copy(update=update)
    return known.model_copy(update={"target": known.target.model_copy(update=update)})


def test_what_the_data_says_of_the_target_is_warned_about(tmp_path: Path) -> None:
    for rest, known, rule in (
        ("", changed("regression", distinct=(2,)), "two-values"),
        ("", changed("multiclass", twins=("alive",)), "target-twin"),
        ("", changed("regression", deviation=(200.0,)), "target-scale"),
        ("", changed("multiclass", untested=("b",)), "class-untested"),
    ):
        loaded = load(tmp_path, "output", None, rest)
        section = loaded.config.data.model_copy(update={"scale_target": rule != "target-scale", "test": "test.csv"})
        loaded = LoadedConfig(loaded.config.model_copy(update={"data": section}), loaded.document)
        assert [warning.rpartition("[")[2] for warning in resolve(loaded, known)[1]] == [f"{rule}]"]
        small = section.model_copy(update={"scale_target": True, "test": None})
        quiet = LoadedConfig(loaded.config.model_copy(update={"data": small}), loaded.document)
        assert rule in ("two-values", "target-twin") or resolve(quiet, known)[1] == []


def test_a_twin_is_named_at_the_target_with_its_fix(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    load(tmp_path, "output")
    path.write_text(path.read_text().replace("{source: iris}", "{source: csv, path: x.csv, target: y}"))
    _, (warning,) = resolve(load_config(str(path)), changed("multiclass", twins=("alive",)))
    assert "net.yaml:1:34  data.target: " in warning and "data.drop: [alive]" in warning


def test_class_ids_with_a_gap_need_as_many_units_as_there_are_classes(tmp_path: Path) -> None:
    known = changed("multiclass", classes=("1", "2", "5"))
    with pytest.raises(ConfigError, match=r"go up to 5.*use units: 3 \[label-values\]"):
        resolve(load(tmp_path, "dense: {units: 6, activation: softmax}"), known)
    assert resolve(load(tmp_path, "dense: {units: 3, activation: softmax}"), known)[1] == []


def test_a_negative_target_under_a_relu_is_refused_also_for_a_positive_regression(tmp_path: Path) -> None:
    known = changed("positive_regression", minimum=(-2.0,))
    with pytest.raises(ConfigError, match=r"goes down to -2.*\[target-sign\]"):
        resolve(load(tmp_path, "dense: {units: 1, activation: relu}"), known)


def test_an_output_that_is_left_to_be_chosen_is_named_as_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"net\.yaml:5:16  model\.layers\[1\]\.output\.units: got 4"):
        resolve(load(tmp_path, "output: {units: 4}"), facts("multiclass"))


def test_without_data_the_rules_of_the_config_alone_are_applied(tmp_path: Path) -> None:
    loss = "{name: sparse_categorical_crossentropy, from_logits: true}"
    loaded = load(tmp_path, "dense: {units: 7, activation: softmax}", loss, "train: {class_weight: {nobody: 1.0}}")
    assert [finding.rule for finding in find(loaded, None)] == ["logits-twice"]
    assert {"output-units", "class-weight"} <= set(unapplied_rules())


def ids_in(*modules: ModuleType) -> set[str]:
    return {name for module in modules for name in re.findall(r'Finding\(\s*"([a-z-]+)"', inspect.getsource(module))}


def test_every_rule_is_explained_and_every_explanation_belongs_to_a_rule() -> None:
    said_by_data = set(re.findall(r"\[((?:label|class)-[a-z]+)\]", "".join(map(Path.read_text, DATA.rglob("*.py")))))
    assert said_by_data == {"label-values", "class-folders"}
    told = read_explanations()
    assert ids_in(rules, output, loss, network, targets, training, workers) | said_by_data == set(told)
    assert {name for name in told if told[name].needs == "config"} >= ids_in(loss, network)
    assert {name for name in told if told[name].needs == "data"} >= ids_in(targets)


def test_an_explanation_has_a_snippet_and_fits_a_terminal() -> None:
    for name, explanation in (read_explanations() | read_verdicts()).items():
        lines = explanation.text.splitlines()
        assert max(map(len, lines)) <= 78, name
        assert len(lines) >= 5 and any(line.startswith("  ") for line in lines), name
        assert max(len(explanation.reason), len(explanation.fix)) <= 90, name


def test_the_numbers_in_the_explanations_are_right() -> None:
    """`logits-twice`: the smallest and largest value a softmax of ten probabilities can have."""
    assert 1 / (math.e + 9) > 0.08 and math.e / (math.e + 9) < 0.24
    assert 0.25**6 == 1 / 4096
    assert (9 - 1) ** 2 == 64 * (2 - 1) ** 2


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_config_has_nothing_to_warn_about(name: str) -> None:
    loaded = load_config(name)
    if loaded.config.data.source == "mnist":
        smaller = ["model.layers[0].patches.patch_size=4"] if name == "mnist_vit" else []
        loaded = load_config(name, ["data.source=digits", *smaller])
    dataset = data.load(loaded.config.data, seed=1, data_dir=None, progress=lambda what, share: None)
    assert resolve(loaded, dataset.facts)[1] == []


def test_findings_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    rest = "train: {class_weight: {d: 2.0}}\nsilence: nothing"
    with pytest.raises(ConfigError) as caught:
        resolve(load(tmp_path, "dense: {units: 4, activation: sigmoid}", None, rest), facts("multiclass"))
    rules_told = [problem.rpartition("[")[2] for problem in caught.value.problems]
    assert rules_told == ["output-units]", "sigmoid-exclusive]", "class-weight]", "silence]"]
