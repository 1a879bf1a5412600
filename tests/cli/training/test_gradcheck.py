"""`nncli gradcheck`: every layer, activation and loss agrees with central differences; a wrong gradient does not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing
import yaml

from nncli.cli import app
from nncli.config.facts import DataFacts, ImageInput, Target, Task
from nncli.config.layer_section import ACTIVATIONS
from nncli.config.layers import LAYERS
from nncli.config.objective import CROSSENTROPIES, LOSS_OPTIONS
from nncli.config.sections import Config
from nncli.config.stack import stack_layers
from nncli.engine.arrays import Arrays

IMAGES = ImageInput(height=8, width=8, channels=1, scale=1 / 16)
DIGIT = Target(task=Task.MULTICLASS, columns=("digit",), classes=tuple("0123456789"))
PRICES = Target(
    task=Task.REGRESSION, columns=("price", "weight"), mean=(1000.0, 0.1), median=(1000.0, 0.1), deviation=(300.0, 0.01)
)
LABELS = Target(task=Task.MULTILABEL, columns=("even", "round"), mean=(0.5, 0.5))
TOLERANCE = 1e-5
# A whole number is looked up: what comes before has no gradient, and the cost jumps where it is rounded.
BLOCKS_GRADIENTS = {"embedding"}
KINDS = [kind for kind in LAYERS if kind != "output"]  # an output is resolved into a dense layer


def make_network(layers: list[Any], target: Target, loss: dict[str, Any]) -> tuple[Config, DataFacts]:
    """A config with what a resolved one has: flattened images, the loss, the task."""
    facts = DataFacts(source="test", inputs=IMAGES, target=target, rows={"train": 8})
    document = {
        "data": {"source": "digits", "task": target.task.value},
        "model": {"layers": layers, "hidden_activation": "tanh"},
        "loss": loss,
    }
    config = Config.model_validate(document)
    full = tuple(row.layer for row in stack_layers(config, IMAGES.shape))
    return config.model_copy(update={"model": config.model.model_copy(update={"layers": full})}), facts


def some_digits(count: int = 6) -> dict[str, np.ndarray]:
    return {"image": np.random.default_rng(1).integers(0, 17, (count, 8, 8, 1)).astype("uint8")}


def check_network(layers: list[Any], target: Target, loss: dict[str, Any], targets: np.ndarray) -> list[Any]:
    from nncli import model as models
    from nncli.engine.gradients import check_gradients, double_precision

    config, facts = make_network(layers, target, loss)
    with double_precision():
        model, cost = models.build(config, facts), models.make_loss(config, facts)
        batch = Arrays(some_digits(len(targets)), models.targets_for(config, targets))
        found = check_gradients(model, cost, batch, samples=6, tolerance=TOLERANCE, seed=1)
        assert len(found) == len(model.trainable_weights) > 0
    return found


def assert_agreement(found: list[Any]) -> None:
    for weight in found:
        assert weight.error is not None and weight.error < TOLERANCE, weight
        assert weight.kinks <= weight.checked, weight
    assert any(weight.analytic for weight in found), "no gradient was there to compare"


def check_digits(layers: list[Any]) -> list[Any]:
    logits = [{"flatten": {}}, {"dense": {"units": 10, "activation": "linear"}}]
    loss = {"name": "sparse_categorical_crossentropy", "from_logits": True}
    return check_network([*layers, *logits], DIGIT, loss, np.arange(6, dtype="int32"))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_each_layer_on_offer_and_what_stands_before_it_has_right_gradients(kind: str) -> None:
    before = [] if kind in BLOCKS_GRADIENTS else [{"conv2d": {"filters": 1, "padding": "same"}}]
    found = check_digits([*before, *yaml.safe_load(LAYERS[kind].EXAMPLE or f"- {kind}")])
    assert_agreement(found)
    if before:
        assert found[0].path.startswith("conv2d_1/") and found[0].analytic, "no gradient passes the layer"


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_activation_has_right_gradients(activation: str) -> None:
    assert_agreement(check_digits([{"flatten": {}}, {"dense": {"units": 4, "activation": activation}}]))


def loss_cases() -> list[tuple[str, bool]]:
    return [
        (name, logits) for name in LOSS_OPTIONS for logits in ((True, False) if name in CROSSENTROPIES else (False,))
    ]


@pytest.mark.parametrize(("name", "from_logits"), loss_cases())
def test_each_loss_has_right_gradients(name: str, from_logits: bool) -> None:
    generator = np.random.default_rng(2)
    if name not in CROSSENTROPIES:
        target, targets = PRICES, generator.normal((1000, 0.1), (300, 0.01), (6, 2)).astype("float32")
        if name == "poisson":
            target = PRICES.model_copy(update={"task": Task.POSITIVE_REGRESSION, "minimum": (0.0, 0.0)})
        units, activation = 2, "softplus" if name == "poisson" else "linear"
    elif name.startswith("binary"):
        target, targets = LABELS, generator.integers(0, 2, (6, 2)).astype("float32")
        units, activation = 2, "sigmoid"
    else:
        target, targets = DIGIT, np.arange(6, dtype="int32")
        units, activation = 10, "softmax"
    output = {"dense": {"units": units, "activation": "linear" if from_logits else activation}}
    loss: dict[str, Any] = {"name": name} | ({"from_logits": from_logits} if name in CROSSENTROPIES else {})
    if "label_smoothing" in LOSS_OPTIONS[name]:  # type: ignore[index]
        loss["label_smoothing"] = 0.1
    assert_agreement(check_network([{"flatten": {}}, {"dense": {"units": 4}}, output], target, loss, targets))


def check_layer(call: Any, start: float, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One weight that starts at `start` and is not nudged; the cost is the mean of call(weight)."""
    import keras

    from nncli.engine import gradients

    class OneWeight(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.weight = self.add_weight(shape=(), initializer=keras.initializers.Constant(start), name="weight")

        def call(self, inputs: Any) -> Any:
            return 0.0 * inputs + call(self.weight.value)

    monkeypatch.setattr(gradients, "NUDGE", 0.0)
    with gradients.double_precision():
        inputs = keras.Input((1,), name="numbers")
        model = keras.Model([inputs], OneWeight(name="one")(inputs))
        batch = Arrays({"numbers": np.zeros((2, 1), "float32")}, np.zeros((2, 1), "float32"))
        loss = keras.losses.MeanSquaredError()
        [found] = gradients.check_gradients(model, loss, batch, samples=5, tolerance=TOLERANCE, seed=1)
    return found


def test_a_gradient_that_is_wrong_by_a_ten_thousandth_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    @tf.custom_gradient
    def wrong(weight: Any) -> Any:
        return tf.sin(weight), lambda upstream: 1.0001 * upstream * tf.cos(weight)

    found = check_layer(wrong, 0.7, monkeypatch)

    assert (found.checked, found.kinks) == (1, 0)
    assert found.error == pytest.approx(1e-4, rel=0.01)
    assert check_layer(tf.sin, 0.7, monkeypatch).error < 1e-8


@pytest.mark.parametrize("place", [0.0, 1e-9, 3e-8, 1e-7 / 3, 5e-8, 9e-8, -4e-8])
def test_a_weight_on_the_corner_of_a_relu_is_left_out_and_counted(
    place: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    found = check_layer(lambda weight: 1.0 + tf.nn.relu(weight), place, monkeypatch)

    assert (found.checked, found.kinks, found.error) == (0, 1, None)


def test_a_weight_near_a_corner_is_compared_with_a_smaller_step(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    found = check_layer(lambda weight: 1.0 + tf.nn.relu(weight), 4e-6, monkeypatch)

    assert (found.checked, found.kinks) == (1, 0) and found.error < TOLERANCE


def test_double_precision_ends_with_its_block_also_after_an_error() -> None:
    import keras

    from nncli.engine.gradients import double_precision

    with pytest.raises(ValueError, match="some"), double_precision():
        assert keras.layers.Dense(1).dtype == "float64"
        raise ValueError("some error")

    assert (keras.config.floatx(), keras.layers.Dense(1).dtype) == ("float32", "float32")


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, ["gradcheck", *map(str, arguments)])


def write(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(document))
    return path


def test_the_command_shows_each_weight_and_says_what_it_did(tmp_path: Path) -> None:
    layers = [{"dense": {"units": 6}}, "batch_normalization", {"dropout": {"rate": 0.4}}, "output"]
    config = write(tmp_path / "net.yaml", {"data": {"source": "iris"}, "model": {"layers": layers}})

    outcome = nncli(config)
    result = json.loads(nncli(config, "--samples", 5, "--json").stdout)

    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout.count(" ok\n") == 6
    assert "the same random numbers each time in dropout_1" in outcome.stdout
    assert "batch normalization uses the mean and variance of the batch" in outcome.stdout
    assert "agrees with central differences within 1e-05 in all 6 weight arrays" in outcome.stdout
    assert result["ok"] is True and (result["samples"], result["batch_size"]) == (5, 8)
    kernel = result["weights"][0]
    assert (kernel["layer"], kernel["weight"], kernel["shape"]) == ("dense_1", "kernel", [4, 6])
    assert kernel["checked"] + kernel["kinks"] == 5 and kernel["error"] < TOLERANCE


def test_augmentation_is_switched_off_and_that_is_said(tmp_path: Path) -> None:
    flip, convolution = {"random_flip": {"mode": "both"}}, {"conv2d": {"filters": 2}}
    layers = ["random_rotation", flip, convolution, "random_zoom", "flatten", "output"]
    config = write(tmp_path / "net.yaml", {"data": {"source": "digits"}, "model": {"layers": layers}})

    outcome = nncli(config, "--samples", 4)

    assert outcome.exit_code == 0, outcome.output
    assert "switched off: random_rotation_1, random_flip_1, random_flip_1_vertical, random_zoom_1\n" in outcome.stdout


def test_the_sample_follows_the_seed_of_the_config() -> None:
    first, again, other = (
        json.loads(nncli("digits_softmax", "--samples", 3, "--json", "--set", f"seed={seed}").stdout)["weights"]
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_gradients_beyond_the_tolerance_end_with_exit_code_1() -> None:
    outcome = nncli("binary", "--tolerance", "1e-12", "--samples", 4)
    assert outcome.exit_code == 1
    assert "differs" in outcome.stdout or "not verified" in outcome.stdout
    assert "are not verified within 1e-12" in outcome.stdout


def test_a_table_with_gaps_and_names_and_a_large_target_loses_no_precision(tmp_path: Path) -> None:
    rows = [f"{i % 7 or ''},{'red' if i % 3 else 'blue'},{20000 + 1234.5 * i}" for i in range(60)]
    (tmp_path / "cars.csv").write_text("\n".join(["age,colour,price", *rows]) + "\n")
    data = {"source": "csv", "path": "cars.csv", "target": "price"}
    config = write(tmp_path / "cars.yaml", {"data": data, "model": {"layers": [{"dense": {"units": 5}}, "output"]}})

    outcome = nncli(config, "--json")

    assert outcome.exit_code == 0, outcome.output
    assert max(weight["error"] for weight in json.loads(outcome.stdout)["weights"]) < 1e-6


def test_numbers_that_are_not_finite_are_no_agreement() -> None:
    from nncli.engine.gradients import WeightGradients
    from nncli.pipeline.gradient_check import _describe

    row = _describe(WeightGradients("dense_1/kernel", (2,), 2, 0, float("nan"), (0,), float("inf"), 1.0), TOLERANCE)

    assert (row["verdict"], row["error"], row["analytic"], row["numeric"]) == ("not verified", None, None, 1.0)


def test_a_wrong_config_is_refused_as_training_refuses_it(tmp_path: Path) -> None:
    layers = [{"dense": {"units": 4, "activation": "softmax"}}]
    config = write(tmp_path / "wrong.yaml", {"data": {"source": "iris"}, "model": {"layers": layers}})
    assert nncli(config).exit_code == 2
