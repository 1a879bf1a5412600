"""Blocks built from several Keras layers: attention, patches, residual blocks, and embeddings of pixel levels.

Each is a function from tensor to tensor that uses only standard Keras layers, so a saved model can be loaded without
nncli.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from nncli.config import layers as sections
from nncli.config.layer_section import KernelLayer
from nncli.config.section import product
from nncli.model.layers.placement import Placement, initializer_of, kernel_options, regularizer_of

Block = Callable[[Any], Any]
# The standard deviation of the initial position embeddings in the vision transformer (Dosovitskiy et al., 2020).
_POSITION_DEVIATION = 0.02


def multi_head_attention(section: sections.MultiHeadAttention, placement: Placement) -> Block:
    """Self-attention: (batch, steps, features) to a tensor of the same shape."""
    layer = keras.layers.MultiHeadAttention(
        section.num_heads,
        section.key_dim,
        dropout=section.dropout,
        use_bias=section.use_bias,
        seed=placement.seed,
        **kernel_options(section, placement),
    )
    return lambda tensor: _attend(layer, section, placement, tensor)


def _attend(layer: Any, section: KernelLayer, placement: Placement, tensor: Any) -> Any:
    """Applies self-attention and reseeds its kernels.

    Keras initializes the query, key and value kernels from one seed, so they would start with the same numbers.
    """
    output = layer(tensor, tensor)
    kernels = [weight for weight in layer.trainable_weights if weight.path.endswith("kernel")]
    for position, kernel in enumerate(kernels):
        drawn = initializer_of(section, placement.derived_seed(position))
        kernel.assign(drawn(kernel.shape, dtype=kernel.dtype))
    return output


def transformer_block(section: sections.TransformerBlock, placement: Placement) -> Block:
    """Pre-norm: x + attention(norm(x)), then x + mlp(norm(x)); (batch, steps, features) to a tensor of the same shape.

    Dosovitskiy et al., 2020 (arXiv:2010.11929, equations 2 and 3); Xiong et al., 2020 (arXiv:2002.04745).
    """

    def block(tensor: Any) -> Any:
        tensor = _add(section, placement.inside("attention", 0), tensor, _attention_part)
        return _add(section, placement.inside("mlp", 1), tensor, _mlp_part)

    return block


_Part = Callable[[sections.TransformerBlock, Placement, Any], Any]


def _add(section: sections.TransformerBlock, placement: Placement, tensor: Any, part: _Part) -> Any:
    """x + dropout(part(norm(x)))."""
    layers, name = keras.layers, placement.name
    changed = layers.LayerNormalization(epsilon=section.epsilon, name=f"{name}_norm")(tensor)
    changed = part(section, placement, changed)
    if section.dropout:
        changed = layers.Dropout(section.dropout, seed=placement.seed, name=f"{name}_dropout")(changed)
    return layers.Add(name=f"{name}_sum")([tensor, changed])


def _attention_part(section: sections.TransformerBlock, placement: Placement, tensor: Any) -> Any:
    layer = keras.layers.MultiHeadAttention(
        section.num_heads,
        tensor.shape[-1] // section.num_heads,
        dropout=section.dropout,
        seed=placement.derived_seed(0),
        **kernel_options(section, placement),
    )
    return _attend(layer, section, placement.inside("kernels", 1), tensor)


def _mlp_part(section: sections.TransformerBlock, placement: Placement, tensor: Any) -> Any:
    wide, narrow = placement.inside("wide", 0), placement.inside("narrow", 1)
    width = tensor.shape[-1]
    tensor = keras.layers.Dense(section.mlp_units, activation=section.activation, **kernel_options(section, wide))(
        tensor
    )
    return keras.layers.Dense(width, **kernel_options(section, narrow))(tensor)


def patches(section: sections.Patches, placement: Placement) -> Block:
    """(batch, height, width, channels) to (batch, patches, units); the patches in row-major order."""

    def block(tensor: Any) -> Any:
        height, width, channels = tensor.shape[1:]
        down, across = section.patch_size
        rows, columns = height // down, width // across
        grid = keras.layers.Reshape((rows, down, columns, across, channels), name=f"{placement.name}_grid")(tensor)
        grid = keras.layers.Permute((1, 3, 2, 4, 5), name=f"{placement.name}_order")(grid)
        flat = keras.layers.Reshape((rows * columns, down * across * channels), name=f"{placement.name}_flat")(grid)
        # A bias with one entry per patch is the learned position embedding.
        return keras.layers.EinsumDense(
            "bpx,xu->bpu",
            output_shape=(rows * columns, section.units),
            bias_axes="pu",
            bias_initializer=keras.initializers.RandomNormal(
                stddev=_POSITION_DEVIATION, seed=placement.derived_seed(0)
            ),
            **kernel_options(section, placement),
        )(flat)

    return block


def embedding(section: sections.Embedding, placement: Placement) -> Block:
    """Values between 0 and 1, (batch, ...), to embeddings (batch, ..., output_dim)."""
    table = keras.layers.Embedding(
        section.input_dim,
        section.output_dim,
        embeddings_initializer=initializer_of(section, placement.seed),
        embeddings_regularizer=regularizer_of(section),
        name=placement.name,
    )

    def block(tensor: Any) -> Any:
        levels = ops.round(ops.clip(tensor, 0.0, 1.0) * (section.input_dim - 1))
        return table(ops.cast(levels, "int32"))

    return block


def residual(
    section: sections.Residual, placement: Placement, make: Callable[[sections.LayerSection, Placement], Block]
) -> Block:
    """x + layers(x), or projection(x) + layers(x); `make` creates the inner layers."""

    def block(tensor: Any) -> Any:
        inner, seen = tensor, Counter[str]()
        for position, layer in enumerate(section.layers):
            seen[layer.kind] += 1
            inner = make(layer, placement.inside(f"{layer.kind}_{seen[layer.kind]}", position))(inner)
        around = _project(section, placement, tensor, inner.shape[-1])
        return keras.layers.Add(name=placement.name)([around, inner])

    return block


def _project(section: sections.Residual, placement: Placement, tensor: Any, width: int) -> Any:
    """The shortcut: the tensor itself, or a convolution of it with kernel size 1 (He et al., 2015, option B)."""
    strides = section.projection_strides(tuple(tensor.shape[1:])) if section.projection else None
    if strides is None:
        return tensor
    options = {
        "name": f"{placement.name}_projection",
        "use_bias": False,
        "kernel_initializer": keras.initializers.GlorotUniform(seed=placement.derived_seed(len(section.layers))),
    }
    if product(strides) == 1:
        return keras.layers.Dense(width, **options)(tensor)
    convolution = keras.layers.Conv2D if len(strides) == 2 else keras.layers.Conv1D
    return convolution(width, 1, strides=strides, **options)(tensor)
