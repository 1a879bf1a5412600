"""The activations and their slopes: where they learn, where they are saturated or dead, and what depth makes of it."""

from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import Lesson, choose, show_number, show_tiny, tabulate
from nncli.lessons.neurons.functions import ACTIVATIONS

TITLE = "relu, sigmoid, tanh: curves, slopes, dead and flat regions"
VALUES = {"z": (-10.0, -5.0, -1.0, 0.0, 1.0, 5.0, 10.0), "layers": 8, "flat": 0.01}
LIMITS = {"z": (-1e6, 1e6), "layers": (1, 100), "flat": (1e-12, 0.24)}
_MOST_ROWS = 8


def saturation(flat: float) -> tuple[float, float]:
    """The |z| beyond which the slope of sigmoid, and that of tanh, is below `flat`.

    Sigmoid: a·(1 - a) = flat solved for z = log(a / (1 - a)). Tanh: 1 - a² = flat solved for z = artanh a.
    """
    a = (1 + np.sqrt(1 - 4 * flat)) / 2
    return float(np.log(a / (1 - a))), float(np.arctanh(np.sqrt(1 - flat)))


def teach_activations(assignments: Sequence[str] = ()) -> Lesson:
    """Values and slopes; `assignments` change z (several), layers, or the slope that counts as flat. UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    if len(v["z"]) > _MOST_ROWS:
        raise UsageError(f"got {len(v['z'])} values of z; at most {_MOST_ROWS} fit on the screen")
    z = np.array(v["z"])
    values = {name: each.compute(z) for name, each in ACTIVATIONS.items()}
    slopes = {name: each.slope(z) for name, each in ACTIVATIONS.items()}
    sigmoid_flat, tanh_flat = saturation(v["flat"])
    most = 0.25 ** v["layers"]
    names = ("relu", "sigmoid", "tanh")
    head = ["z", *(part for name in names for part in (name, "slope"))]
    rows = [
        [show_number(each), *(show_tiny(float(of[name][place])) for name in names for of in (values, slopes))]
        for place, each in enumerate(z)
    ]
    formulas = [[name, each.formula, each.slope_formula] for name, each in ACTIVATIONS.items()]
    text = "\n".join(
        [
            *tabulate(["activation", "a = g(z)", "slope g'(z)"], formulas, left=3),
            "",
            *tabulate(head, rows, left=0),
            "",
            "Learning multiplies by the slope; where it is 0, nothing is learned.",
            "- relu is dead for z < 0: a neuron that is there for all examples stays there.",
            f"- sigmoid is saturated (slope below {show_tiny(v['flat'])}) for |z| > {show_number(sigmoid_flat)}, "
            f"tanh for |z| > {show_number(tanh_flat)}.",
            f"- Through {v['layers']} layers, slopes of sigmoid leave at most 0.25^{v['layers']} = "
            f"{show_tiny(most)} of",
            "  a gradient, active relus all of it. relu is faster, too: no exponential.",
            "- linear layers alone, however many, compute no more than one of them.",
            "softmax looks at all neurons of its layer at once: `nncli explain softmax`.",
        ]
    )
    numbers = v | {
        "a": {name: each.tolist() for name, each in values.items()},
        "slope": {name: np.asarray(each).tolist() for name, each in slopes.items()},
        "saturated_beyond": {"sigmoid": sigmoid_flat, "tanh": tanh_flat},
        "largest_product_of_slopes": {"sigmoid": most, "relu": 1.0},
    }
    return Lesson("activations", TITLE, text, numbers, _draw(v["flat"]))


def _draw(flat: float) -> Drawing:
    """For each activation its curve and its slope; where the slope is below `flat`, the picture is shaded."""
    edge = 6.0
    grid = np.linspace(-edge, edge, 241)
    sigmoid_flat, tanh_flat = saturation(flat)
    shown: dict[str, tuple[tuple[float, float], tuple[tuple[float, float], ...]]] = {
        "linear": ((-6.2, 6.2), ()),
        "relu": ((-0.5, 3.0), ((-edge, 0.0),)),
        "sigmoid": ((-0.05, 1.05), _tails(sigmoid_flat, edge)),
        "tanh": ((-1.1, 1.1), _tails(tanh_flat, edge)),
    }
    panels = tuple(
        Curves(
            name,
            "z",
            (Line("a", grid, ACTIVATIONS[name].compute(grid)), Line("slope", grid, ACTIVATIONS[name].slope(grid))),
            y_range=limits,
            spans=spans,
        )
        for name, (limits, spans) in shown.items()
    )
    title = f"Activations and their slopes; grey: slope below {show_tiny(flat)}"
    return Drawing(title, panels, sketched=(1, 2, 3), sketch_columns=3, sketch_height=7)


def _tails(flat: float, edge: float) -> tuple[tuple[float, float], ...]:
    """Both ends of the axis from that |z| on."""
    return ((-edge, -flat), (flat, edge)) if flat < edge else ()
