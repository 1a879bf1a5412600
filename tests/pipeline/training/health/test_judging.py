"""Each verdict is given on a network that has the fault, and not on its mended twin."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml

from nncli import pipeline
from nncli.config.reading.loading import load_config
from nncli.config.rules.explanations import read_verdicts
from nncli.console import Console
from nncli.pipeline.preparation import prepare
from nncli.pipeline.training.fitting import fit_model
from nncli.pipeline.training.health.judging import describe, list_verdicts
from nncli.run.folder import RunFolder

# Sizes of the validation sets with which batches of 32 divide the other rows: for a smaller last batch, a second loop
# is traced in each training.
DIGITS = {"source": "digits", "validation": 0.11}
DIABETES = {"source": "diabetes", "validation": 0.096}


def dense(units: int, **options: Any) -> dict[str, Any]:
    return {"dense": {"units": units, **options}}


def adam(rate: float) -> dict[str, Any]:
    return {"name": "adam", "learning_rate": rate}


def digits(layers: list[Any], activation: str = "relu", rate: float = 0.001, epochs: int = 6) -> dict[str, Any]:
    model = {"hidden_activation": activation, "layers": [*layers, "output"]}
    return {"data": DIGITS, "model": model, "optimizer": adam(rate), "train": {"epochs": epochs}}


def neuron(rate: float) -> dict[str, Any]:
    """Gradient descent over all rows at once."""
    optimizer = {"name": "sgd", "learning_rate": rate}
    train = {"epochs": 30, "batch_size": "full"}
    return {
        "data": {"source": "breast_cancer"},
        "model": {"layers": ["output"]},
        "optimizer": optimizer,
        "train": train,
    }


def diabetes(units: int) -> dict[str, Any]:
    layers = [dense(units), dense(units), "output"]
    return {
        "data": DIABETES,
        "model": {"layers": layers},
        "optimizer": adam(0.003),
        "train": {"epochs": 40},
    }


def residual(*before: str) -> list[Any]:
    block = {"residual": {"layers": [*before, dense(32, kernel_initializer="he_normal")]}}
    return ["flatten", dense(32), *[block] * 10, *before]


SGD = {"name": "sgd", "learning_rate": 0.3}
# verdict -> (the network with the fault, its twin)
PAIRS = {
    "vanishing": (digits([dense(32)] * 8, "sigmoid", epochs=1), digits([dense(32)] * 8, epochs=1)),
    "exploding": (digits(residual(), epochs=1), digits(residual("layer_normalization"), epochs=1)),
    "dead": (digits([dense(64)], rate=0.3), digits([dense(64)])),
    "saturated": (digits([dense(64)], "tanh", rate=1.0), digits([dense(64)], "tanh")),
    "starved": (
        {**digits([dense(32, kernel_regularizer={"l2": 1.0})], "sigmoid"), "optimizer": SGD},
        {**digits([dense(32, kernel_regularizer={"l2": 0.0001})], "sigmoid"), "optimizer": SGD},
    ),
    "learning-rate-too-high": (neuron(50.0), neuron(0.3)),
    "learning-rate-too-low": (neuron(0.0001), neuron(0.3)),
    "not-learning": (digits([dense(64), {"dropout": {"rate": 0.99}}]), digits([dense(64), {"dropout": {"rate": 0.2}}])),
    "overfitting": (diabetes(256), diabetes(2)),
    "still-improving": (digits([dense(64)], rate=0.0005, epochs=4), digits([dense(64)], rate=0.003, epochs=20)),
}


def verdicts_of(here: Path, config: dict[str, Any], name: str, **more: Any) -> list[dict[str, Any]]:
    config = {**config, "train": {**config["train"], "executor": "graph"}, **more}
    path = here / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config))
    silent = Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())
    prepared = prepare(load_config(str(path)), pipeline.Folders(here), silent)
    fitted = fit_model(RunFolder.create(here / "runs", name), prepared, silent)
    return list_verdicts(fitted.watchers.health, fitted.history, prepared.config.silence)


def test_there_is_a_pair_for_every_verdict() -> None:
    assert set(PAIRS) == set(read_verdicts())


@pytest.mark.long
@pytest.mark.parametrize("rule", PAIRS)
def test_a_verdict_is_given_on_the_fault_and_not_on_the_twin(tmp_path: Path, rule: str) -> None:
    faulty, mended = PAIRS[rule]
    found = verdicts_of(tmp_path, faulty, "faulty")
    assert rule in [verdict["rule"] for verdict in found]
    told = describe(next(verdict for verdict in found if verdict["rule"] == rule))
    assert told.startswith(f"{rule}: ") and f"nncli explain {rule}" in told and read_verdicts()[rule].fix in told
    assert rule not in [verdict["rule"] for verdict in verdicts_of(tmp_path, mended, "mended")]


def test_a_silenced_verdict_is_not_given(tmp_path: Path) -> None:
    assert verdicts_of(tmp_path, PAIRS["vanishing"][0], "faulty", silence=["vanishing", "deep-sigmoid"]) == []
