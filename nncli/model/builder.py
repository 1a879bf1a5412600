"""Assembles a model: input layers, the layers of the config, the scale of the targets."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.config.layers import Dense, LayerSection
from nncli.config.sections import Config
from nncli.model.inputs import make_inputs
from nncli.model.layers import members
from nncli.model.layers.making import make_layer
from nncli.model.layers.placement import Placement

OUTPUT_NAME = "output"


def build(config: Config, facts: DataFacts) -> keras.Model:
    """The network of a resolved config as a functional model that takes raw inputs.

    The input is a dict: "image" (batch, height, width, channels), or whichever of "numbers" (batch, n) and
    "categories" (batch, m) the table has. The output is (batch, outputs), in the target's units for a regression.
    The initial weights depend only on `config.seed` and the layers. Names and paths of weights are the same every
    time, so saved weights can be loaded into a model rebuilt from the same config and facts.
    """
    inputs, tensor = make_inputs(facts)
    count = config.model.members
    if count > 1:
        tensor = members.split(tensor, count, config.seed)
    for section, placement in _name_layers(config, facts):
        tensor = _layer(section, placement, count)(tensor)
    scale = _target_scale(config, facts)
    if scale is not None:
        tensor = scale(tensor)
    if count > 1:
        mean = keras.layers.GlobalAveragePooling1D(name="mean_of_members")(tensor)
        return members.MembersModel(list(inputs.values()), tensor, mean, name=config.name)
    # A list rather than a dict: Keras matches a dict to it by name, and TensorFlow's converter passes a list.
    return keras.Model(inputs=list(inputs.values()), outputs=tensor, name=config.name)


def _layer(section: LayerSection, placement: Placement, count: int) -> Callable[[Any], Any]:
    """The Keras layer, or its counterpart for an ensemble of `count` members."""
    if count > 1 and isinstance(section, Dense):
        return (members.output if placement.name == OUTPUT_NAME else members.dense)(section, placement, count)
    return make_layer(section, placement)


def _name_layers(config: Config, facts: DataFacts) -> Iterator[tuple[LayerSection, Placement]]:
    """Each layer with its name: "dense_1", "dense_2" and so on, counted per kind, and "output" for the last."""
    seen: Counter[str] = Counter()
    last = len(config.model.layers) - 1
    for position, section in enumerate(config.model.layers):
        seen[section.kind] += 1
        is_output = position == last
        yield (
            section,
            Placement(
                name=OUTPUT_NAME if is_output else f"{section.kind}_{seen[section.kind]}",
                activation=config.model.hidden_activation,
                seed=int(np.random.SeedSequence([config.seed, position]).generate_state(1)[0]),
                bias=_output_bias(config, facts) if is_output else (),
            ),
        )


def _output_bias(config: Config, facts: DataFacts) -> tuple[float, ...]:
    """The initial output biases, one for each output; () means zeros.

    Positive regression starts at the mean of the training targets: a relu output that starts below zero has no
    gradient and would stay there.
    """
    target = facts.target
    if target.task is not Task.POSITIVE_REGRESSION:
        return ()
    if not config.data.scale_target:
        return target.mean
    return tuple(mean / deviation for mean, deviation in zip(target.mean, target.deviation, strict=True))


def _target_scale(config: Config, facts: DataFacts) -> keras.layers.Layer | None:
    """The inverse of the scaling of regression targets, so that predictions are in the target's units."""
    target = facts.target
    if not (target.task.is_regression and config.data.scale_target):
        return None
    # Positive regression is scaled but not shifted: with an offset of the mean, its relu could not reach small values.
    mean = target.mean if target.task is Task.REGRESSION else (0.0,) * len(target.mean)
    return keras.layers.Rescaling(list(target.deviation), offset=list(mean), name="target_scale")
