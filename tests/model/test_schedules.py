"""Schedules of the learning rate: their values against Keras's, and in training, compiled and by `model.fit`."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.engine.process import environment

environment.prepare(threads=2)

import keras  # noqa: E402

from nncli.cli import app  # noqa: E402
from nncli.config.facts import DataFacts, NumberColumn, TableInput, Target, Task  # noqa: E402
from nncli.config.objective import OPTIMIZERS  # noqa: E402
from nncli.config.sections import Config  # noqa: E402
from nncli.engine.arrays import Arrays, Plan  # noqa: E402
from nncli.engine.loop.training import fit  # noqa: E402
from nncli.engine.weights import get_weights  # noqa: E402
from nncli.model import build, compile_model  # noqa: E402
from nncli.model.objective import make_optimizer  # noqa: E402
from nncli.model.schedules import steps_per_epoch  # noqa: E402

# Seven batches an epoch, the last one not full.
ROWS, BATCH, STEPS, EPOCHS = 50, 8, 7, 4
COLUMNS = tuple(NumberColumn(name=name, mean=0.0, deviation=1.0, median=0.0) for name in "abc")
FACTS = DataFacts(
    source="test",
    inputs=TableInput(numbers=COLUMNS),
    target=Target(task=Task.BINARY, columns=("y",), classes=("no", "yes")),
    rows={"train": ROWS},
)


def config_of(batch_size: Any = BATCH, **optimizer: Any) -> Config:
    layers = [{"dense": {"units": 4}}, {"dense": {"units": 1, "activation": "sigmoid"}}]
    return Config.model_validate(
        {
            "data": {"source": "iris", "task": Task.BINARY},
            "model": {"layers": layers},
            "loss": "binary_crossentropy",
            "metrics": ["accuracy"],
            "optimizer": {"name": "sgd", **optimizer},
            "train": {"epochs": EPOCHS, "batch_size": batch_size},
        }
    )


def rates(schedule: dict[str, Any]) -> list[float]:
    """The learning rate of every update of the training."""
    made = make_optimizer(config_of(learning_rate=schedule), FACTS)._learning_rate
    return [float(made(step)) for step in range(EPOCHS * STEPS)]


SCHEDULES: dict[str, tuple[dict[str, Any], Any]] = {
    "exponential": (
        {"initial_learning_rate": 0.1, "decay_rate": 0.5, "decay_epochs": 2},
        keras.optimizers.schedules.ExponentialDecay(0.1, 2 * STEPS, 0.5),
    ),
    "exponential in stairs": (
        {"initial_learning_rate": 0.1, "decay_rate": 0.5, "staircase": True},
        keras.optimizers.schedules.ExponentialDecay(0.1, STEPS, 0.5, staircase=True),
    ),
    "cosine": (
        {"initial_learning_rate": 0.1, "alpha": 0.1},
        keras.optimizers.schedules.CosineDecay(0.1, EPOCHS * STEPS, alpha=0.1),
    ),
    "cosine that ends early": (
        {"initial_learning_rate": 0.1, "decay_epochs": 2.5},
        keras.optimizers.schedules.CosineDecay(0.1, 18),
    ),
    "cosine after a warm-up": (
        {"initial_learning_rate": 0.1, "warmup_epochs": 1.5, "alpha": 0.2},
        keras.optimizers.schedules.CosineDecay(0.0, 18, alpha=0.2, warmup_target=0.1, warmup_steps=10),
    ),
    "constant after a warm-up": (
        {"initial_learning_rate": 0.1, "warmup_epochs": 2},
        keras.optimizers.schedules.CosineDecay(0.0, 1, alpha=1.0, warmup_target=0.1, warmup_steps=2 * STEPS),
    ),
    "constant": ({"initial_learning_rate": 0.1}, lambda step: 0.1),
    "piecewise": (
        {"boundaries": [1, 3], "values": [0.3, 0.2, 0.1]},
        lambda step: 0.3 if step < STEPS else 0.2 if step < 3 * STEPS else 0.1,
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_epochs_become_the_steps_of_keras(name: str) -> None:
    options, expected = SCHEDULES[name]
    told = rates({"schedule": name.split()[0], **options})
    assert told == pytest.approx([float(expected(step)) for step in range(EPOCHS * STEPS)], abs=1e-7)


def test_a_warm_up_goes_before_an_exponential_fall() -> None:
    told = rates({"schedule": "exponential", "initial_learning_rate": 0.1, "decay_rate": 0.5, "warmup_epochs": 1})
    assert told[:STEPS] == pytest.approx([0.1 * step / STEPS for step in range(STEPS)])
    assert told[STEPS::STEPS] == pytest.approx([0.1, 0.05, 0.025])


@pytest.mark.parametrize(("batch_size", "steps"), [(8, 7), (50, 1), (49, 2), (64, 1), ("full", 1), (1, 50)])
def test_an_epoch_has_as_many_steps_as_batches(batch_size: Any, steps: int) -> None:
    assert steps_per_epoch(config_of(batch_size), FACTS) == steps


def trained(executor: str, **optimizer: Any) -> tuple[keras.Model, list[dict[str, float]]]:
    config = config_of(**optimizer)
    keras.utils.set_random_seed(3)
    model = build(config, FACTS)
    compile_model(model, config, FACTS)
    generator = np.random.default_rng(1)
    numbers = generator.normal(size=(ROWS, 3)).astype("float32")
    train = Arrays({"numbers": numbers}, (numbers[:, :1] > 0.2).astype("float32"))
    return model, fit(model, train, None, Plan(epochs=2, batch_size=BATCH, seed=5, executor=executor))


@pytest.mark.long
@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "adamw", "learning_rate": {"schedule": "cosine", "initial_learning_rate": 0.05, "warmup_epochs": 1}},
        {"learning_rate": {"schedule": "exponential", "initial_learning_rate": 0.5}, "momentum": 0.9, "nesterov": True},
        {"learning_rate": {"schedule": "piecewise", "boundaries": [1], "values": [0.5, 0.1]}, "global_clipnorm": 0.1},
        {"name": "lion", "learning_rate": {"schedule": "constant", "initial_learning_rate": 0.01, "warmup_epochs": 1}},
        {"name": "adagrad", "learning_rate": 0.1, "clipvalue": 0.01, "weight_decay": 0.01},
    ],
    ids=["cosine", "exponential", "piecewise", "warm-up", "number"],
)
def test_the_compiled_loop_follows_a_schedule_as_model_fit_does(optimizer: dict[str, Any]) -> None:
    compiled, history = trained("xla", **optimizer)
    plain, expected = trained("keras", **optimizer)
    for path, weights in get_weights(compiled).items():
        np.testing.assert_allclose(weights, get_weights(plain)[path], atol=1e-5, rtol=0, err_msg=path)
    assert [logs["loss"] for logs in history] == pytest.approx([logs["loss"] for logs in expected], abs=1e-5)
    assert [logs["learning_rate"] for logs in history] == [logs["learning_rate"] for logs in expected]
    schedule = optimizer["learning_rate"]
    if isinstance(schedule, dict):
        last_of_epoch = rates(schedule)[STEPS - 1 : 2 * STEPS : STEPS]
        assert [logs["learning_rate"] for logs in history] == pytest.approx(last_of_epoch)
        assert len(set(last_of_epoch)) == 2


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_learns_inside_the_compiled_loop(name: str) -> None:
    rate = {"sgd": 1.0, "adagrad": 0.5}.get(name, 0.05)
    model, history = trained("xla", name=name, learning_rate=rate, weight_decay=1e-4, clipnorm=5.0)
    assert type(model.optimizer).__name__.lower() == name
    assert history[1]["loss"] < history[0]["loss"]


def test_the_learning_rates_of_a_run_are_in_its_metrics(tmp_path: Path) -> None:
    (tmp_path / "falling.yaml").write_text(
        "data: {source: iris}\nmodel: {layers: [output]}\ntrain: {epochs: 3, keep: last}\n"
        "optimizer:\n  name: adam\n  learning_rate: {schedule: cosine, initial_learning_rate: 0.01, warmup_epochs: 1}\n"
    )
    outcome = typer.testing.CliRunner().invoke(
        app, ["train", str(tmp_path / "falling.yaml"), "--runs-dir", str(tmp_path / "runs")]
    )
    assert outcome.exit_code == 0, outcome.stderr
    [run] = (tmp_path / "runs").glob("*-falling")
    told = [json.loads(line)["learning_rate"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    # 108 rows are four batches; the last steps of the epochs are the 3rd of the warm-up, the 3rd and 7th of the fall.
    assert told == pytest.approx(
        [0.01 * 3 / 4, *(0.005 * (1 + math.cos(math.pi * step / 8)) for step in (3, 7))], rel=1e-4
    )
    kept = (run / "config.yaml").read_text()
    assert "schedule: cosine" in kept and "warmup_epochs: 1" in kept
