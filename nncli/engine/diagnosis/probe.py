"""Measures each layer of a network on a fixed batch: gradients and activations; changes no variable.

What is looked at is one traced function without XLA, a twentieth of what the training's own loop takes to build; a
measurement then takes about a millisecond more than the arithmetic.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays
from nncli.engine.gradients import mean_loss
from nncli.engine.process.graphs import trace
from nncli.engine.randomness import probe_words

Measures = dict[str, Any]

# An activation is saturated where its slope, a (1 - a) of a sigmoid and 1 - a² of tanh, is below this share of the
# steepest.
FLAT = 0.05
_DIGITS = 5
# Rewriting the graph takes longer than all that a faster one would save.
_AS_TRACED = tf.compat.v1.ConfigProto()
_AS_TRACED.graph_options.rewrite_options.disable_meta_optimizer = True
# How operations are started. They follow each other, so handing each to a thread takes longer than many of them do; but
# that one knows no loops and no conditions.
_ONE_BY_ONE, _WITH_THREADS = "SINGLE_THREADED_EXECUTOR", ""
# Their weights are scales and tables, which the gradient reaches in another way than a kernel.
_NO_KERNELS = (
    keras.layers.Embedding,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
)


@dataclass(frozen=True)
class Site:
    """A layer that is measured, and the output to look at; `activation` is the name of its function, if it has one.

    What Keras collects anew whenever it is asked is kept, as each epoch asks for it.
    """

    layer: keras.Layer
    activation: str | None

    @cached_property
    def weights(self) -> list[Any]:
        """The trainable weights, in the layer's order."""
        return list(self.layer.trainable_variables)

    @cached_property
    def kernels(self) -> list[Any]:
        """The weights whose updates are measured: without biases, which start at zero, if there are others."""
        return [weight for weight in self.weights if len(weight.shape) > 1] or self.weights

    @cached_property
    def size(self) -> int:
        """How many numbers the output has for an example."""
        return math.prod(self.layer.output.shape[1:])

    @cached_property
    def passes_gradients_on(self) -> bool:
        """Whether it has a kernel that the gradient reaches through the layers after it."""
        return not isinstance(self.layer, _NO_KERNELS) and any(len(weight.shape) > 1 for weight in self.weights)


class Sensors:
    """The places of a network to look at, and a traced function that looks at all of them at once.

    `network` has the output that the loss is computed from: that of all members for an ensemble. `output` names the
    output layer. The function is traced at its first call, in 0.02 to 0.1 seconds: about as long as it has operations,
    so it computes sums, and the rest is done with numbers.
    """

    def __init__(self, network: keras.Model, loss: keras.losses.Loss, output: str) -> None:
        self.sites = _sites(network)
        self.output = output
        entering = network.get_layer(output).input
        outputs = [site.layer.output for site in self.sites]
        self.model = keras.Model(network.inputs, [*outputs, entering, network.outputs[0]])
        self.loss = loss
        self.weights, self.states = list(self.model.trainable_variables), list(self.model.non_trainable_variables)
        self._function = tf.function(self._compute_vector, autograph=False)
        names = [site.layer.name for site in self.sites]
        # The output layer is meant to be sure of its answer, so only what comes before it can be saturated.
        self.hidden = set(names[: names.index(output)]) if output in names else set(names)

    def _compute_vector(self, inputs: Any, targets: Any, states: Any) -> Any:
        """One vector: the loss, half the squared norm of its gradient for each weight, for each site half the squared
        deviations of its output from their means, and what `shares_of` names; of what enters the output layer half its
        squares, and half its squared deviations. Assigns no variable."""
        values = [tf.convert_to_tensor(weight.value) for weight in self.weights]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            (*outputs, entering, predicted), _ = self.model.stateless_call(values, states, inputs, training=True)
            losses = _losses(self.loss, targets, predicted)
        # The gradient of the mean: what a mean is made of need not be traced backwards.
        shares = tf.constant(1 / losses.shape.num_elements(), tf.float32, losses.shape)
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(losses, values, output_gradients=shares, unconnected_gradients=zero)
        found = [tf.reduce_mean(losses), *(tf.nn.l2_loss(tf.convert_to_tensor(gradient)) for gradient in gradients)]
        deviations = {id(output): _deviations(output) for output in (*outputs, entering)}
        for site, output in zip(self.sites, outputs, strict=True):
            found += [deviations[id(output)], *self._shares(site, output)]
        return tf.stack([*found, tf.nn.l2_loss(entering), deviations[id(entering)]])

    def trace(self, inputs: Sequence[Any], targets: Any, states: Sequence[Any]) -> "Look":
        """The function for arguments of these shapes, traced if there is none yet."""
        return Look(trace(self._function, inputs, targets, states))

    def shares_of(self, site: Site) -> tuple[str, ...]:
        """What is measured of a layer as a share of its units or outputs: `dead`, `saturated`."""
        if site.activation == "relu":
            return ("dead",)
        is_bent_twice = site.activation in ("sigmoid", "tanh") and site.layer.name in self.hidden
        return ("saturated",) if is_bent_twice else ()

    def _shares(self, site: Site, output: Any) -> list[Any]:
        shares = {"dead": lambda: _dead(output), "saturated": lambda: _saturated(output, str(site.activation))}
        return [shares[name]() for name in self.shares_of(site)]


