"""Adam step by step for one weight, and its path beside those of SGD and momentum on one surface.

Kingma and Ba, Adam: A Method for Stochastic Optimization (2014), algorithm 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line, Surface
from nncli.lessons.lesson import ABOVE_ZERO, Lesson, choose, show_number, show_tiny, tabulate

TITLE = "m, v and bias correction, beside SGD and momentum"
VALUES = {
    "learning_rate": 0.3,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-7,
    "sgd_learning_rate": 0.04,
    "momentum": 0.9,
    "steep": 30.0,
    "w": (-4.0, 1.0),
    "steps": 40,
}
_SHARE = (0.0, 1.0 - 1e-9)
LIMITS = {
    "learning_rate": ABOVE_ZERO,
    "sgd_learning_rate": ABOVE_ZERO,
    "beta_1": _SHARE,
    "beta_2": _SHARE,
    "momentum": _SHARE,
    "epsilon": (0.0, 1.0),
    "steep": (1e-6, 1e6),
    "w": (-1e6, 1e6),
    "steps": (4, 2000),
}
_SHOWN_STEPS = (0, 1, 5, 10, 20, 40, 100, 200, 500, 1000, 2000)
Gradient = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class AdamStep:
    """One step: the gradient, both means, both corrected, and what was subtracted; float64 (weights,) each."""

    gradient: np.ndarray
    m: np.ndarray
    v: np.ndarray
    corrected_m: np.ndarray
    corrected_v: np.ndarray
    change: np.ndarray


def run_adam(gradient: Gradient, start: np.ndarray, v: dict[str, Any]) -> tuple[np.ndarray, list[AdamStep]]:
    """The weights before the first step and after each, (steps + 1, weights), and the steps."""
    path, steps = [start], []
    m, square = np.zeros_like(start), np.zeros_like(start)
    for t in range(1, v["steps"] + 1):
        g = gradient(path[-1])
        m = v["beta_1"] * m + (1 - v["beta_1"]) * g
        square = v["beta_2"] * square + (1 - v["beta_2"]) * g**2
        corrected_m, corrected_v = m / (1 - v["beta_1"] ** t), square / (1 - v["beta_2"] ** t)
        change = v["learning_rate"] * corrected_m / (np.sqrt(corrected_v) + v["epsilon"])
        steps.append(AdamStep(g, m, square, corrected_m, corrected_v, change))
        path.append(path[-1] - change)
    return np.array(path), steps


def run_sgd(gradient: Gradient, start: np.ndarray, rate: float, momentum: float, steps: int) -> np.ndarray:
    """The weights before the first step and after each: velocity := momentum·velocity - rate·g, as Keras does."""
    path, velocity = [start], np.zeros_like(start)
    for _ in range(steps):
        velocity = momentum * velocity - rate * gradient(path[-1])
        path.append(path[-1] + velocity)
    return np.array(path)


def teach_adam(assignments: Sequence[str] = ()) -> Lesson:
    """Steps and paths; `assignments` change the optimizers' options, steep, the start w, or steps. UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    if len(v["w"]) != 2:
        raise UsageError(f"w has {len(v['w'])} numbers; expected the two weights of the start", hint="--set w=-4,1")
    start, scales = np.array(v["w"]), np.array([1.0, v["steep"]])
    sgd_rate = v["sgd_learning_rate"]
    with np.errstate(over="ignore", invalid="ignore"):
        adam, steps = run_adam(lambda w: scales * w, start, v)
        paths = {
            "SGD": run_sgd(lambda w: scales * w, start, sgd_rate, 0.0, v["steps"]),
            "momentum": run_sgd(lambda w: scales * w, start, sgd_rate, v["momentum"], v["steps"]),
            "Adam": adam,
        }
        costs = {name: (scales * path**2).sum(axis=1) / 2 for name, path in paths.items()}
    text = "\n".join(_text_lines(v, paths, costs, steps))
    numbers = v | {
        "steps_of_w1": [
            {
                "gradient": float(step.gradient[0]),
                "m": float(step.m[0]),
                "v": float(step.v[0]),
                "corrected_m": float(step.corrected_m[0]),
                "corrected_v": float(step.corrected_v[0]),
                "change": float(step.change[0]),
                "w": float(adam[place + 1][0]),
            }
            for place, step in enumerate(steps)
        ],
        "paths": {name: path.tolist() for name, path in paths.items()},
        "costs": {name: cost.tolist() for name, cost in costs.items()},
    }
    return Lesson("adam", TITLE, text, numbers, _draw(scales, start, paths, costs))


def _text_lines(
    v: dict[str, Any], paths: dict[str, np.ndarray], costs: dict[str, np.ndarray], steps: list[AdamStep]
) -> list[str]:
    n = show_number
    rows = [
        [str(place + 1), *(show_tiny(float(each[0])) for each in vars(step).values()), n(paths["Adam"][place + 1][0])]
        for place, step in enumerate(steps[:4])
    ]
    shown = [step for step in _SHOWN_STEPS if step <= v["steps"]][-6:]
    compared = [[name, *(n(cost[step]) for step in shown)] for name, cost in costs.items()]
    first = np.abs(steps[0].change)
    slopes = np.abs(steps[0].gradient)
    return [
        f"J = (w₁² + {n(v['steep'])}·w₂²) / 2 is a valley, steep across and flat along. Adam keeps",
        "a running mean m of each weight's gradient g, and v of its square:",
        "  m := β₁·m + (1 − β₁)·g      m' = m / (1 − β₁ᵗ)",
        "  v := β₂·v + (1 − β₂)·g²     v' = v / (1 − β₂ᵗ)     w := w − α·m' / (√v' + ε)",
        f"α = {n(v['learning_rate'])}, β₁ = {n(v['beta_1'])}, β₂ = {n(v['beta_2'])}; for w₁:",
        *tabulate(["step", "g", "m", "v", "m'", "v'", "change", "w₁"], rows),
        "m and v start at 0 and would be too small at first; m' and v' correct that.",
        f"The first step is about α for any slope but 0: {n(slopes[0])} gives {show_tiny(first[0])}, {n(slopes[1])} "
        f"gives {show_tiny(first[1])}.",
        f"SGD and momentum {n(v['momentum'])} there, with α = {n(v['sgd_learning_rate'])} "
        f"(SGD diverges above {n(2 / max(1.0, v['steep']))}):",
        *tabulate(["J after step", *map(str, shown)], compared),
        "SGD's α has to suit the steepest direction; Adam's suits each. The lecture's",
        "0.001 is Keras's default: a weight then moves by about 0.001 a step at most.",
    ]


def _draw(scales: np.ndarray, start: np.ndarray, paths: dict[str, np.ndarray], costs: dict[str, np.ndarray]) -> Drawing:
    reach = 1.3 * np.maximum(np.abs(start), 0.3 * np.abs(start).max() + 1e-6)
    x, y = np.linspace(-reach[0], reach[0], 121), np.linspace(-reach[1], reach[1], 121)
    grid = np.meshgrid(x, y)
    z = (scales[0] * grid[0] ** 2 + scales[1] * grid[1] ** 2) / 2
    lines = tuple(Line(name, path[:, 0], path[:, 1], "path") for name, path in paths.items())
    curves = tuple(Line(name, np.arange(len(cost)), np.maximum(cost, 1e-12)) for name, cost in costs.items())
    panels = (
        Surface("J over w₁ (across) and w₂", "w₁", "w₂", x, y, z, lines),
        Curves("J after each step", "step", curves, "J", log_y=True, whole_x=True),
    )
    return Drawing("Three optimizers on one surface", panels, sketch_height=7)
