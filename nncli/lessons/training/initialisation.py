"""How the first weights decide whether signals and gradients survive a deep network.

Glorot and Bengio (2010) for tanh, He et al. (2015) for relu: the variance that keeps the spread of a layer's outputs.
"""

from collections.abc import Callable, Sequence

import numpy as np

from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import Lesson, choose, show_number, show_tiny, tabulate

TITLE = "why weights start random, and how large"
VALUES = {"layers": 10, "units": 64, "rows": 64, "small": 0.01, "large": 1.0, "seed": 1}
LIMITS = {
    "layers": (2, 100),
    "units": (2, 512),
    "rows": (2, 2000),
    "small": (1e-9, 10.0),
    "large": (1e-9, 10.0),
    "seed": (0, 2**31),
}
Initializer = Callable[[np.random.Generator, int], np.ndarray]


def initializers(small: float, large: float) -> dict[str, Initializer]:
    """Name -> a function that draws a square matrix of weights of that many units."""
    return {
        "zeros": lambda generator, units: np.zeros((units, units)),
        f"normal {show_number(small)}": lambda generator, units: generator.normal(0, small, (units, units)),
        f"normal {show_number(large)}": lambda generator, units: generator.normal(0, large, (units, units)),
        "glorot_uniform": lambda generator, units: generator.uniform(
            -np.sqrt(6 / (2 * units)), np.sqrt(6 / (2 * units)), (units, units)
        ),
        "he_normal": lambda generator, units: generator.normal(0, np.sqrt(2 / units), (units, units)),
    }


def follow(inputs: np.ndarray, weights: Sequence[np.ndarray], seed: int) -> tuple[list[float], list[float]]:
    """Root mean square of each relu layer's outputs, and of the gradient at each layer's inputs, first layer first.

    The gradient that enters the last layer is normal noise of standard deviation 1.
    """
    outputs, active = [inputs], []
    for matrix in weights:
        z = outputs[-1] @ matrix
        active.append(z > 0)
        outputs.append(np.where(active[-1], z, 0.0))
    gradient = np.random.default_rng(seed).normal(size=outputs[-1].shape)
    gradients = []
    for matrix, on in zip(reversed(weights), reversed(active), strict=True):
        gradient = (gradient * on) @ matrix.T
        gradients.append(_size(gradient))
    return [_size(each) for each in outputs[1:]], gradients[::-1]


def _size(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def teach_initialisation(assignments: Sequence[str] = ()) -> Lesson:
    """Signals through deep relu networks; `assignments` change layers, units, rows, small, large or seed."""
    v = choose(VALUES, assignments, LIMITS)
    inputs = np.random.default_rng(v["seed"]).normal(size=(v["rows"], v["units"]))
    signals, gradients = {}, {}
    with np.errstate(over="ignore", invalid="ignore"):
        for name, draw in initializers(v["small"], v["large"]).items():
            generator = np.random.default_rng(v["seed"] + 1)
            weights = [draw(generator, v["units"]) for _ in range(v["layers"])]
            signals[name], gradients[name] = follow(inputs, weights, v["seed"] + 2)
    twins = count_different(inputs, np.full((v["units"], v["units"]), 0.1))
    shown = sorted({0, v["layers"] // 2 - 1, v["layers"] - 1} - {-1})
    n = show_tiny
    rows = [
        [name, *(n(signals[name][layer]) for layer in shown), n(gradients[name][0]), _verdict(signals[name])]
        for name in signals
    ]
    head = ["weights", *(f"layer {layer + 1}" for layer in shown), "gradient at 1", ""]
    text = "\n".join(
        [
            f"{v['layers']} relu layers of {v['units']} units, inputs of size 1 (root mean square). How large are",
            "the outputs of a layer, and the gradient that comes back to the first?",
            *tabulate(head, rows),
            "",
            f"- Equal weights: the {v['units']} neurons of a layer have {twins} distinct output,",
            "  and as many gradients: they stay equal. So weights must start random.",
            "  (Biases may start at 0, and do.)",
            "- Too small, and each layer shrinks the signal; too large, and it explodes.",
            "- A sum of n products has n times their variance. glorot_uniform, Keras's",
            "  default, has variance 2/(inputs + outputs); he_normal 2/inputs, which makes up",
            "  for the half that relu cuts off, and keeps the size over many layers.",
        ]
    )
    numbers = v | {"signals": signals, "gradients_at_inputs": gradients, "different_neurons_of_equal_weights": twins}
    return Lesson("initialisation", TITLE, text, numbers, _draw(signals, gradients))


def count_different(inputs: np.ndarray, weights: np.ndarray) -> int:
    """How many neurons of a layer differ from all others in what they compute."""
    outputs = np.round(np.maximum(inputs @ weights, 0.0), 9)
    return len({column.tobytes() for column in outputs.T})


def _verdict(sizes: Sequence[float]) -> str:
    last = sizes[-1]
    if last == 0:
        return "nothing arrives"
    if last < 0.1:
        return "vanishes"
    return "explodes" if last > 10 or not np.isfinite(last) else "arrives"


def _draw(signals: dict[str, list[float]], gradients: dict[str, list[float]]) -> Drawing:
    """The sizes over the layers on a logarithmic axis, without those that are 0 everywhere."""
    panels = []
    for title, sizes in (("size of the outputs", signals), ("size of the gradient", gradients)):
        lines = tuple(Line(name, np.arange(1, len(each) + 1), each) for name, each in sizes.items() if np.min(each) > 0)
        panels.append(Curves(f"{title} of each layer", "layer", lines, title, log_y=True, whole_x=True))
    return Drawing("Initial weights of a deep relu network", tuple(panels), sketch_height=9)
