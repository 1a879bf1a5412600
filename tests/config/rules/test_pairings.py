"""Every combination of task, output activation and loss: what is refused, warned about, and that the rest trains."""

import itertools
from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import pytest

from nncli.config.facts import DataFacts, NumberColumn, TableInput, Target, Task
from nncli.config.layer_section import ACTIVATIONS
from nncli.config.objective import LossName
from nncli.config.reading.document import Document
from nncli.config.reading.loading import LoadedConfig
from nncli.config.rules import describe, find
from nncli.config.rules.explanations import read_explanations
from nncli.config.sections import Config

LOSSES = get_args(LossName)
UNITS = {task: 3 if task in (Task.MULTICLASS, Task.MULTILABEL) else 1 for task in Task}
AMOUNTS = ("mean_squared_error", "mean_absolute_error", "huber")
COLUMNS = tuple(NumberColumn(name=name, mean=0.0, deviation=1.0, median=0.0) for name in "ab")


def facts_of(task: Task) -> DataFacts:
    numbers: dict[str, Any] = {"mean": (2.0,), "deviation": (2.0,), "minimum": (0.0,)} if task.is_regression else {}
    classes = {Task.BINARY: ("no", "yes"), Task.MULTICLASS: ("a", "b", "c")}.get(task, ())
    columns = ("p", "q", "r") if task is Task.MULTILABEL else ("y",)
    target = Target(task=task, columns=columns, classes=classes, **numbers)
    return DataFacts(source="iris", inputs=TableInput(numbers=COLUMNS), target=target, rows={"train": 8})


def config_of(task: Task, activation: str, loss: str, from_logits: bool, **rest: Any) -> Config:
    layers = [{"dense": {"units": UNITS[task], "activation": activation}}]
    section = {"name": loss, "from_logits": from_logits}
    return Config.model_validate(
        {"data": {"source": "iris", "task": task}, "model": {"layers": layers}, "loss": section, **rest}
    )


def told(config: Config, facts: DataFacts | None) -> tuple[list[str], list[str]]:
    loaded = LoadedConfig(config, Document("net.yaml", config.model_dump(mode="json"), {}, []))
    return describe(loaded, find(loaded, facts))


def allowed(task: Task) -> Iterator[tuple[str, str, bool]]:
    """The pairings of the lecture, with the losses of the same families: activation, loss, from_logits."""
    if task is Task.MULTICLASS:
        for loss in ("sparse_categorical_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy"):
            yield from (("softmax", loss, False), ("linear", loss, True))
    elif task in (Task.BINARY, Task.MULTILABEL):
        for loss in ("binary_crossentropy", "binary_focal_crossentropy"):
            yield from (("sigmoid", loss, False), ("linear", loss, True))
    elif task is Task.REGRESSION:
        yield from (("linear", loss, False) for loss in AMOUNTS)
    else:
        yield from itertools.product(("relu", "softplus", "exponential"), (*AMOUNTS, "poisson"), (False,))


def warned(task: Task) -> Iterator[tuple[str, str, bool]]:
    """What trains but is rarely meant."""
    if task in (Task.BINARY, Task.MULTILABEL):
        yield from (("sigmoid", loss, False) for loss in AMOUNTS)
    elif task is Task.POSITIVE_REGRESSION:
        two_sided = [name for name in ACTIVATIONS if name not in ("relu", "softplus", "exponential")]
        bounded = ("sigmoid", "softmax", "tanh")
        yield from itertools.product([name for name in two_sided if name not in bounded], AMOUNTS, (False,))


@pytest.mark.parametrize("task", list(Task))
def test_of_all_combinations_of_output_and_loss_just_the_right_ones_pass(task: Task) -> None:
    facts, known = facts_of(task), set(read_explanations())
    silent, with_warnings = set(), set()
    for combination in itertools.product(ACTIVATIONS, LOSSES, (False, True)):
        config = config_of(task, *combination)
        refused, warnings = told(config, facts)
        assert all(line.rpartition("[")[2].rstrip("]") in known for line in [*refused, *warnings])
        if not refused:
            (with_warnings if warnings else silent).add(combination)
            assert told(config, None)[0] == [], "what passes with data passes without"
    assert silent == set(allowed(task))
    assert with_warnings == set(warned(task))


def targets_of(task: Task) -> np.ndarray:
    if task is Task.MULTICLASS:
        return np.arange(8, dtype="int32") % 3
    return (np.arange(8.0, dtype="float32")[:, None] + np.arange(UNITS[task])) % 2


@pytest.mark.parametrize("task", list(Task))
def test_every_combination_that_passes_trains_a_step(task: Task) -> None:
    from nncli.model import build, compile_model, targets_for

    for combination in allowed(task):
        config = config_of(task, *combination, optimizer="sgd")
        model = build(config, facts_of(task))
        compile_model(model, config, facts_of(task))
        model.run_eagerly = True
        before = model.get_weights()
        x = {"numbers": np.random.default_rng(1).normal(size=(8, 2)).astype("float32")}
        y = targets_for(config, targets_of(task))
        loss = model.train_on_batch(x, y, return_dict=True)["loss"]
        assert np.isfinite(loss), combination
        moved = any(np.any(old != new) for old, new in zip(before, model.get_weights(), strict=True))
        assert moved or combination[0] == "relu", combination


