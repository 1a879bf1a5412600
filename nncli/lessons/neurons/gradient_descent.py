"""Gradient descent on the cost of one linear neuron: the path for several learning rates, and where it diverges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line, Surface
from nncli.lessons.lesson import ABOVE_ZERO, Lesson, choose, show_list, show_number, tabulate

TITLE = "down the cost with several learning rates; one diverges"
VALUES = {
    "learning_rate": (0.02, 0.2, 0.45, 0.5),
    "w": -1.5,
    "b": 3.0,
    "x": (0.0, 1.0, 2.0, 3.0),
    "y": (1.2, 2.7, 5.3, 6.8),
    "steps": 20,
}
LIMITS = {"learning_rate": ABOVE_ZERO, "steps": (1, 1000), **dict.fromkeys("wbxy", (-1000.0, 1000.0))}
_MOST_RATES = 5
_SHOWN_STEPS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class Examples:
    """The inputs and targets of a linear neuron with the cost J(w, b) = mean((w·x + b - y)²) / 2."""

    x: np.ndarray
    y: np.ndarray

    def cost(self, w: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
        """J for each pair of w and b."""
        errors = np.multiply.outer(w, self.x) + np.asarray(b)[..., None] - self.y
        return np.asarray((errors**2).mean(axis=-1) / 2)

    def gradient(self, w: float, b: float) -> tuple[float, float]:
        """∂J/∂w and ∂J/∂b: the means of error·x and of the error."""
        errors = w * self.x + b - self.y
        return float((errors * self.x).mean()), float(errors.mean())

    def curvatures(self) -> np.ndarray:
        """The eigenvalues of the second derivatives of J, the smallest first."""
        mean = float(self.x.mean())
        return np.asarray(np.linalg.eigvalsh([[float((self.x**2).mean()), mean], [mean, 1.0]]))


def descend(examples: Examples, start: tuple[float, float], rate: float, steps: int) -> np.ndarray:
    """(w, b) before the first step and after each, float64 (steps + 1, 2)."""
    path = [start]
    for _ in range(steps):
        w, b = path[-1]
        slope_w, slope_b = examples.gradient(w, b)
        path.append((w - rate * slope_w, b - rate * slope_b))
    return np.array(path)


def teach_gradient_descent(assignments: Sequence[str] = ()) -> Lesson:
    """The paths; `assignments` change learning_rate (several), w and b of the start, x and y, or steps.

    Raises UsageError.
    """
    v = choose(VALUES, assignments, LIMITS)
    if len(v["x"]) != len(v["y"]) or len(v["x"]) < 2 or len(set(v["x"])) < 2:
        raise UsageError(
            f"got {len(v['x'])} x and {len(v['y'])} y; expected as many of each, and two different x",
            hint="set both x and y",
        )
    if len(v["learning_rate"]) > _MOST_RATES:
        raise UsageError(f"got {len(v['learning_rate'])} learning rates; at most {_MOST_RATES} fit on the screen")
    examples = Examples(np.array(v["x"]), np.array(v["y"]))
    start, rates = (v["w"], v["b"]), v["learning_rate"]
    with np.errstate(over="ignore", invalid="ignore"):
        paths = [descend(examples, start, rate, v["steps"]) for rate in rates]
        costs = [examples.cost(path[:, 0], path[:, 1]) for path in paths]
    lowest = np.linalg.lstsq(np.stack([examples.x, np.ones_like(examples.x)], axis=1), examples.y, rcond=None)[0]
    limit = 2 / float(examples.curvatures()[-1])
    text = "\n".join(_text_lines(v, examples, paths, costs, lowest, limit))
    numbers = v | {
        "lowest": {"w": float(lowest[0]), "b": float(lowest[1]), "cost": float(examples.cost(*lowest))},
        "largest_learning_rate": limit,
        "paths": [
            {"learning_rate": rate, "w": path[:, 0].tolist(), "b": path[:, 1].tolist(), "cost": cost.tolist()}
            for rate, path, cost in zip(rates, paths, costs, strict=True)
        ],
    }
    return Lesson("gradient-descent", TITLE, text, numbers, _draw(rates, examples, paths, costs, lowest))


def _text_lines(
    v: dict[str, Sequence[float]],
    examples: Examples,
    paths: Sequence[np.ndarray],
    costs: Sequence[np.ndarray],
    lowest: np.ndarray,
    limit: float,
) -> list[str]:
    n = show_number
    rates = v["learning_rate"]
    steps = [step for step in _SHOWN_STEPS if step < len(costs[0])][-6:]
    rows = [[f"J after {step}", *(n(cost[step]) for cost in costs)] for step in steps]
    rows.append(["", *("diverges" if rate > limit else "converges" for rate in rates)])
    (w, b), (new_w, new_b) = paths[0][:2]
    slope_w, slope_b = examples.gradient(w, b)
    return [
        "One linear neuron, a = w·x + b, with the squared error. A step goes downhill:",
        "  J(w, b) = ((a₁ − y₁)² + ... + (aₘ − yₘ)²) / 2m      w := w − α · ∂J/∂w",
        f"x = {show_list(v['x'])}   y = {show_list(v['y'])}",
        "",
        f"The first step with α = {n(rates[0])}:",
        f"  w: {n(w)} − {n(rates[0])} · ({n(slope_w)}) = {n(new_w)}      "
        f"b: {n(b)} − {n(rates[0])} · ({n(slope_b)}) = {n(new_b)}",
        "",
        *tabulate(["learning rate α", *map(n, rates)], rows),
        f"The lowest point is w = {n(lowest[0])}, b = {n(lowest[1])}. Above α = {n(limit)} (2 / the largest",
        "curvature of J) each step overshoots further than the last.",
        "In a network the same is repeated for every neuron of every layer.",
    ]


def _draw(
    rates: Sequence[float],
    examples: Examples,
    paths: Sequence[np.ndarray],
    costs: Sequence[np.ndarray],
    lowest: np.ndarray,
) -> Drawing:
    """The surface around the lowest point with the paths that stay on it, and the cost over the steps."""
    staying = [path for path, cost in zip(paths, costs, strict=True) if cost[-1] <= cost[0]] or [paths[0][:1]]
    away = np.abs(np.concatenate(staying) - lowest).max(axis=0)
    reach = 1.15 * np.maximum(away, 0.2 * away.max() + 1e-3)
    w = np.linspace(lowest[0] - reach[0], lowest[0] + reach[0], 121)
    b = np.linspace(lowest[1] - reach[1], lowest[1] + reach[1], 121)
    z = examples.cost(*np.meshgrid(w, b))
    names = [f"α = {show_number(rate)}" for rate in rates]
    lines = tuple(
        Line(name, *_until_outside(path, lowest, reach), "path") for name, path in zip(names, paths, strict=True)
    )
    curves = tuple(
        Line(name, np.arange(len(cost)), np.maximum(cost, 1e-12)) for name, cost in zip(names, costs, strict=True)
    )
    panels = (
        Surface("J over w and b", "w", "b", w, b, z, lines),
        Curves("J after each step", "step", curves, "J", log_y=True, whole_x=True),
    )
    return Drawing("Gradient descent", panels, sketch_height=11)


def _until_outside(path: np.ndarray, lowest: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The path as far as it stays on the drawn part of the surface, and its first step outside."""
    outside = np.flatnonzero(~(np.abs(path - lowest) <= reach).all(axis=1))
    end = outside[0] + 1 if len(outside) else len(path)
    return path[:end, 0], path[:end, 1]
