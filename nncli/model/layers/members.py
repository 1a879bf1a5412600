"""An ensemble in one network: the members share dense kernels; each has its own scales, biases and output layer.

This follows TabM (Gorishniy et al., "TabM: Advancing tabular deep learning with parameter-efficient ensembling", 2025),
in standard Keras layers, so that a saved model can be loaded without nncli.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from nncli.config import layers as sections
from nncli.model.layers.placement import Placement, kernel_options, regularizer_of


class MembersModel(keras.Model):  # type: ignore[misc]  # keras has no types
    """Predicts the mean of its members, and trains each member on its own loss.

    In training, the output is that of all members, (batch, members, outputs). If the loss of their mean were minimized
    instead, members could compensate for each other's errors and would not be an ensemble.
    """

    def __init__(self, inputs: Any, members: Any, mean: Any, **options: Any) -> None:
        """`members` and `mean` are tensors (batch, members, outputs) and (batch, outputs) of the same graph."""
        super().__init__(inputs=inputs, outputs=mean, **options)
        self._each = keras.Model(inputs=inputs, outputs=members)

    @property
    def all_outputs(self) -> keras.Model:
        """The same network with the output of every member, (batch, members, outputs)."""
        return self._each

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """(batch, members, outputs) in training, otherwise (batch, outputs)."""
        if training:
            return self._each(inputs, training=True)
        return super().call(inputs, training=training, mask=mask)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The mean of the members' losses in training, otherwise the loss of their mean."""
        if len(y_pred.shape) == 3:
            y, sample_weight = (
                each if each is None else ops.repeat(ops.expand_dims(each, 1), y_pred.shape[1], axis=1)
                for each in (y, sample_weight)
            )
        return super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The metrics of the mean."""
        if len(y_pred.shape) == 3:
            y_pred = ops.mean(y_pred, axis=1)
        return super().compute_metrics(x, y, y_pred, sample_weight)


def member_outputs(model: keras.Model) -> keras.Model:
    """The model with the outputs of all members, (batch, members, outputs); the model itself if it has none."""
    return model.all_outputs if isinstance(model, MembersModel) else model


def split(tensor: Any, count: int, seed: int) -> Any:
    """(batch, columns) to (batch, members, columns): each member multiplies the columns by its own weights.

    The weights start as random signs, so that the members differ from the start, and are then trained.
    """
    columns = tensor.shape[-1]
    signs = np.random.default_rng(seed).choice(np.array([-1.0, 1.0], np.float32), (count, columns))
    return keras.layers.EinsumDense(
        "bi,mi->bmi", (count, columns), kernel_initializer=keras.initializers.Constant(signs), name="members"
    )(tensor)


def dense(section: sections.Dense, placement: Placement, count: int) -> Callable[[Any], Any]:
    """A hidden dense layer: one kernel for all members; a scale and a bias for each unit of each member."""

    def apply(tensor: Any) -> Any:
        tensor = keras.layers.Dense(section.units, use_bias=False, **kernel_options(section, placement))(tensor)
        tensor = keras.layers.EinsumDense(
            "bmo,mo->bmo",
            (count, section.units),
            bias_axes="mo" if section.use_bias else None,
            kernel_initializer="ones",
            name=f"{placement.name}_members",
        )(tensor)
        return keras.layers.Activation(section.activation or placement.activation, name=f"{placement.name}_activation")(
            tensor
        )

    return apply


def output(section: sections.Dense, placement: Placement, count: int) -> Callable[[Any], Any]:
    """The output layer: a separate kernel for each member."""

    def apply(tensor: Any) -> Any:
        limit = math.sqrt(6 / (tensor.shape[-1] + section.units))
        bias = np.asarray(placement.bias or (0.0,) * section.units, np.float32)
        # Outputs before members: LiteRT's converter cannot add a bias of shape (members, 1).
        tensor = keras.layers.EinsumDense(
            "bmi,omi->bom",
            (section.units, count),
            bias_axes="om" if section.use_bias else None,
            kernel_initializer=keras.initializers.RandomUniform(-limit, limit, seed=placement.seed),
            bias_initializer=keras.initializers.Constant(np.tile(bias[:, None], (1, count))),
            kernel_regularizer=regularizer_of(section),
            name=placement.name,
        )(tensor)
        tensor = keras.layers.Permute((2, 1), name="output_by_member")(tensor)
        activation = section.activation or placement.activation
        return keras.layers.Activation(activation, name="output_activation")(tensor)

    return apply
