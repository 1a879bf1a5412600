"""The layers that LiteRT keeps are those of Keras."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import typer.testing
from sklearn.datasets import load_digits

from nncli.cli import app
from nncli.runtime.layers import LayerReader

CONFIG = """
data: {{source: digits}}
model:
  layers:
{layers}
    - dense: {{units: 10, activation: linear}}
loss: {{name: sparse_categorical_crossentropy, from_logits: true}}
train: {{epochs: 1, executor: graph}}
"""
NETWORKS = {
    "dense": ["dense: {units: 12, activation: relu}", "dense: {units: 7, activation: tanh}"],
    "convolution": [
        "conv2d: {filters: 4, kernel_size: 3, padding: same}",
        "batch_normalization",
        "max_pooling2d",
        "conv2d: {filters: 3, kernel_size: 2, strides: 2}",
        "dropout: {rate: 0.5}",
    ],
    "attention": [
        "patches: {patch_size: 2, units: 8}",
        "transformer_block: {num_heads: 2, mlp_units: 8}",
        "global_average_pooling1d",
    ],
}


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_each_layer_has_the_output_that_keras_computes(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.format(layers="\n".join(f"    - {each}" for each in NETWORKS[name])))
    arguments = ["train", str(tmp_path / "config.yaml"), "--runs-dir", str(tmp_path / "runs"), "--json"]
    outcome = typer.testing.CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.stderr
    run = Path(json.loads(outcome.stdout)["run"])
    image = load_digits().images[3].astype(np.uint8)[None, ..., None]
    found = LayerReader((run / "model.tflite").read_bytes()).read({"image": image})
    model = keras.models.load_model(run / "model.keras")
    names = {layer.name for layer in model.layers}
    shared = [layer for layer in found if not layer.is_attention and layer.name in names]
    outputs = {layer.name: model.get_layer(layer.name).output for layer in shared}
    expected = keras.Model(model.input, outputs).predict({"image": image}, verbose=0)
    for layer in shared:
        np.testing.assert_allclose(layer.values, expected[layer.name][0], atol=2e-5, err_msg=layer.name)
    compared = set(outputs)
    heads = [layer for layer in found if layer.is_attention]
    assert len(heads) == (name == "attention")
    for head in heads:
        assert head.values.shape == (2, 16, 16)
        np.testing.assert_allclose(head.values.sum(axis=-1), 1, atol=1e-5)
    assert {"output", "probabilities"} <= compared
    own = {each for each in names if not each.startswith(("image", "dropout", "batch", "input"))}
    assert len(compared & own) >= len(NETWORKS[name]) - 1, (compared, names)
