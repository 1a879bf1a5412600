"""`nncli explain backprop --config`: a network on one row, against NumPy written out by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app

TINY = """
data: {source: iris}
seed: 3
model:
  layers:
    - dense: {units: 2, activation: tanh}
    - dense: {units: 3, activation: linear}
loss: {name: sparse_categorical_crossentropy, from_logits: true}
"""


def explain(*arguments: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, ["explain", "backprop", *arguments], env={"COLUMNS": "80"})


def read(*arguments: str) -> dict[str, Any]:
    outcome = explain(*arguments, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    value: dict[str, Any] = json.loads(outcome.stdout)
    return value


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    (tmp_path / "tiny.yaml").write_text(TINY)
    return str(tmp_path / "tiny.yaml")


def arrays_of(found: dict[str, Any], key: str) -> dict[str, np.ndarray]:
    return {f"{each['layer']} {each['weight']}": np.array(each[key], dtype=np.float64) for each in found["weights"]}


def test_a_tiny_network_has_the_gradients_of_numpy(tiny: str) -> None:
    found = read("--config", tiny, "--row", "5", "--learning-rate", "0.05")
    layers = {layer["layer"]: layer for layer in found["layers"]}
    w, gradient = arrays_of(found, "values"), arrays_of(found, "gradient")
    inputs = np.array(layers["normalization"]["output"])
    label = ["setosa", "versicolor", "virginica"].index(found["target"]["label"])

    def forward(w: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, float]:
        hidden = np.tanh(inputs @ w["dense_1 kernel"] + w["dense_1 bias"])
        logits = hidden @ w["output kernel"] + w["output bias"]
        shares = np.exp(logits) / np.exp(logits).sum()
        return hidden, shares, -float(np.log(shares[label]))

    hidden, shares, loss = forward(w)
    assert layers["dense_1"]["output"] == pytest.approx(hidden, rel=1e-5)
    assert layers["probabilities"]["output"] == pytest.approx(shares, rel=1e-5)
    assert found["loss"]["value"] == pytest.approx(loss, rel=1e-6)
    error = shares - np.eye(3)[label]
    back = (w["output kernel"] @ error) * (1 - hidden**2)
    truth = {
        "output bias": error,
        "output kernel": np.outer(hidden, error),
        "dense_1 bias": back,
        "dense_1 kernel": np.outer(inputs, back),
    }
    assert set(truth) == set(gradient)
    for name, expected in truth.items():
        np.testing.assert_allclose(gradient[name], expected, rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(arrays_of(found, "numeric")[name], expected, rtol=1e-4, atol=1e-7)
    after = forward({name: w[name] - 0.05 * truth[name] for name in w})[2]
    assert found["step"]["loss_after"] == pytest.approx(after, rel=1e-6) and after < loss


def test_every_weight_of_a_small_network_is_shown_within_80_columns(tiny: str) -> None:
    told = explain("--config", tiny).stdout
    found = read("--config", tiny)
    lines = told.splitlines()
    assert len(lines) <= 40 and max(len(line) for line in lines if not line.startswith("next: ")) <= 80
    for each in found["weights"]:
        for row in np.atleast_2d(each["gradient"]):
            assert " ".join(f"{number:.4g}" for number in row) in " ".join(told.split())
    assert "J falls from" in told


def test_the_lectures_30_15_2_is_summed_up_by_norms() -> None:
    found = read("--config", "digits_30_15_2", "--row", "3")
    shapes = {f"{each['layer']} {each['weight']}": each["shape"] for each in found["weights"]}
    assert shapes["dense_1 kernel"] == [64, 30] and shapes["output bias"] == [2]
    for name, each in arrays_of(found, "gradient").items():
        [entry] = [weight for weight in found["weights"] if f"{weight['layer']} {weight['weight']}" == name]
        assert entry["norm"] == pytest.approx(np.linalg.norm(each)) and entry["error"] < 1e-5
        place = tuple(entry["largest"]["entry"])
        assert entry["largest"]["gradient"] == each[place] and abs(each[place]) == np.abs(each).max()
    told = explain("--config", "digits_30_15_2", "--row", "3")
    assert len(told.stdout.splitlines()) <= 40 and max(map(len, told.stdout.splitlines())) <= 80
    # The gradient of a dense layer's kernel is its input times the gradient of its bias.
    layers = {layer["layer"]: layer for layer in found["layers"]}
    gradient = arrays_of(found, "gradient")
    np.testing.assert_allclose(
        gradient["output kernel"], np.outer(layers["dense_2"]["output"], gradient["output bias"]), rtol=1e-5, atol=1e-8
    )


def test_kinks_dropout_convolutions_and_regression_work(tmp_path: Path) -> None:
    (tmp_path / "conv.yaml").write_text(
        "data: {source: digits}\nmodel:\n  layers:\n    - random_flip\n    - conv2d: {filters: 2, kernel_size: 3}\n"
        "    - max_pooling2d\n    - dropout: {rate: 0.5}\n    - dense: {units: 10, activation: linear}\n"
    )
    found = read("--config", str(tmp_path / "conv.yaml"), "--set", "loss.name=sparse_categorical_crossentropy",
                 "--set", "loss.from_logits=true")  # fmt: skip
    outputs = {layer["layer"]: layer["output"] for layer in found["layers"]}
    assert outputs["dropout_1"] == outputs["max_pooling2d_1"]  # dropout does nothing to one row
    assert all(each["error"] < 1e-4 for each in found["weights"])
    found = read("--config", "linear_regression")
    assert found["loss"]["value"] > 0 and found["target"]["label"] is None


def test_a_picture_is_written_and_what_cannot_be_is_refused(tiny: str, tmp_path: Path) -> None:
    picture = tmp_path / "gradients.png"
    told = explain("--config", tiny, "--plot", str(picture))
    assert told.exit_code == 0 and picture.read_bytes().startswith(b"\x89PNG") and f"picture: {picture}" in told.stdout
    for arguments, message in (
        (["--config", tiny, "--row", "1000"], "the training set has"),
        (["--config", "no_such_config"], "no_such_config"),
        (["--config", tiny, "--seed", "1"], "takes no --seed"),
        (["--config", tiny, "--plot", tiny], "ends in .png or .svg"),
    ):
        outcome = explain(*arguments)
        assert outcome.exit_code == 2 and message in " ".join(outcome.stderr.split())
