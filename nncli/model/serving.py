"""The model as it is saved and used: probabilities or values, never logits; does not depend on file formats."""

import keras

from nncli.config.facts import Task
from nncli.config.layers import Dense
from nncli.config.objective import CROSSENTROPIES
from nncli.config.sections import Config


def serving(model: keras.Model, config: Config) -> keras.Model:
    """The same layers and weights, uncompiled, with outputs (batch, outputs) that are probabilities or values.

    Adds a sigmoid (binary, multilabel) or softmax (multiclass) if the output layer is linear and the loss expects
    logits; this is the only place that does so. The model is uncompiled because a file that refers to one of nncli's
    losses could only be loaded with nncli.
    """
    outputs = model.outputs[0]
    if gives_logits(config):
        activation = "softmax" if config.data.task is Task.MULTICLASS else "sigmoid"
        outputs = keras.layers.Activation(activation, name="probabilities")(outputs)
    return keras.Model(inputs=model.input, outputs=outputs, name=model.name)


def gives_logits(config: Config) -> bool:
    """Whether the output layer is linear and the loss applies the activation."""
    last = config.model.layers[-1]
    linear = isinstance(last, Dense) and last.activation == "linear"
    loss = config.loss
    return linear and loss is not None and loss.name in CROSSENTROPIES and loss.from_logits
