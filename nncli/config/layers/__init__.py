"""The layers on offer, one class each; `Layer` is their union, told apart by the single key of a YAML entry.

They stand by family: `dense` (and what only passes values on), `convolution`, `pooling`, `normalization`,
`augmentation`, `sequence` (recurrent layers, embedding), `attention` (and patches), `residual`; `windows` is the
arithmetic of kernels and strides. Each knows its output shape and parameters without Keras.
"""

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from nncli.config.layer_section import ACTIVATIONS, LayerSection, Regularizer, ShapeError
from nncli.config.layers.attention import MultiHeadAttention, Patches, TransformerBlock
from nncli.config.layers.augmentation import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from nncli.config.layers.convolution import Conv1D, Conv2D, DepthwiseConv2D, SeparableConv2D
from nncli.config.layers.dense import Activation, Dense, Dropout, Flatten, GaussianNoise, Output, Reshape
from nncli.config.layers.normalization import BatchNormalization, GroupNormalization, LayerNormalization
from nncli.config.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from nncli.config.layers.residual import Residual
from nncli.config.layers.sequence import Embedding, Gru, Lstm

_Union = (
    Dense
    | Output
    | Activation
    | Dropout
    | GaussianNoise
    | BatchNormalization
    | LayerNormalization
    | GroupNormalization
    | Flatten
    | Reshape
    | Conv2D
    | Conv1D
    | DepthwiseConv2D
    | SeparableConv2D
    | MaxPooling2D
    | AveragePooling2D
    | GlobalAveragePooling2D
    | GlobalMaxPooling2D
    | MaxPooling1D
    | AveragePooling1D
    | GlobalAveragePooling1D
    | GlobalMaxPooling1D
    | Embedding
    | Lstm
    | Gru
    | MultiHeadAttention
    | TransformerBlock
    | Patches
    | Residual
    | RandomTranslation
    | RandomRotation
    | RandomZoom
    | RandomFlip
)

LAYERS: dict[str, type[LayerSection]] = {layer.model_fields["kind"].default: layer for layer in get_args(_Union)}


def _flatten_entry(entry: Any) -> Any:
    """`{dense: {units: 10}}`, `{flatten: }` and plain `flatten` become `{kind: dense, units: 10}` and so on."""
    if isinstance(entry, LayerSection):
        return entry
    if isinstance(entry, str):
        entry = {entry: {}}
    if not isinstance(entry, dict) or len(entry) != 1:
        raise PydanticCustomError(
            "layer_entry", "a layer is one key with its options, as in `- dense: {{units: 10}}`", {}
        )
    ((kind, options),) = entry.items()
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise PydanticCustomError(
            "layer_options",
            "the options of a layer are a mapping, as in `- {kind}: {{...}}`",
            {"kind": str(kind), "got": options},
        )
    if "kind" in options:
        raise PydanticCustomError("layer_kind", "unknown key", {"kind": str(kind)})
    return {"kind": kind, **options}


Layer = Annotated[_Union, Field(discriminator="kind"), BeforeValidator(_flatten_entry)]
Residual.model_rebuild(_types_namespace={"Layer": Layer})  # the layers inside it are any of these, itself included

__all__ = [
    "ACTIVATIONS",
    "LAYERS",
    "Activation",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "Conv1D",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Gru",
    "Layer",
    "LayerNormalization",
    "LayerSection",
    "Lstm",
    "MaxPooling1D",
    "MaxPooling2D",
    "MultiHeadAttention",
    "Output",
    "Patches",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "Regularizer",
    "Reshape",
    "Residual",
    "SeparableConv2D",
    "ShapeError",
    "TransformerBlock",
]
