"""Logistic regression: its loss, both update rules, and one step of gradient descent by hand."""

from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import ABOVE_ZERO, Lesson, align, choose, show_number, show_term
from nncli.lessons.neurons.functions import sigmoid

TITLE = "logistic regression: loss, update rules, one step by hand"
VALUES = {"w": 0.5, "x": 2.0, "b": -2.0, "y": 1.0, "learning_rate": 0.5}
LIMITS = {"y": (0.0, 1.0), "learning_rate": ABOVE_ZERO, **dict.fromkeys("wxb", (-1e6, 1e6))}


def loss_of(z: np.ndarray | float, y: float) -> np.ndarray:
    """-y·log a - (1 - y)·log(1 - a) for a = sigmoid(z), from z: log(1 + eᶻ) - y·z, which does not overflow."""
    return np.asarray(np.logaddexp(0.0, z) - y * np.asarray(z))


def teach_logistic(assignments: Sequence[str] = ()) -> Lesson:
    """One example, one step; `assignments` change w, x, b, y (0 or 1) or learning_rate. Raises UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    if v["y"] not in (0.0, 1.0):
        raise UsageError(f"y = {v['y']:g}: expected 0 or 1", hint="y is the class of the example: no or yes")
    w, x, b, y, rate = (v[name] for name in VALUES)
    z = w * x + b
    a = float(sigmoid(z))
    error = a - y
    new_w, new_b = w - rate * error * x, b - rate * error
    new_z = new_w * x + new_b
    before, after = float(loss_of(z, y)), float(loss_of(new_z, y))
    n, t = show_number, show_term
    step = [
        ["z", "w·x + b", f"{t(w)} · {t(x)} + {t(b)}", n(z)],
        ["a", "1 / (1 + e⁻ᶻ)", f"1 / (1 + e^{t(-z)})", n(a)],
        ["L", "−log a" if y else "−log(1 − a)", f"−log {n(a if y else 1 - a)}", n(before)],
        ["∂L/∂z", "a − y", f"{n(a)} − {n(y)}", n(error)],
        ["w", "w − α·(a − y)·x", f"{t(w)} − {n(rate)} · {t(error)} · {t(x)}", n(new_w)],
        ["b", "b − α·(a − y)", f"{t(b)} − {n(rate)} · {t(error)}", n(new_b)],
    ]
    with np.errstate(over="ignore", divide="ignore"):
        slipped = float(np.divide(1.0, 1.0 - np.exp(-z)))
    text = "\n".join(
        [
            "A neuron with a sigmoid gives the probability that the answer is yes (y = 1):",
            "  a = 1 / (1 + e⁻ᶻ)   z = w·x + b   L = −y·log a − (1 − y)·log(1 − a)",
            "Only one term of L is left: −log a where y = 1, −log(1 − a) where y = 0.",
            "The update rules of gradient descent, with the learning rate α:",
            "  w := w − α · (a − y) · x      b := b − α · (a − y)",
            "",
            "One step by hand, on one example:",
            *align(step),
            f"Afterwards z = {n(new_z)}, a = {n(float(sigmoid(new_z)))}, and the loss went from {n(before)} "
            f"to {n(after)}.",
            "",
            "A slide prints the function once with a minus, 1 / (1 − e⁻ᶻ); that would give",
            f"{n(slipped)} here, which is no probability. It is a plus.",
        ]
    )
    numbers = v | {"z": z, "a": a, "loss": before, "error": error, "gradient": {"w": error * x, "b": error}}
    numbers |= {"new": {"w": new_w, "b": new_b, "z": new_z, "a": float(sigmoid(new_z)), "loss": after}}
    return Lesson("logistic", TITLE, text, numbers | {"with_a_minus": slipped}, _draw(y, (z, before), (new_z, after)))


def _draw(y: float, before: tuple[float, float], after: tuple[float, float]) -> Drawing:
    """The losses for both answers over z, with the step on the one that counts; the sigmoid beside them."""
    reach = max(4.0, 1.2 * max(abs(before[0]), abs(after[0])))
    z = np.linspace(-reach, reach, 201)
    losses = (Line("y = 1", z, loss_of(z, 1.0)), Line("y = 0", z, loss_of(z, 0.0)))
    step = Line(f"the step (y = {y:g})", [before[0], after[0]], [before[1], after[1]], "path")
    panels = (
        Curves("loss over z", "z = w·x + b", (step, *losses), "L"),
        Curves("a over z", "z = w·x + b", (Line("sigmoid", z, sigmoid(z)),), "a"),
    )
    return Drawing("Logistic regression", panels, sketch_height=9)