class Look:
    """A traced function, called as it is: as what `tf.function` returns, without its optimizer."""

    def __init__(self, traced: Any) -> None:
        self._traced = traced
        executor = _WITH_THREADS if _branches(traced.graph) else _ONE_BY_ONE
        self._how = {"config_proto": _AS_TRACED.SerializeToString(), "config": "", "executor_type": executor}

    def __call__(self, inputs: Sequence[Any], targets: Any, states: Sequence[Any]) -> list[float]:
        """The vector that the function returns."""
        given = [*inputs, targets, *states, *self._traced.captured_inputs]
        [found] = tf.raw_ops.StatefulPartitionedCall(args=given, Tout=[tf.float32], f=self._traced, **self._how)
        return [float(number) for number in found.numpy()]


def _branches(graph: Any) -> bool:
    """Whether loops or conditions are in a graph, or in the functions that it calls."""
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    return any(node.op.endswith(("While", "If", "Case")) for node in nodes)


class Probe:
    """A fixed batch in a network, measured as in training: with the dropout of `seed`, the statistics of the batch.

    `guess`, (outputs,), is what a network that knows nothing would predict for every example,
    `guessing_loss` the loss that it would have.
    """

    def __init__(self, sensors: Sensors, batch: Arrays, *, seed: int, guess: Sequence[float]) -> None:
        self.sites = sensors.sites
        self._sensors, self._seed, self._rows = sensors, seed, len(batch)
        self._inputs = [tf.convert_to_tensor(batch.inputs[each.name]) for each in sensors.model.inputs]
        self._targets = tf.cast(batch.targets, sensors.loss.dtype)  # as `Loss.__call__` does
        self._look: Look | None = None
        guessed = np.tile(np.asarray(guess, np.float32), (len(batch), 1))
        self.guessing_loss = rounded(float(mean_loss(sensors.loss, self._targets, tf.constant(guessed))))

    def measure(self) -> Measures:
        """`loss`, `gradient_ratio` (first layer to last), and of each of the `layers` what applies to it.

        Of a layer: `gradient`, the norm of the loss's gradient with respect to its weights, without penalties;
        `spread`, the standard deviation of an output between examples, as the root mean square over all outputs;
        `dead`, the share of relu units that are zero for every example; `saturated`, the share of sigmoid or tanh
        outputs whose slope is below 5 % of the steepest. The output layer has `variation`: how much what enters it
        differs between examples, from 0 (not at all) to 1.
        """
        sensors = self._sensors
        given = (self._inputs, self._targets, self._fixed_states())
        self._look = self._look or sensors.trace(*given)
        found = self._look(*given)
        entering, varying = found[-2:]
        numbers = iter(found)
        loss = next(numbers)
        squares = {weight.path: 2 * next(numbers) for weight in sensors.weights}
        layers = []
        for site in self.sites:
            layer: Measures = {"layer": site.layer.name}
            if site.weights:
                layer["gradient"] = rounded(math.sqrt(sum(squares[weight.path] for weight in site.weights)))
            layer["spread"] = rounded(math.sqrt(2 * next(numbers) / (self._rows * site.size)))
            layer |= {name: rounded(next(numbers)) for name in sensors.shares_of(site)}
            if site.layer.name == sensors.output:
                layer["variation"] = rounded(math.sqrt(varying / entering)) if entering else 0.0
            layers.append(layer)
        return {"loss": rounded(loss), "gradient_ratio": self._gradient_ratio(layers), "layers": layers}

    def _fixed_states(self) -> list[Any]:
        """The non-trainable variables as they are, with the same random state for each measurement."""
        return [
            tf.constant(probe_words(self._seed, position), variable.dtype)
            if variable.name == "seed_generator_state"
            else tf.convert_to_tensor(variable.value)
            for position, variable in enumerate(self._sensors.states)
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


def _losses(loss: keras.losses.Loss, targets: Any, outputs: Any) -> Any:
    """The loss of each example, (batch,), or of each of an ensemble's members, (batch, members)."""
    if len(outputs.shape) == 3:
        targets = tf.repeat(targets[:, None], outputs.shape[1], axis=1)
    return loss.call(targets, outputs)


def _deviations(values: Any) -> Any:
    """Half the sum of the squared differences from the mean of the examples."""
    return tf.nn.l2_loss(values - tf.reduce_mean(values, axis=0))


def _dead(output: Any) -> Any:
    """Of the units (the last axis) the share that is zero for all examples and places."""
    largest = tf.reduce_max(output, axis=list(range(len(output.shape) - 1)))
    return tf.reduce_mean(tf.cast(largest <= 0, tf.float32))


def _saturated(output: Any, activation: str) -> Any:
    slopes = 4 * output * (1 - output) if activation == "sigmoid" else 1 - tf.square(output)
    return tf.reduce_mean(tf.cast(slopes < FLAT, tf.float32))
