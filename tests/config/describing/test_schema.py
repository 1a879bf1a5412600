"""The JSON Schema: made from the sections, shipped beside the configs, says what the loader says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.testing

from nncli.cli import app
from nncli.config.describing.schema import config_schema
from nncli.config.layers import LAYERS
from nncli.config.reading.document import parse_document, read_document
from nncli.config.reading.loading import load_config, validate
from nncli.config.reading.shipped import shipped_folder
from nncli.config.sections import to_mapping
from nncli.errors import ConfigError

SCHEMA = config_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
PATHS = sorted(shipped_folder().glob("*.yaml"))
COMMENT = "# yaml-language-server: $schema=./schema.json"

BASE = "data: {source: iris}\nmodel: {layers: [output]}\n"
LAYER = "data: {source: digits}\nmodel:\n  layers:\n    - %s\n    - output\n"


def parsed(text: str) -> Any:
    return parse_document(text, "x.yaml").values


def test_the_schema_is_one_of_draft_2020_12() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["title"] and SCHEMA["$id"]


def test_the_shipped_schema_is_the_one_that_is_printed() -> None:
    printed = typer.testing.CliRunner().invoke(app, ["schema"])
    assert printed.exit_code == 0
    # if this fails: nncli schema > configs/schema.json
    assert (shipped_folder() / "schema.json").read_text() == printed.stdout
    assert json.loads(printed.stdout) == SCHEMA


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_shipped_config_is_valid_and_points_an_editor_at_the_schema(path: Path) -> None:
    lines = path.read_text().splitlines()
    leading = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert COMMENT in leading
    VALIDATOR.validate(read_document(path).values)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_a_run_folder_keeps_of_a_config_is_valid(path: Path) -> None:
    VALIDATOR.validate(to_mapping(load_config(str(path)).config))


def test_all_shipped_configs_are_validated() -> None:
    assert len(PATHS) >= 9


RIGHT = [
    BASE,
    BASE + "optimizer: adam\nloss: huber\n",
    BASE + "optimizer: {name: sgd, momentum: 0.9}\nloss: {name: huber, delta: 2}\n",
    BASE + "optimizer: {name: lion, learning_rate: {schedule: cosine, initial_learning_rate: 1}, clipvalue: 1}\n",
    BASE + "optimizer: {name: sgd, learning_rate: {schedule: piecewise, boundaries: [1], values: [1, 0.1]}}\n",
    BASE + "loss: {name: binary_focal_crossentropy, gamma: 0, alpha: 1, apply_class_balancing: true}\n",
    BASE + "loss: null\nmetrics: [accuracy]\nsilence: loss-task\ntrain: {batch_size: full, class_weight: balanced}\n",
    BASE + "train: {class_weight: {a: 2.0}, early_stopping: {}, reduce_lr_on_plateau: {factor: 0.1}}\n",
    "data: {source: csv, path: t.csv, target: y, drop: [a, b], test: 0.1, columns: {a: category}}\n"
    "model: {layers: [output]}",
    "data: {source: tfds:mnist, target: [y, z], test: t.csv}\nmodel: {layers: [output]}",
    LAYER % "conv2d: {filters: 3, kernel_size: 3, strides: [2, 1]}",
    LAYER % "max_pooling2d",
    LAYER % "max_pooling2d:",
    LAYER % "{max_pooling2d: {pool_size: 3, strides: null}}",
    LAYER % "dense: {units: 3, kernel_regularizer: l2}",
    LAYER % "dense: {units: 3, kernel_regularizer: {l1: 0.1}}",
]
WRONG = [
    "model: {layers: [output]}",
    "data: {source: iris}",
    "data: {}\nmodel: {layers: [output]}",
    "data: {source: irs}\nmodel: {layers: [output]}",
    "data: {source: mnist, fallback: mnist}\nmodel: {layers: [output]}",
    "data: {source: csv, path: ''}\nmodel: {layers: [output]}",
    "data: {source: iris}\nmodel: {layers: []}",
    "data: {source: iris}\nmodel: {layers: output}",
    BASE + "sed: 3\n",
    BASE + "seed: -1\n",
    BASE + "seed: one\n",
    BASE + "name: a/b\n",
    BASE + "optimizer: {learning_rate: 0.1}\n",
    BASE + "optimizer: {name: adam, momentum: 0.9}\n",
    BASE + "optimizer: {name: adam, learning_rate: 0}\n",
    BASE + "optimizer: adm\n",
    BASE + "optimizer: {name: adam, learning_rate: cosine}\n",
    BASE + "optimizer: {name: adam, learning_rate: {schedule: cosine}}\n",
    BASE + "optimizer: {name: adam, learning_rate: {initial_learning_rate: 0.1, decay_rate: 0.9}}\n",
    BASE + "optimizer: {name: adam, learning_rate: {schedule: constant, initial_learning_rate: 0.1, alpha: 0.5}}\n",
    BASE + "optimizer: {name: adam, learning_rate: {schedule: piecewise, boundaries: [1], values: [1, 0]}}\n",
    BASE + "optimizer: {name: adam, clipvalue: 0}\n",
    BASE + "loss: {name: categorical_focal_crossentropy, alpha: 0}\n",
    BASE + "loss: {from_logits: true}\n",
    BASE + "loss: {name: huber, from_logits: yes}\n",
    BASE + "metrics: accuracy\n",
    BASE + "train: {epochs: 0}\n",
    BASE + "train: {batch_size: some}\n",
    BASE + "train: {class_weight: {a: -1}}\n",
    BASE + "train: {early_stopping: {patience: 1.5}}\n",
    LAYER % "dense",
    LAYER % "dense: {}",
    LAYER % "dense: {units: 0}",
    LAYER % "dense: {units: 3, kind: output}",
    LAYER % "{dense: {units: 3}, flatten: {}}",
    LAYER % "dense: {units: 3, kernel_regularizer: l3}",
    LAYER % "conv2d: {filters: 3, kernel_size: [3, 3, 3]}",
    LAYER % "conv2d: {filters: 3, kernel_size: x}",
    LAYER % "flatten: {units: 3}",
    LAYER % "dropout: {rate: 1}",
    LAYER % "{}",
]


@pytest.mark.parametrize("text", RIGHT)
def test_every_way_to_write_a_config_is_valid(text: str) -> None:
    VALIDATOR.validate(parsed(text))
    validate(parse_document(text, "x.yaml"))


@pytest.mark.parametrize("text", WRONG)
def test_what_the_loader_refuses_the_schema_refuses(text: str) -> None:
    assert not VALIDATOR.is_valid(parsed(text))
    with pytest.raises(ConfigError):
        validate(parse_document(text, "x.yaml"))


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("extends: mnist_softmax", True),
        ("extends: a.yaml\ndata: {validation: 0.2}\noptimizer: {learning_rate: 0.1}\nloss: {from_logits: true}", True),
        ("extends: a.yaml\ndata: {validation: 2}", False),
        ("extends: a.yaml\noptimizer: {learning_rat: 0.1}", False),
        ("extends: [a.yaml, b.yaml]", False),
        ("extends: a.yaml\nmodel: {layers: [dense]}", False),
    ],
)
def test_under_extends_what_is_required_may_stand_in_the_parent(text: str, is_valid: bool) -> None:
    assert VALIDATOR.is_valid(parsed(text)) == is_valid


def properties_of(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, list):
        for item in schema:
            yield from properties_of(item)
    if isinstance(schema, dict):
        for name, each in schema.get("properties", {}).items():
            if "if" not in each:
                yield name, each
        for key, item in schema.items():
            if key != "else":
                yield from properties_of(item)


def test_every_key_has_a_description_for_the_editor() -> None:
    told = dict(properties_of(SCHEMA))
    assert len(told) > 60
    bare = [name for name, each in properties_of(SCHEMA) if not each.get("description") and name not in LAYERS]
    assert bare == []
    for layer in LAYERS.values():
        assert SCHEMA["$defs"][layer.__name__]["description"]


def test_no_section_takes_a_key_that_it_does_not_know() -> None:
    open_sections = [name for name, each in SCHEMA["$defs"].items() if each.get("additionalProperties") is not False]
    assert sorted(open_sections) == ["Layer", "Task"]
    assert SCHEMA["additionalProperties"] is False
