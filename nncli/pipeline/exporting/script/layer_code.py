"""Each layer of a config as the line of Keras that makes it."""

from typing import Any

from nncli.config import layers as sections
from nncli.config.layer_section import KernelLayer, Regularizer, WeightedLayer
from nncli.pipeline.exporting.script.calls import Code, write_call

# Keras's names that are not the kind's words with capitals.
_CLASSES = {
    "conv1d": "Conv1D",
    "conv2d": "Conv2D",
    "depthwise_conv2d": "DepthwiseConv2D",
    "separable_conv2d": "SeparableConv2D",
    "gru": "GRU",
    "lstm": "LSTM",
}
# Arguments that need no name, in Keras's order.
_POSITIONAL = ("units", "filters", "kernel_size", "pool_size", "rate", "stddev", "target_shape", "groups", "mode")
# Written even with the config's default, which is not Keras's.
_ALWAYS = frozenset(("kernel_size", "mode", "fill_mode", "factor", "height_factor", "width_factor"))
# Height and width of a window, or its steps; one number stands for both.
_WINDOWS = ("kernel_size", "pool_size", "strides")


def write_layer(section: sections.LayerSection, hidden_activation: str, **more: Any) -> Code:
    """The call that makes the Keras layer: `layers.Dense(25, activation="relu")`."""
    options = layer_options(section, hidden_activation)
    first = [options.pop(name) for name in _POSITIONAL if name in options]
    return write_call(f"layers.{_class_name(section.kind)}", *first, **options, **more)


def layer_options(section: sections.LayerSection, hidden_activation: str) -> dict[str, Any]:
    """The options of a layer by Keras's names, without those at Keras's default."""
    options = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if name == "kind" or (value == field.default and name not in _ALWAYS) or value is None:
            continue
        options[name] = _short(value) if name in _WINDOWS else value
    if isinstance(section, WeightedLayer):
        activation = section.activation or hidden_activation
        options.pop("activation", None)
        if activation != "linear":
            options["activation"] = activation
    for name in ("kernel_initializer", "kernel_regularizer"):
        options.pop(name, None)
    return {**options, **kernel_options(section)}


def kernel_options(section: sections.LayerSection) -> dict[str, Any]:
    """Initializers and regularizers under the names of the layer's kernels, without those at Keras's default."""
    options: dict[str, Any] = {}
    if not isinstance(section, KernelLayer):
        return options
    kernels = {"depthwise_conv2d": ("depthwise",), "separable_conv2d": ("depthwise", "pointwise")}
    for kernel in kernels.get(section.kind, ("kernel",)):
        if section.kernel_initializer != "glorot_uniform":
            options[f"{kernel}_initializer"] = section.kernel_initializer
        if section.kernel_regularizer is not None:
            options[f"{kernel}_regularizer"] = _penalty(section.kernel_regularizer)
    if section.kind in ("gru", "lstm") and section.kernel_regularizer is not None:
        options["recurrent_regularizer"] = _penalty(section.kernel_regularizer)
    return options


def _penalty(regularizer: Regularizer) -> Code:
    return write_call("keras.regularizers.L1L2", l1=regularizer.l1, l2=regularizer.l2)


def _short(value: Any) -> Any:
    """(3, 3) as 3."""
    return value[0] if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1] else value


def _class_name(kind: str) -> str:
    if kind in _CLASSES:
        return _CLASSES[kind]
    name = "".join(word.capitalize() for word in kind.split("_"))
    return name.replace("1d", "1D").replace("2d", "2D")