@pytest.mark.parametrize(
    ("task", "loss", "activation", "rule"),
    [
        (Task.REGRESSION, "poisson", "linear", "loss-task"),
        (Task.BINARY, "poisson", "sigmoid", "loss-task"),
        (Task.MULTICLASS, "poisson", "softmax", "loss-class-ids"),
        (Task.POSITIVE_REGRESSION, "poisson", "linear", "poisson-output"),
        (Task.POSITIVE_REGRESSION, "poisson", "elu", "poisson-output"),
        (Task.MULTICLASS, "binary_focal_crossentropy", "softmax", "loss-task"),
        (Task.MULTICLASS, "categorical_focal_crossentropy", "sigmoid", "sigmoid-exclusive"),
        (Task.BINARY, "binary_focal_crossentropy", "linear", "logits-missing"),
    ],
)
def test_a_wrong_pairing_is_told_once_by_its_rule(task: Task, loss: str, activation: str, rule: str) -> None:
    refused, warnings = told(config_of(task, activation, loss, False), facts_of(task))
    assert [line.rpartition("[")[2] for line in refused] == [f"{rule}]"]
    assert warnings == []


def test_without_data_poisson_on_a_linear_output_is_refused() -> None:
    config = config_of(Task.POSITIVE_REGRESSION, "linear", "poisson", False)
    unknown = config.model_copy(update={"data": config.data.model_copy(update={"task": None})})
    assert "[poisson-output]" in told(unknown, None)[0][0]


@pytest.mark.parametrize(
    ("loss", "activation", "problem"),
    [
        ({"name": "binary_focal_crossentropy", "alpha": 0.5}, "sigmoid", "without apply_class_balancing"),
        ({"name": "binary_crossentropy", "gamma": 1.0}, "sigmoid", "or use binary_focal_crossentropy"),
        ({"name": "binary_crossentropy", "delta": 2.0}, "sigmoid", "binary_crossentropy has no delta"),
    ],
)
def test_an_option_that_has_no_effect_is_refused(loss: dict[str, Any], activation: str, problem: str) -> None:
    config = config_of(Task.BINARY, activation, "binary_crossentropy", False)
    config = config.model_copy(update={"loss": config.loss.model_copy(update=loss)})  # type: ignore[union-attr]
    ((line,), _) = told(config, facts_of(Task.BINARY))
    assert problem in line and line.endswith("[loss-option]")


RATE = {"schedule": "cosine", "initial_learning_rate": 0.01}
PIECES = {"schedule": "piecewise", "boundaries": [1, 2], "values": [0.1, 0.01, 0.001]}


@pytest.mark.parametrize(
    ("optimizer", "train", "rules"),
    [
        ({"learning_rate": RATE}, {"reduce_lr_on_plateau": {}}, ["schedule-plateau"]),
        ({"learning_rate": 0.01}, {"reduce_lr_on_plateau": {}}, []),
        ({"learning_rate": RATE}, {}, []),
        ({"learning_rate": PIECES}, {}, []),
        ({"learning_rate": {**PIECES, "boundaries": [2, 1]}}, {}, ["schedule-values"]),
        ({"learning_rate": {**PIECES, "boundaries": [2, 2]}}, {}, ["schedule-values"]),
        ({"learning_rate": {**PIECES, "boundaries": [1]}}, {}, ["schedule-values"]),
        ({"learning_rate": {**PIECES, "boundaries": [1, 20]}}, {}, ["schedule-epochs"]),
        ({"learning_rate": {**RATE, "warmup_epochs": 20}}, {}, ["schedule-epochs"]),
        ({"learning_rate": {**RATE, "warmup_epochs": 19.5}}, {}, []),
        ({"learning_rate": {**RATE, "initial_learning_rate": 5}}, {}, ["learning-rate"]),
        ({"clipnorm": 1.0, "clipvalue": 0.5}, {}, ["gradient-clipping"]),
        ({"clipvalue": 0.5, "global_clipnorm": 1.0}, {}, ["gradient-clipping"]),
        ({"global_clipnorm": 1.0}, {}, []),
    ],
)
def test_schedules_and_clipping_are_checked(optimizer: dict[str, Any], train: dict[str, Any], rules: list[str]) -> None:
    section = {"name": "adam", **optimizer}
    config = config_of(Task.BINARY, "sigmoid", "binary_crossentropy", False, optimizer=section, train=train)
    for facts in (None, facts_of(Task.BINARY)):
        refused, warnings = told(config, facts)
        assert [line.rpartition("[")[2].rstrip("]") for line in [*refused, *warnings]] == rules
        assert bool(refused) == bool(set(rules) & {"schedule-plateau", "schedule-values", "gradient-clipping"})


def test_an_output_that_is_left_out_is_exponential_under_poisson() -> None:
    from nncli.config.resolve import choose_missing

    config = Config.model_validate({"data": {"source": "iris"}, "model": {"layers": ["output"]}, "loss": "poisson"})
    chosen = choose_missing(config, facts_of(Task.POSITIVE_REGRESSION)).model.layers[-1]
    assert getattr(chosen, "activation", None) == "exponential"
