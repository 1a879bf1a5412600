"""Why inputs are scaled: the same neuron on two columns as they are, and with mean 0 and standard deviation 1."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.sections import Data
from nncli.data.bundled import load_bundled
from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line, Panel, Surface
from nncli.lessons.lesson import Lesson, choose, show_number, tabulate

TITLE = "why inputs are scaled: a ravine becomes a bowl"
VALUES = {"columns": (0.0, 4.0), "steps": 50}
LIMITS = {"columns": (0, 29), "steps": (2, 2000)}
_SHOWN_STEPS = (0, 1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


@dataclass(frozen=True)
class Descent:
    """Gradient descent with the best learning rate of a quadratic cost, 2 / (smallest + largest curvature)."""

    curvatures: np.ndarray
    rate: float
    lowest: np.ndarray
    path: np.ndarray
    excess: np.ndarray

    @property
    def condition(self) -> float:
        """The largest curvature over the smallest."""
        return float(self.curvatures[-1] / self.curvatures[0])


def descend(x: np.ndarray, y: np.ndarray, steps: int) -> Descent:
    """A linear neuron with J = mean((x·w - y)²) / 2 from w = 0; `excess` is J less its minimum, over that at start."""
    second, first = x.T @ x / len(x), x.T @ y / len(x)
    curvatures = np.linalg.eigvalsh(second)
    rate = 2 / float(curvatures[0] + curvatures[-1])
    lowest = np.linalg.solve(second, first)
    path = [np.zeros(x.shape[1])]
    for _ in range(steps):
        path.append(path[-1] - rate * (second @ path[-1] - first))
    away = np.array(path) - lowest
    excess = np.einsum("ij,jk,ik->i", away, second, away) / 2
    return Descent(curvatures, rate, lowest, np.array(path), excess / excess[0])


def load_columns(places: Sequence[int]) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Names, values (rows, 2) and target (rows,), centred, of the training part of breast_cancer."""
    dataset = load_bundled(Data(source="breast_cancer"), seed=1)
    names = tuple(column for column in dataset.facts.inputs.columns)  # type: ignore[union-attr]
    values = dataset.train.inputs["numbers"][:, list(places)].astype(np.float64)
    target = dataset.train.targets[:, 0].astype(np.float64)
    return tuple(names[place] for place in places), values, target - target.mean()


def teach_normalisation(assignments: Sequence[str] = ()) -> Lesson:
    """Both descents; `assignments` change columns (two of 0 to 29) or steps. Raises UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    if len(v["columns"]) != 2 or len(set(v["columns"])) != 2 or not all(each.is_integer() for each in v["columns"]):
        raise UsageError("columns: expected two different whole numbers from 0 to 29", hint="--set columns=0,4")
    names, values, y = load_columns([int(each) for each in v["columns"]])
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    raw, scaled = (descend(x, y, v["steps"]) for x in (values - mean, (values - mean) / deviation))
    n = show_number
    shown = [step for step in _SHOWN_STEPS if step <= v["steps"]][-4::3]
    statistics = [
        [name, *map(n, (values[:, place].min(), values[:, place].max(), mean[place], deviation[place]))]
        for place, name in enumerate(names)
    ]
    table = [
        [name, *(f"{n(each.curvatures[place])}" for place in (0, 1)), n(each.condition), n(each.rate)]
        + [_percent(each.excess[step]) for step in shown]
        for name, each in (("as it is", raw), ("scaled", scaled))
    ]
    needed = [_steps_needed(each) for each in (raw, scaled)]
    text = "\n".join(
        [
            "Two columns of breast_cancer, one neuron that tells malignant from benign:",
            *tabulate(["column", "smallest", "largest", "mean", "deviation"], statistics),
            "",
            "The cost is a valley. Its curvatures along its two axes, their ratio, the best",
            f"learning rate α, and how much of the way down is left after {' and '.join(map(str, shown))} steps:",
            *tabulate(["input", "flat", "steep", "ratio", "α", *(f"{step}" for step in shown)], table),
            f"1 % is left after about {needed[0]:,} steps as it is, and {needed[1]:,} scaled.",
            "",
            "One learning rate has to suit all weights: the steep direction limits it, and",
            "along the flat one nothing moves. Scaling, x := (x − mean) / deviation, makes",
            "both alike. Only the training set may supply mean and deviation; nncli keeps",
            "them in the model, so that a prediction scales its rows the same way.",
        ]
    )
    numbers = v | {"names": list(names), "mean": mean.tolist(), "deviation": deviation.tolist()}
    for name, each, steps in (("raw", raw, needed[0]), ("scaled", scaled, needed[1])):
        numbers[name] = {
            "curvatures": each.curvatures.tolist(),
            "ratio": each.condition,
            "learning_rate": each.rate,
            "lowest": each.lowest.tolist(),
            "left": each.excess.tolist(),
            "steps_to_one_percent": steps,
        }
    return Lesson("normalisation", TITLE, text, numbers, _draw(raw, scaled, values - mean, y, deviation))


def _percent(share: float) -> str:
    return "< 0.01 %" if share < 1e-4 else f"{100 * share:.3g} %"


def _steps_needed(descent: Descent) -> int:
    """Steps until at most 1 % is left in the slowest direction: its distance shrinks by (κ - 1) / (κ + 1) a step."""
    shrink = (descent.condition - 1) / (descent.condition + 1)
    return int(np.ceil(np.log(0.01) / (2 * np.log(shrink)))) if shrink > 0 else 1


def _draw(raw: Descent, scaled: Descent, x: np.ndarray, y: np.ndarray, deviation: np.ndarray) -> Drawing:
    """Both surfaces over the same range of both weights, with their paths, and what is left after each step."""
    panels: list[Panel] = []
    for name, each, inputs in (("as it is", raw, x), ("scaled", scaled, x / deviation)):
        reach = 1.5 * float(np.abs(each.lowest).max())
        grid = np.linspace(-reach, reach, 121)
        weights = np.stack(np.meshgrid(grid, grid), axis=-1)
        second, first = inputs.T @ inputs / len(inputs), inputs.T @ y / len(inputs)
        z = np.einsum("...j,jk,...k->...", weights, second, weights) / 2 - weights @ first
        path = Line("path", each.path[:, 0], each.path[:, 1], "path")
        lowest = Line("lowest", [each.lowest[0]], [each.lowest[1]], "dots")
        panels.append(Surface(f"J over w₁ and w₂, {name}", "w₁", "w₂", grid, grid, z, (lowest, path)))
    steps = np.arange(len(raw.excess))
    lines = (
        Line("as it is", steps, np.where(raw.excess > 1e-14, raw.excess, np.nan)),
        Line("scaled", steps, np.where(scaled.excess > 1e-14, scaled.excess, np.nan)),
    )
    panels.append(Curves("share of the way that is left", "step", lines, "left", log_y=True, whole_x=True))
    return Drawing("Scaling the inputs", tuple(panels), columns=3, sketched=(0, 1), sketch_columns=2, sketch_height=9)
