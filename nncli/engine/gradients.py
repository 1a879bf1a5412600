"""Gradients by back-propagation against central differences in float64.

The method follows the CS231n notes on gradient checks (cs231n.github.io/neural-networks-3/#gradcheck) and Goodfellow,
Bengio and Courville, Deep Learning (2016), section 11.5: the cost is evaluated at w + h and w - h, all else unchanged,
and (J(w + h) - J(w - h)) / 2h is compared with the gradient of that weight from back-propagation.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays
from nncli.engine.randomness import seed_layers, seed_states

# Tried in this order until one agrees clearly. The first is near the optimum for a smooth cost of order 1 (the cube
# root of float64's precision); larger ones separate small gradients from rounding errors, smaller ones avoid kinks.
STEPS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-6, 1e-7)

# Below this fraction of the tolerance, an error is so small that no other step is tried.
_PLAINLY = 0.01

# Gradients below this fraction of the cost count as zero: rounding in the cost hides them at every step size.
TINY = 1e-7

# A layer draws random numbers if one of these options is not 0.
_RANDOM_OPTIONS = ("rate", "dropout", "recurrent_dropout", "stddev")

AUGMENTATIONS = (
    keras.layers.RandomFlip,
    keras.layers.RandomTranslation,
    keras.layers.RandomRotation,
    keras.layers.RandomZoom,
)

# Weights are perturbed with normal noise of this standard deviation before they are checked.
NUDGE = 0.05


@dataclass(frozen=True)
class WeightGradients:
    """The result for one weight array.

    `checked` is the number of entries compared; `kinks` is how many more were skipped because the cost is not
    differentiable near them. `error` is the largest relative error of those compared, None if there were none; `entry`,
    `analytic` and `numeric` are the index and the two gradients where it occurred.
    """

    path: str
    shape: tuple[int, ...]
    checked: int
    kinks: int
    error: float | None
    entry: tuple[int, ...] | None
    analytic: float | None
    numeric: float | None


@dataclass(frozen=True)
class Difference:
    """Central differences at one weight: the estimate, its relative error, and a measure of non-smoothness."""

    numeric: float
    error: float
    bend: float


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    """Models and losses created in the body compute in float64; the previous settings are restored afterwards."""
    number_type, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(number_type)
        keras.config.set_dtype_policy(policy)


def check_gradients(
    model: keras.Model,
    loss: keras.losses.Loss,
    batch: Arrays,
    *,
    samples: int,
    tolerance: float,
    seed: int,
    progress: Callable[[str, float], None] = lambda what, fraction: None,
) -> list[WeightGradients]:
    """Checks the gradients of every trainable weight array of a model in `samples` entries each (all if fewer).

    Model and loss must have been created within `double_precision`. The weights are perturbed first, as a bias of
    exactly 0 puts each relu with an all-zero input on its kink; do not use the model afterwards. Batch normalization
    uses the statistics of the batch, as in training; dropout draws the same numbers each time the cost is evaluated;
    augmentation is switched off.

    The relative error is |a - n| / max(|a|, |n|, tiny), where a is the analytic and n the numeric gradient and tiny is
    TINY times the cost (at least TINY); the smallest error over all steps counts. An entry whose error exceeds
    `tolerance` at every step is skipped as a kink if the differences themselves indicate one nearby: see `_kink_error`.
    """
    generator = np.random.default_rng(seed)
    model = without_augmentation(model)
    for weight in model.trainable_weights:
        weight.assign_add(generator.normal(0.0, NUDGE, weight.shape))
    cost = Cost(model, loss, batch, seed)
    found = []
    for position, (weight, analytic) in enumerate(zip(model.trainable_weights, cost.gradients(), strict=True)):
        progress("comparing gradients", position / len(model.trainable_weights))
        gradients = analytic.reshape(-1)
        found.append(_check_weight(weight, gradients, choose_entries(gradients, samples, generator), cost, tolerance))
    return found


def mean_loss(loss: keras.losses.Loss, targets: Any, outputs: Any, weights: Any = None) -> Any:
    """The loss of a batch, a scalar; of an ensemble's members (batch, members, outputs), each has its own."""
    if len(outputs.shape) == 3:
        targets = tf.repeat(targets[:, None], outputs.shape[1], axis=1)
        weights = None if weights is None else tf.repeat(weights[:, None], outputs.shape[1], axis=1)
    return loss(targets, outputs, weights)


def random_layers(model: keras.Model) -> list[str]:
    """The names of the layers that apply dropout or noise during training."""
    states = {id(state) for state in seed_states(model)}
    drawing = [layer for layer in model.layers if states.intersection(map(id, layer.variables))]
    return [layer.name for layer in drawing if any(layer.get_config().get(key) for key in _RANDOM_OPTIONS)]


def augmentations(model: keras.Model) -> list[str]:
    """The names of the layers that augment images during training."""
    return [layer.name for layer in model.layers if isinstance(layer, AUGMENTATIONS)]


