"""Measures each layer of a network on a fixed batch: gradients and activations; changes no variable.

What is looked at is one traced function without XLA, a tenth of what the training's own loop takes to build; a
measurement then takes about a millisecond more than the arithmetic.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from nncli.engine.arrays import Arrays
from nncli.engine.gradients import mean_loss
from nncli.engine.randomness import probe_words

Measures = dict[str, Any]

# An activation is saturated where its slope, a (1 - a) of a sigmoid and 1 - a² of tanh, is below this share of the
# steepest.
FLAT = 0.05
_DIGITS = 5
# Their weights are scales and tables, which the gradient reaches in another way than a kernel.
_NO_KERNELS = (
    keras.layers.Embedding,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
)


@dataclass(frozen=True)
class Site:
    """A layer that is measured, and the output to look at; `activation` is the name of its function, if it has one."""

    layer: keras.Layer
    activation: str | None

    @property
    def weights(self) -> list[Any]:
        """The trainable weights, in the layer's order."""
        return list(self.layer.trainable_variables)

    @property
    def kernels(self) -> list[Any]:
        """The weights whose updates are measured: without biases, which start at zero, if there are others."""
        return [weight for weight in self.weights if len(weight.shape) > 1] or self.weights

    @property
    def passes_gradients_on(self) -> bool:
        """Whether it has a kernel that the gradient reaches through the layers after it."""
        return not isinstance(self.layer, _NO_KERNELS) and any(len(weight.shape) > 1 for weight in self.weights)


