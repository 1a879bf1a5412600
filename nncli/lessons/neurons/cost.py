"""The cost J: the mean of the losses of all examples, as a function of a weight."""

from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import Lesson, choose, show_number, show_term, tabulate
from nncli.lessons.neurons.functions import sigmoid
from nncli.lessons.neurons.logistic import loss_of

TITLE = "J is the mean of the losses; training minimizes it"
VALUES = {"w": 0.2, "b": 0.0, "x": (-1.5, -1.0, 0.5, 1.0, 2.0), "y": (0.0, 0.0, 1.0, 0.0, 1.0)}
LIMITS = {"y": (0.0, 1.0), "w": (-100.0, 100.0), "b": (-100.0, 100.0), "x": (-1000.0, 1000.0)}
_MOST_EXAMPLES = 6


def teach_cost(assignments: Sequence[str] = ()) -> Lesson:
    """The cost of a few examples; `assignments` change w, b, or x and y (of equal length). Raises UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    x, y = np.asarray(v["x"]), np.asarray(v["y"])
    if len(x) != len(y) or set(v["y"]) - {0.0, 1.0}:
        raise UsageError(
            f"got {len(x)} x and {len(y)} y; each example has an x, and a y of 0 or 1", hint="set both x and y"
        )
    z = v["w"] * x + v["b"]
    losses = np.array([float(loss_of(one, answer)) for one, answer in zip(z, y, strict=True)])
    cost = float(losses.mean())
    weights = np.linspace(min(-4.0, v["w"] - 1), max(8.0, v["w"] + 1), 601)
    curve = cost_over(weights, v["b"], x, y)
    lowest = int(curve.argmin())
    inside = 0 < lowest < len(weights) - 1
    n = show_number
    rows = [
        [str(place + 1), n(x[place]), n(y[place]), n(z[place]), n(float(sigmoid(z[place]))), n(losses[place])]
        for place in range(min(len(x), _MOST_EXAMPLES))
    ]
    if len(x) > _MOST_EXAMPLES:
        rows.append(["…", *[""] * 5])
    text = "\n".join(
        [
            "Training has three steps: define the model, specify its loss and cost, and",
            "minimize the cost. The loss L judges one example, the cost J all of them:",
            "  J(w, b) = (L₁ + L₂ + ... + Lₘ) / m",
            f"One neuron with a sigmoid, w = {n(v['w'])} and b = {n(v['b'])}, on m = {len(x)} examples:",
            *tabulate(["example", "x", "y", "z = w·x + b", "a", "loss"], rows),
            f"  J = {_sum(losses)} / {len(x)} = {n(cost)}",
            "",
            f"Along w, with b = {n(v['b'])}, J is lowest at w = {n(weights[lowest])}: J = {n(curve[lowest])}."
            if inside
            else f"Along w, J still falls at the end of the drawing, w = {n(weights[lowest])}: a line separates the\n"
            "classes, and with a larger w the neuron is more certain of each.",
            "There the pulls of the examples cancel: one loss sends w up, another down.",
        ]
    )
    numbers = v | {"z": z.tolist(), "a": sigmoid(z).tolist(), "losses": losses.tolist(), "cost": cost}
    if inside:
        numbers["lowest"] = {"w": float(weights[lowest]), "cost": float(curve[lowest])}
    lines = (Line("here", [v["w"]], [cost], "dots"), Line("J", weights, curve))
    single = tuple(
        Line(f"example {place + 1}", weights, loss_of(weights * x[place] + v["b"], y[place]))
        for place in range(min(len(x), 5))
    )
    panels = (
        Curves("cost over w", "w", lines, "J", (0.0, min(float(curve.max()), 3 * cost + 1))),
        Curves("loss of each example over w", "w", single, "L", (0.0, 4.0)),
    )
    return Lesson("cost", TITLE, text, numbers, Drawing("The cost of one neuron", panels, sketch_height=9))


def cost_over(weights: np.ndarray, b: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """J for each weight, float64 (weights,)."""
    return np.asarray(np.mean([loss_of(weights * each + b, answer) for each, answer in zip(x, y, strict=True)], axis=0))


def _sum(losses: np.ndarray) -> str:
    told = " + ".join(show_term(loss) for loss in losses[:_MOST_EXAMPLES])
    return f"({told}{' + ...' if len(losses) > _MOST_EXAMPLES else ''})"