def without_augmentation(model: keras.Model) -> keras.Model:
    """The same layers and weights without augmentation, which Keras computes in float32 at best."""
    if not augmentations(model):
        return model

    def choose(layer: Any) -> Any:
        return keras.layers.Identity(name=layer.name) if isinstance(layer, AUGMENTATIONS) else layer

    return keras.models.clone_model(model, clone_function=choose)


def choose_entries(gradients: np.ndarray, samples: int, generator: np.random.Generator) -> np.ndarray:
    """At most `samples` entries, half with a nonzero gradient if possible: weights of border pixels often have none."""
    order = generator.permutation(len(gradients))
    alive = order[gradients[order] != 0][: -(-samples // 2)]
    rest = order[~np.isin(order, alive)][: samples - len(alive)]
    return np.sort(np.concatenate([alive, rest]))


class Cost:
    """The mean loss of a batch plus regularization penalties, as a function of the model's weights."""

    def __init__(
        self, model: keras.Model, loss: keras.losses.Loss, batch: Arrays, seed: int, *, training: bool = True
    ) -> None:
        """Without `training`, dropout does nothing and batch normalization uses its moving averages."""
        inputs = {name: tf.convert_to_tensor(array) for name, array in batch.inputs.items()}
        targets = tf.convert_to_tensor(batch.targets)
        seed_layers(model, seed, 0)
        seeds = [(state, tf.convert_to_tensor(state)) for state in seed_states(model)]

        def measure() -> Any:
            for state, start in seeds:
                state.assign(start)
            outputs = model(inputs, training=training)
            return tf.add_n([mean_loss(loss, targets, outputs, batch.weights), *model.losses])

        def differentiate() -> Any:
            with tf.GradientTape() as tape:
                value = measure()
            weights = [weight.value for weight in model.trainable_weights]
            gradients = tape.gradient(value, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return [tf.convert_to_tensor(gradient) for gradient in gradients]  # an embedding's comes as slices

        self._measure, self._differentiate = tf.function(measure), tf.function(differentiate)

    def __call__(self) -> float:
        """The cost at the current weights."""
        return float(self._measure())

    def gradients(self) -> list[np.ndarray]:
        """The gradients by back-propagation, one array for each trainable weight."""
        return [gradient.numpy() for gradient in self._differentiate()]


def _check_weight(
    weight: Any, analytic: np.ndarray, entries: np.ndarray, cost: Cost, tolerance: float
) -> WeightGradients:
    start = np.array(weight.numpy())
    centre = cost()
    kinks = 0
    worst: tuple[float, int, float] | None = None
    for entry in entries:
        best = find_difference(Line(weight, start, int(entry), cost, centre), float(analytic[entry]), tolerance)
        if best.error > tolerance and best.bend > abs(best.numeric - analytic[entry]) / 4:
            kinks += 1
        elif worst is None or not best.error <= worst[0]:
            worst = (best.error, int(entry), best.numeric)
    weight.assign(start)
    checked = len(entries) - kinks
    if worst is None:
        return WeightGradients(weight.path, tuple(weight.shape), checked, kinks, None, None, None, None)
    error, entry, numeric = worst
    index = tuple(map(int, np.unravel_index(entry, start.shape)))
    return WeightGradients(
        weight.path, tuple(weight.shape), checked, kinks, error, index, float(analytic[entry]), numeric
    )


class Line:
    """The cost as a function of one weight, all others fixed."""

    def __init__(self, weight: Any, start: np.ndarray, entry: int, cost: Cost, centre: float) -> None:
        self._weight, self._start, self._entry, self._cost = weight, start, entry, cost
        self.centre = centre

    def __call__(self, offset: float) -> float:
        """The cost with the weight moved by `offset`."""
        moved = self._start.copy()
        moved.reshape(-1)[self._entry] += offset
        self._weight.assign(moved)
        return self._cost()


def find_difference(line: Line, analytic: float, tolerance: float) -> Difference:
    """The step with the smallest error; stops at the first that agrees clearly."""
    tried = []
    for step in STEPS:
        above, below = line(step), line(-step)
        numeric = (above - below) / (2 * step)
        size = max(abs(analytic), abs(numeric), TINY * max(1.0, abs(line.centre)))
        error = abs(analytic - numeric) / size
        tried.append((error, numeric, step, above, below))
        if error <= tolerance * _PLAINLY:
            break
    error, numeric, step, above, below = min(tried)
    return Difference(numeric, error, _kink_error(line, step, above, below) if error > tolerance else 0.0)


def _kink_error(line: Line, step: float, above: float, below: float) -> float:
    """How much of a central difference may be due to a kink of the cost within the step.

    The cost is also evaluated at half the step. Where it is smooth, the central difference stays the same (up to h²)
    and the difference of the two one-sided slopes halves. With one kink between w - h and w + h, at least one of these
    fails by at least half of the error that the kink causes.
    """
    half = step / 2
    nearer_above, nearer_below = line(half), line(-half)
    central = (above - below) / (2 * step) - (nearer_above - nearer_below) / step
    jump = (above - 2 * line.centre + below) / step
    nearer_jump = (nearer_above - 2 * line.centre + nearer_below) / half
    return abs(central) + abs(jump - 2 * nearer_jump)
