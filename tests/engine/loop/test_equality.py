"""Every shipped network by the executor that `auto` picks for it ends where `model.fit` ends on the same batches."""

import numpy as np
import pytest

from nncli import data
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_names
from nncli.config.rules import resolve
from nncli.engine.process import environment
from nncli.pipeline.training.planning import choose_engine

environment.prepare(threads=2)

import keras  # noqa: E402

from nncli.config.sections import Config  # noqa: E402
from nncli.data.dataset import Dataset  # noqa: E402
from nncli.engine.arrays import Arrays, Plan  # noqa: E402
from nncli.engine.loop.training import fit  # noqa: E402
from nncli.engine.randomness import order_of_epoch, seed_layers  # noqa: E402
from nncli.engine.weights import get_weights  # noqa: E402
from nncli.model import build, compile_model, targets_for  # noqa: E402
from nncli.pipeline.training.examples import row_weights  # noqa: E402

# Three full batches and a partial one; where a config says `full`, one batch of all.
EXAMPLES, BATCH, SEED = 56, 16, 3
# Adam and RMSprop divide a gradient by its own size. One that is nothing but rounding, such as that of the keys' bias
# in attention, then makes a step as large as any other; with this epsilon it makes none, and all else is as ever.
EPSILON = 1e-3
# The bundled digits stand in for MNIST; 7 by 7 patches do not fit in them.
SMALLER = {"mnist_vit": ["model.layers[0].patches.patch_size=4"]}


def prepared(name: str) -> tuple[Config, Dataset]:
    """The resolved config and its data; small batches, unless one holds all."""
    assignments = ["data.source=digits"] if name.startswith("mnist") else []
    loaded = load_config(name, [*assignments, *SMALLER.get(name, [])])
    dataset = data.load(loaded.config.data, seed=1, data_dir=None, progress=lambda what, fraction: None)
    config = resolve(loaded, dataset.facts)[0]
    if "epsilon" in type(config.optimizer).model_fields:
        config = config.model_copy(update={"optimizer": config.optimizer.model_copy(update={"epsilon": EPSILON})})
    return config, dataset


def compiled(config: Config, dataset: Dataset) -> keras.Model:
    model = build(config, dataset.facts)
    compile_model(model, config, dataset.facts)
    return model


def choice(name: str) -> tuple[str, str, int]:
    """The name of a config with the executor and the parts of a batch that are chosen for it."""
    config, dataset = prepared(name)
    engine = choose_engine(config, dataset.facts, accelerator=False)
    return name, engine.executor, engine.parts


# On the bundled digits, and with few cores, batches are not divided; 3 parts of 16 examples are not equally large.
IN_PARTS = [("mnist_cnn", "graph", 3), ("mnist_vit", "graph", 3)]


@pytest.mark.long
@pytest.mark.parametrize(("name", "executor", "parts"), [*map(choice, shipped_names()), *IN_PARTS])
def test_a_shipped_network_ends_in_the_weights_and_logs_of_fit(name: str, executor: str, parts: int) -> None:
    config, dataset = prepared(name)
    size = EXAMPLES if config.train.batch_size == "full" else BATCH
    inputs = {key: array[:EXAMPLES] for key, array in dataset.train.inputs.items()}
    targets = targets_for(config, dataset.train.targets[:EXAMPLES])
    model, reference = compiled(config, dataset), compiled(config, dataset)

    plan = Plan(epochs=1, batch_size=size, seed=SEED, executor=executor, parts=parts)
    [logs] = fit(model, Arrays(inputs, targets), None, plan)

    order = order_of_epoch(SEED, 0, EXAMPLES)
    seed_layers(reference, SEED, 0)
    shuffled = {key: array[order] for key, array in inputs.items()}
    history = reference.fit(shuffled, targets[order], batch_size=size, shuffle=False, verbose=0).history
    expected = {key: values[0] for key, values in history.items()}

    ours, theirs = get_weights(model), get_weights(reference)
    assert ours.keys() == theirs.keys()
    for path, array in ours.items():
        np.testing.assert_allclose(array, theirs[path], atol=1e-5, rtol=0, err_msg=path)
    assert {key: logs[key] for key in expected} == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("executor", ["xla", "graph"])
def test_class_weights_train_as_those_of_fit(executor: str) -> None:
    config, dataset = prepared("softmax_regression")
    by_class = {name: 1.0 + index / 4 for index, name in enumerate(dataset.facts.target.classes)}
    weighted = config.model_copy(update={"train": config.train.model_copy(update={"class_weight": by_class})})
    weights = row_weights(weighted, dataset)
    assert weights is not None
    inputs = {key: array[:EXAMPLES] for key, array in dataset.train.inputs.items()}
    targets = dataset.train.targets[:EXAMPLES]
    model, reference = compiled(config, dataset), compiled(config, dataset)
    plan = Plan(epochs=1, batch_size=BATCH, seed=SEED, executor=executor)
    fit(model, Arrays(inputs, targets, weights[:EXAMPLES]), None, plan)

    order = order_of_epoch(SEED, 0, EXAMPLES)
    shuffled = {key: array[order] for key, array in inputs.items()}
    own = dict(enumerate(by_class.values()))
    reference.fit(shuffled, targets[order], batch_size=BATCH, shuffle=False, verbose=0, class_weight=own)
    for path, array in get_weights(model).items():
        np.testing.assert_allclose(array, get_weights(reference)[path], atol=1e-5, rtol=0, err_msg=path)
