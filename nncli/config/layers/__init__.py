"""The layers on offer, one class each; `Layer` is their union, told apart by the single key of a YAML entry."""

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from nncli.config.layers.contract import ACTIVATIONS, LayerSection, Regularizer, ShapeError
from nncli.config.layers.convolution import (
    AveragePooling2D,
    Conv2D,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from nncli.config.layers.dense import Activation, Dense, Dropout, Flatten, Output
from nncli.config.layers.normalization import BatchNormalization, LayerNormalization

_Union = (
    Dense
    | Output
    | Activation
    | Dropout
    | Flatten
    | Conv2D
    | MaxPooling2D
    | AveragePooling2D
    | GlobalAveragePooling2D
    | BatchNormalization
    | LayerNormalization
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

__all__ = [
    "ACTIVATIONS",
    "LAYERS",
    "Activation",
    "AveragePooling2D",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "Layer",
    "LayerNormalization",
    "LayerSection",
    "MaxPooling2D",
    "Output",
    "Regularizer",
    "ShapeError",
]
