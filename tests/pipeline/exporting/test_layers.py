"""Every kind of layer in every format that is converted: its example as a network for the bundled digits."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest

from nncli.config.layers import LAYERS
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.engine.process import environment
from nncli.errors import ConfigError
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare
from nncli.runtime.predictor import Predictor

environment.prepare(threads=2)

import keras  # noqa: E402

from nncli.engine import export, onnx_export  # noqa: E402
from nncli.engine.prediction import predict  # noqa: E402
from nncli.model import build, serving  # noqa: E402

HAS_ONNX = all(importlib.util.find_spec(name) for name in ("tf2onnx", "onnxruntime"))


def side_by_side(models: list[keras.Model]) -> keras.Model:
    """Networks of the same image as one; its outputs are theirs, one after the other."""
    [given] = models[0].inputs
    image = keras.Input(given.shape[1:], dtype=given.dtype, name="image")
    for place, model in enumerate(models):
        model.name = f"network_{place}"
    return keras.Model(image, keras.layers.Concatenate()([model({"image": image}) for model in models]))


def test_every_kind_is_in_one_group() -> None:
    assert sorted(kind for kinds in GROUPS for kind in kinds) == sorted(set(LAYERS) - {"output"})


def network_with(kind: str, folder: Path) -> Prepared:
    lines = (LAYERS[kind].EXAMPLE or f"- {kind}").splitlines()
    quiet = Console(stdout=io.StringIO(), stderr=io.StringIO())
    for end in (["- output"], ["- flatten", "- output"]):
        layers = "\n".join(f"    {line}" for line in [*lines, *end])
        (folder / "one.yaml").write_text(f"data: {{source: digits}}\nmodel:\n  layers:\n{layers}\n")
        try:
            return prepare(load_config(str(folder / "one.yaml")), Folders(), quiet)
        except ConfigError:
            continue
    raise AssertionError(kind)


# Recurrent layers are unrolled where they are layers of the network itself.
ALONE = ("lstm", "gru")
KINDS = [kind for kind in LAYERS if kind not in ("output", *ALONE)]
# What takes long are the conversions: several networks are converted as one, side by side.
TOGETHER = 8
GROUPS = [*(KINDS[first : first + TOGETHER] for first in range(0, len(KINDS), TOGETHER)), *([kind] for kind in ALONE)]


@pytest.mark.long
@pytest.mark.parametrize("kinds", GROUPS, ids="-".join)
def test_a_layer_predicts_the_same_in_each_format(kinds: list[str], tmp_path: Path) -> None:
    made = [network_with(kind, tmp_path) for kind in kinds]
    models = [serving(build(each.config, each.dataset.facts), each.config) for each in made]
    images = {"image": made[0].dataset.test.inputs["image"][:40]}
    expected = np.concatenate([predict(model, images) for model in models], axis=1)
    assert expected.shape == (40, 10 * len(kinds))
    whole = side_by_side(models) if len(models) > 1 else models[0]
    found = {"int8": (Predictor(export.to_int8_tflite(whole, images)).predict(images), 0.1)}
    if HAS_ONNX:
        found["onnx"] = (onnx_export.predict_onnx(onnx_export.to_onnx(whole), images), 1e-5)
    for name, (outputs, most) in found.items():
        for place, kind in enumerate(kinds):
            own = slice(10 * place, 10 * place + 10)
            np.testing.assert_allclose(outputs[:, own], expected[:, own], atol=most, err_msg=f"{kind} in {name}")