class Sensors:
    """The places of a network to look at, and a traced function that looks at all of them at once.

    `network` has the output that the loss is computed from: that of all members for an ensemble. `output` names the
    output layer. The function is traced at its first call, in 0.03 to 0.2 seconds.
    """

    def __init__(self, network: keras.Model, loss: keras.losses.Loss, output: str) -> None:
        self.sites = _sites(network)
        self.output = output
        entering = network.get_layer(output).input
        outputs = [site.layer.output for site in self.sites]
        self.model = keras.Model(network.inputs, [*outputs, entering, network.outputs[0]])
        self.loss = loss
        self.look = tf.function(self._look, autograph=False)
        names = [site.layer.name for site in self.sites]
        # The output layer is meant to be sure of its answer, so only what comes before it can be saturated.
        self.hidden = set(names[: names.index(output)]) if output in names else set(names)

    def _look(self, inputs: Any, targets: Any, states: Any, guess: Any) -> tuple[Any, Any, Any, Any]:
        """The losses of the network and of the guess, the norm of its gradient for each weight, the measures of each
        site's output, the variation of what enters the output layer; assigns no variable."""
        values = [tf.identity(weight.value) for weight in self.model.trainable_variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            (*outputs, entering, predicted), _ = self.model.stateless_call(values, states, inputs, training=True)
            loss = mean_loss(self.loss, targets, predicted)
        gradients = tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        norms = [_size(tf.convert_to_tensor(gradient)) for gradient in gradients]
        measures = [self._measure(site, output) for site, output in zip(self.sites, outputs, strict=True)]
        variation = tf.math.divide_no_nan(_size(entering - tf.reduce_mean(entering, axis=0)), _size(entering))
        guessed = mean_loss(self.loss, targets, tf.repeat(guess[None], tf.shape(targets)[0], axis=0))
        return (loss, guessed), norms, measures, variation

    def _measure(self, site: Site, output: Any) -> dict[str, Any]:
        """What of a layer's output says how it is, by name."""
        measures = {"spread": _deviation(output)}
        if site.activation == "relu":
            measures["dead"] = _dead(output)
        if site.activation in ("sigmoid", "tanh") and site.layer.name in self.hidden:
            measures["saturated"] = _saturated(output, site.activation)
        return measures


class Probe:
    """A fixed batch in a network, measured as in training: with the dropout of `seed`, the statistics of the batch.

    `guess`, (outputs,), is what a network that knows nothing would predict for every example,
    `guessing_loss` the loss that it would have.
    """

    def __init__(self, sensors: Sensors, batch: Arrays, *, seed: int, guess: Sequence[float]) -> None:
        self.sites = sensors.sites
        self._sensors, self._seed = sensors, seed
        self._guess = tf.constant(guess, tf.float32)
        self.guessing_loss = math.nan  # known after the first measurement
        self._inputs = [tf.convert_to_tensor(batch.inputs[each.name]) for each in sensors.model.inputs]
        self._targets = tf.convert_to_tensor(batch.targets)

    def measure(self) -> Measures:
        """`loss`, `gradient_ratio` (first layer to last), and of each of the `layers` what applies to it.

        Of a layer: `gradient`, the norm of the loss's gradient with respect to its weights, without penalties;
        `spread`, the standard deviation of an output between examples, as the root mean square over all outputs;
        `dead`, the share of relu units that are zero for every example; `saturated`, the share of sigmoid or tanh
        outputs whose slope is below 5 % of the steepest. The output layer has `variation`: how much what enters it
        differs between examples, from 0 (not at all) to 1.
        """
        sensors = self._sensors
        arguments = (self._inputs, self._targets, self._fixed_states(), self._guess)
        (loss, guessed), norms, measures, variation = sensors.look(*arguments)
        self.guessing_loss = rounded(float(guessed))
        paths = [weight.path for weight in sensors.model.trainable_variables]
        gradients = dict(zip(paths, (float(norm) for norm in norms), strict=True))
        layers = []
        for site, values in zip(self.sites, measures, strict=True):
            layer: Measures = {"layer": site.layer.name}
            if site.weights:
                norm = math.hypot(*(gradients[weight.path] for weight in site.weights))
                layer["gradient"] = rounded(norm)
            layer |= {name: rounded(float(value)) for name, value in sorted(values.items(), reverse=True)}
            if site.layer.name == sensors.output:
                layer["variation"] = rounded(float(variation))
            layers.append(layer)
        return {"loss": rounded(float(loss)), "gradient_ratio": self._gradient_ratio(layers), "layers": layers}

    def _fixed_states(self) -> list[Any]:
        """The non-trainable variables as they are, with the same random state for each measurement."""
        return [
            tf.constant(probe_words(self._seed, position), variable.dtype)
            if variable.name == "seed_generator_state"
            else tf.convert_to_tensor(variable.value)
            for position, variable in enumerate(self._sensors.model.non_trainable_variables)
        ]

    def _gradient_ratio(self, layers: Sequence[Measures]) -> float | None:
        through = [
            float(layer["gradient"]) for site, layer in zip(self.sites, layers, strict=True) if site.passes_gradients_on
        ]
        return rounded(through[0] / through[-1]) if len(through) > 1 and through[-1] > 0 else None


def rounded(value: float) -> float:
    """Five significant digits: the last ones of a float32 are chance."""
    return float(f"{value:.{_DIGITS}g}")


def _sites(network: keras.Model) -> list[Site]:
    """The layers with weights or an activation, from the input to the output."""
    sites = []
    for layer in network.layers:
        activation: Callable[..., Any] | None = getattr(layer, "activation", None)
        name = getattr(activation, "__name__", None)
        is_bent = name not in (None, "linear", "softmax")
        if _has_one_output(layer) and (layer.trainable_variables or is_bent):
            sites.append(Site(layer, name))
    return sites


def _has_one_output(layer: keras.Layer) -> bool:
    try:
        return isinstance(layer.output, keras.KerasTensor)
    except (AttributeError, ValueError):  # never called, or more than once
        return False


def _deviation(values: Any) -> Any:
    """The root of the mean variance between examples."""
    count = tf.cast(tf.size(values), tf.float32)
    return _size(values - tf.reduce_mean(values, axis=0)) / tf.sqrt(count)


def _size(values: Any) -> Any:
    """The norm; in two operations, as each one more takes time to trace."""
    return tf.sqrt(2 * tf.nn.l2_loss(values))


def _dead(output: Any) -> Any:
    """Of the units (the last axis) the share that is zero for all examples and places."""
    largest = tf.reduce_max(output, axis=list(range(len(output.shape) - 1)))
    return tf.reduce_mean(tf.cast(largest <= 0, tf.float32))


def _saturated(output: Any, activation: str) -> Any:
    slopes = 4 * output * (1 - output) if activation == "sigmoid" else 1 - tf.square(output)
    return tf.reduce_mean(tf.cast(slopes < FLAT, tf.float32))
