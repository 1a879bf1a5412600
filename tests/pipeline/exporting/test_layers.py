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

from nncli.engine import export, onnx_export  # noqa: E402
from nncli.engine.prediction import predict  # noqa: E402
from nncli.model import build, serving  # noqa: E402

HAS_ONNX = all(importlib.util.find_spec(name) for name in ("tf2onnx", "onnxruntime"))


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


@pytest.mark.parametrize("kind", [kind for kind in LAYERS if kind != "output"])
def test_a_layer_predicts_the_same_in_each_format(kind: str, tmp_path: Path) -> None:
    made = network_with(kind, tmp_path)
    model = serving(build(made.config, made.dataset.facts), made.config)
    images = {"image": made.dataset.test.inputs["image"][:40]}
    expected = predict(model, images)
    np.testing.assert_allclose(Predictor(export.to_int8_tflite(model, images)).predict(images), expected, atol=0.1)
    if HAS_ONNX:
        found = onnx_export.predict_onnx(onnx_export.to_onnx(model), images)
        np.testing.assert_allclose(found, expected, atol=1e-5)
