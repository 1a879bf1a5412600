"""`check --resolved`: every value of the resolved config and where it comes from."""

import io
from pathlib import Path

import pytest

from nncli import pipeline
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_names
from nncli.console import Console

TEXT = """\
data:
  source: digits
model:
  hidden_activation: tanh
  layers:
    - dense: {units: 4, kernel_regularizer: l2}
    - dropout: {rate: 0.5}
    - output
optimizer: sgd
loss:
train:
  epochs: 3
"""
Values = dict[str, dict[str, object]]


def resolved(path: Path | str, *assignments: str) -> tuple[str, Values]:
    console = Console(stdout=io.StringIO(), stderr=io.StringIO())
    folders = pipeline.Folders()
    return pipeline.check(str(path), folders=folders, console=console, assignments=assignments).origins()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "net.yaml"
    file.write_text(TEXT)
    return file


def test_each_value_has_the_place_it_comes_from(path: Path) -> None:
    _, values = resolved(path, "train.batch_size=8", "optimizer.momentum=0.5")
    expected = {
        "name": ("net", "default"),
        "data.source": ("digits", f"{path}:2"),
        "data.task": ("multiclass", "inferred from data"),
        "data.validation": (0.1, "default"),
        "model.layers[0].flatten": ({}, "inferred from data"),
        "model.layers[1].dense.units": (4, f"{path}:6"),
        "model.layers[1].dense.activation": ("tanh", f"{path}:4"),
        "model.layers[1].dense.use_bias": (True, "default"),
        "model.layers[1].dense.kernel_regularizer.l2": (0.01, f"{path}:6"),
        "model.layers[1].dense.kernel_regularizer.l1": (0.0, "default"),
        "model.layers[2].dropout.rate": (0.5, f"{path}:7"),
        "model.layers[3].dense.units": (10, "inferred from data"),
        "model.layers[3].dense.activation": ("softmax", "inferred from data"),
        "model.layers[3].dense.use_bias": (True, "default"),
        "loss.name": ("sparse_categorical_crossentropy", "inferred from data"),
        "optimizer.name": ("sgd", f"{path}:9"),
        "optimizer.learning_rate": (0.01, "default"),
        "optimizer.momentum": (0.5, "command line (--set optimizer.momentum=0.5)"),
        "metrics": (["accuracy"], "inferred from data"),
        "train.epochs": (3, f"{path}:12"),
        "train.batch_size": (8, "command line (--set train.batch_size=8)"),
    }
    assert {key: (values[key]["value"], values[key]["origin"]) for key in expected} == expected


def test_a_value_of_a_parent_has_the_place_in_the_parent(path: Path, tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text("extends: net.yaml\ntrain: {epochs: 4}\n")
    text, values = resolved(child)
    assert values["data.source"]["origin"] == f"{path}:2"
    assert values["train.epochs"] == {"value": 4, "origin": f"{child}:2"}
    assert f"# net.yaml is {path}" in text and f"# child.yaml is {child}" in text


def test_a_value_that_is_written_like_the_default_has_its_place(path: Path) -> None:
    path.write_text(f"{TEXT}  batch_size: 32\n")
    assert resolved(path)[1]["train.batch_size"] == {"value": 32, "origin": f"{path}:13"}


@pytest.mark.parametrize("name", shipped_names())
def test_the_text_is_a_config_of_80_columns_that_resolves_to_the_same(name: str, tmp_path: Path) -> None:
    smaller = ["model.layers[0].patches.patch_size=4"] if name == "mnist_vit" else []
    text, values = resolved(name, "data.source=digits", *smaller) if name.startswith("mnist") else resolved(name)
    assert max(len(line) for line in text.splitlines() if "# " not in line[:2]) <= 80
    again = tmp_path / f"{name}.yaml"
    again.write_text(text)
    _, repeated = resolved(again)
    assert {key: entry["value"] for key, entry in repeated.items()} == {
        key: entry["value"] for key, entry in values.items()
    }
    assert load_config(str(again)).config.name == name
    assert all(entry["origin"] for entry in values.values())


CONVOLUTION = """\
data: {source: digits}
model:
  layers:
    - conv2d: {filters: 4, kernel_size: 3}
    - dropout: {rate: 0.25}
    - dense: {units: 8}
    - output
silence: [hidden-linear, batch-size]
"""


def test_a_flatten_behind_other_layers_does_not_shift_them(path: Path, tmp_path: Path) -> None:
    path.write_text(CONVOLUTION)
    text, values = resolved(path)
    expected = {
        "model.layers[0].conv2d.filters": (4, f"{path}:4"),
        "model.layers[0].conv2d.activation": ("relu", "default"),
        "model.layers[1].dropout.rate": (0.25, f"{path}:5"),
        "model.layers[2].flatten": ({}, "inferred from data"),
        "model.layers[3].dense.units": (8, f"{path}:6"),
        "model.layers[4].dense.units": (10, "inferred from data"),
    }
    assert {key: (values[key]["value"], values[key]["origin"]) for key in expected} == expected
    again = tmp_path / "again.yaml"
    again.write_text(text)
    repeated = resolved(again)[1]
    assert {key: entry["value"] for key, entry in repeated.items()} == {
        key: entry["value"] for key, entry in values.items()
    }


def test_a_list_with_an_item_from_the_command_line_comes_from_there(path: Path) -> None:
    path.write_text(CONVOLUTION.replace("kernel_size: 3", "kernel_size: [3, 3]"))
    settings = ("silence.1=deep-sigmoid", "model.layers.0.conv2d.kernel_size.0=5")
    values = resolved(path, *settings)[1]
    assert values["silence"]["origin"] == "command line (--set silence.1=deep-sigmoid)"
    kernel = values["model.layers[0].conv2d.kernel_size"]
    assert kernel == {"value": [5, 3], "origin": f"command line (--set {settings[1]})"}
    assert values["model.layers[0].conv2d.filters"]["origin"] == f"{path}:4"


def test_of_a_chosen_loss_only_what_was_chosen_is_inferred(path: Path) -> None:
    values = resolved(path)[1]
    origins = {key: values[f"loss.{key}"]["origin"] for key in ("name", "from_logits", "label_smoothing", "delta")}
    assert origins == {
        "name": "inferred from data",
        "from_logits": "inferred from data",
        "label_smoothing": "default",
        "delta": "default",
    }
