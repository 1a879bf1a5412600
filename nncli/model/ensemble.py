"""Several trained networks as one Keras model: the mean of what they predict."""

from collections.abc import Sequence

import keras


def average(members: Sequence[keras.Model], name: str) -> keras.Model:
    """A model of standard layers that takes the inputs of its members and gives the mean of their outputs.

    `members` are served models (see `serving`) with the same inputs, whose outputs, (batch, outputs), are probabilities
    or values. The mean of probabilities is a probability again, that of values in their unit.
    """
    given = [keras.Input(name=each.name, shape=each.shape[1:], dtype=each.dtype) for each in members[0].inputs]
    outputs = []
    for number, member in enumerate(members, 1):
        # A layer for each member, so that no two layers have the same name.
        part = keras.Model(inputs=member.inputs, outputs=member.outputs[0], name=f"member_{number}")
        outputs.append(part(given if len(given) > 1 else given[0]))
    return keras.Model(inputs=given, outputs=keras.layers.Average(name="mean")(outputs), name=name)
