"""Rules about hidden layers: activations that prevent learning or add nothing, dropout in the wrong place."""

from collections.abc import Iterator

from nncli.config.facts import DataFacts, ImageInput
from nncli.config.layer_section import WeightedLayer
from nncli.config.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Gru,
    LayerNormalization,
    LayerSection,
    Lstm,
    MaxPooling1D,
    MaxPooling2D,
    MultiHeadAttention,
    Output,
    Residual,
    TransformerBlock,
)
from nncli.config.reading.document import KeyPath
from nncli.config.rules.finding import Finding
from nncli.config.sections import Config
from nncli.config.stack import activation_of

# Layers that are not linear in what enters them, whatever their activation.
_BENDING = (
    MaxPooling1D | MaxPooling2D | GlobalMaxPooling1D | GlobalMaxPooling2D | LayerNormalization | Embedding | Lstm | Gru
    | GroupNormalization | MultiHeadAttention | TransformerBlock | Residual
)  # fmt: skip
_FOR_MEMBERS = (
    Dense | Output | Dropout | Activation | GaussianNoise | BatchNormalization | LayerNormalization
)  # fmt: skip
# Each sigmoid passes on at most a quarter of the gradient: 0.25**6 is 1/4096.
_DEEP = 6


def hidden_layers_keep_their_information(config: Config) -> Iterator[Finding]:
    """hidden-softmax."""
    told: set[KeyPath] = set()
    for index, layer in enumerate(config.model.layers[:-1]):
        path = _activation_path(config, index)
        if activation_of(config, layer) == "softmax" and path not in told:
            told.add(path)
            reason = "softmax makes the units of a hidden layer compete: they sum to 1, and one takes nearly all"
            yield Finding("hidden-softmax", path, reason, "use relu; softmax belongs in the output layer")


def hidden_layers_are_nonlinear(config: Config) -> Iterator[Finding]:
    """hidden-linear."""
    told: set[KeyPath] = set()
    for index, layer in enumerate(config.model.layers[:-1]):
        is_straight = isinstance(layer, WeightedLayer) and activation_of(config, layer) == "linear"
        path = _activation_path(config, index)
        if is_straight and path not in told and not _is_nonlinear_before_weights(config, index + 1):
            told.add(path)
            reason = "linear layers without an activation between them are equivalent to a single linear layer"
            yield Finding("hidden-linear", path, reason, "use activation: relu, or leave the layer out")


def _is_nonlinear_before_weights(config: Config, start: int) -> bool:
    """Whether something nonlinear follows before the next layer with weights."""
    for layer in config.model.layers[start:]:
        if isinstance(layer, _BENDING):
            return True
        if isinstance(layer, Activation) and layer.activation != "linear":
            return True
        if isinstance(layer, WeightedLayer):
            return False
    return False


def gradients_arrive(config: Config) -> Iterator[Finding]:
    """deep-sigmoid."""
    hidden = config.model.layers[:-1]
    count = sum(activation_of(config, layer) == "sigmoid" for layer in hidden)
    if count >= _DEEP and not any(
        isinstance(layer, BatchNormalization | LayerNormalization | GroupNormalization) for layer in hidden
    ):
        reason = f"{count} sigmoid layers pass on at most 0.25**{count} of the gradient: the first ones hardly learn"
        path: KeyPath = ("model", "hidden_activation")
        yield Finding("deep-sigmoid", path, reason, "use relu, or batch_normalization between them")


def dropout_spares_the_output(config: Config) -> Iterator[Finding]:
    """dropout-regression."""
    task, layers = config.data.task, config.model.layers
    if task is None or not task.is_regression:
        return
    for index in range(len(layers) - 2, -1, -1):
        layer = layers[index]
        if isinstance(layer, Dropout) and layer.rate > 0:
            reason = "dropout right before the output changes the variance of what a regression sums"
            path: KeyPath = ("model", "layers", index, "dropout")
            yield Finding("dropout-regression", path, reason, "move it before the last hidden layer, or remove it")
        if not isinstance(layer, Flatten):
            return


def members_are_dense(config: Config) -> Iterator[Finding]:
    """members."""
    if config.model.members == 1:
        return
    for index, layer in enumerate(config.model.layers):
        if not isinstance(layer, _FOR_MEMBERS):
            reason = f"{layer.kind} is not a layer that members can share"
            fix = "use dense, dropout, activation, noise and normalization layers, or members: 1"
            yield Finding("members", ("model", "layers", index), reason, fix)
            return


def members_see_columns(config: Config, facts: DataFacts) -> Iterator[Finding]:
    """members."""
    if config.model.members > 1 and isinstance(facts.inputs, ImageInput):
        reason = "members share dense layers over the columns of a table, but the input is images"
        yield Finding("members", ("model", "members"), reason, "use members: 1")


def _activation_path(config: Config, index: int) -> KeyPath:
    """Where the activation of a layer is set: in the layer, or for all hidden layers."""
    layer: LayerSection = config.model.layers[index]
    if getattr(layer, "activation", None) is None:
        return ("model", "hidden_activation")
    return ("model", "layers", index, layer.kind, "activation")


CONFIG_RULES = (
    hidden_layers_keep_their_information,
    hidden_layers_are_nonlinear,
    gradients_arrive,
    dropout_spares_the_output,
    members_are_dense,
)
DATA_RULES = (members_see_columns,)
